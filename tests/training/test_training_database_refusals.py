"""What the database refuses, whoever asks: raw SQL by `sqlite3` and psycopg, every trick we know of."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import Engine

sys.path.insert(0, str(Path(__file__).parent))

from registered import OTHER, SPLIT, about, registered

from trainer_tui.training.database.verify import verify

Raw = Callable[..., list[tuple[Any, ...]]]
REFUSED = (sqlite3.IntegrityError, psycopg.errors.IntegrityError)

ENTRY = (
    "INTO ml_split_evaluations "
    "(evaluation_id, split_id, part, grant_id, training_run_id, purpose, opened_at, opened_by) VALUES "
)
GRANT = "INTO ml_split_grants (grant_id, split_id, part, reason, granted_by, granted_at) VALUES "


def entry(
    name: str, part: str = "test", grant: str | None = None, split: str = SPLIT, verb: str = "INSERT"
) -> str:
    """SQL that lets a run at a part."""
    by = "NULL" if grant is None else f"'{grant}'"
    return f"{verb} {ENTRY} ('{name}', '{split}', '{part}', {by}, 'm/001-full', 'final', '2026', 'ada')"


def grant(
    name: str, part: str = "test", why: str = "a new sensor", split: str = SPLIT, verb: str = "INSERT"
) -> str:
    """SQL that unlocks a part."""
    return f"{verb} {GRANT} ('{name}', '{split}', '{part}', '{why}', 'ada', '2026')"


@pytest.fixture
def ledger(engine: Engine, raw: Raw) -> Raw:
    """A registered split whose test part was evaluated, and an unlock of it that was used."""
    registered(engine)
    raw(entry("e1"))
    raw(grant("g1"))
    raw(entry("e2", grant="g1"))
    return raw


def state(raw: Raw) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that must not change."""
    tables = ("ml_split_registry", "ml_split_assignments", "ml_split_grants", "ml_split_evaluations")
    return {table: sorted(raw(f"SELECT * FROM {table}"), key=str) for table in tables}


ROW = ", ".join(about())
VALUES = ", ".join(repr(value) for value in about().values())

LEDGER = "UPDATE ml_split_evaluations SET"
PARTS = "UPDATE ml_split_assignments SET"
FORBIDDEN = {
    "a second evaluation": entry("e3"),
    "a second evaluation by the same run, later": entry("e3").replace("'2026'", "'2027'"),
    "the same entry again": entry("e1"),
    "an unknown grant": entry("e3", grant="g9"),
    "a grant twice": entry("e3", grant="g1"),
    "a grant without a name": entry("e3", grant=""),
    "another part's grant": entry("e3", part="holdout", grant="g1"),
    "the holdout": entry("e3", part="holdout"),
    "train rows as a part": entry("e3", part="train"),
    "another spelling of test": entry("e3", part="TEST"),
    "a split that nobody registered": entry("e3", split=OTHER),
    "an entry that begins recorded": "INSERT INTO ml_split_evaluations (evaluation_id, split_id, part, "
    "training_run_id, purpose, opened_at, opened_by, state, metrics_digest, recorded_at) VALUES "
    f"('e3', '{SPLIT}', 'test', 'm', 'f', '2026', 'ada', 'recorded', 'd', '2026')",
    "an entry deleted": "DELETE FROM ml_split_evaluations WHERE evaluation_id = 'e1'",
    "all entries deleted": "DELETE FROM ml_split_evaluations",
    "all grants deleted": "DELETE FROM ml_split_grants",
    "an entry for another run": f"{LEDGER} training_run_id = 'x' WHERE evaluation_id = 'e1'",
    "an entry of another part": f"{LEDGER} part = 'holdout' WHERE evaluation_id = 'e2'",
    "an entry without its grant": f"{LEDGER} grant_id = NULL WHERE evaluation_id = 'e2'",
    "an entry with another grant": f"{LEDGER} grant_id = 'g1' WHERE evaluation_id = 'e1'",
    "an entry of another day": f"{LEDGER} opened_at = '1999' WHERE evaluation_id = 'e1'",
    "a counter lowered": f"{LEDGER} openings = 0 WHERE evaluation_id = 'e1'",
    "a counter that jumps": f"{LEDGER} openings = 9 WHERE evaluation_id = 'e1'",
    "a counter that stays": f"{LEDGER} openings = openings WHERE evaluation_id = 'e1'",
    "recorded without metrics": f"{LEDGER} state = 'recorded' WHERE evaluation_id = 'e1'",
    "a grant for no reason": grant("g2", why=""),
    "a grant for blanks": grant("g2", why=" \t\n "),
    "a grant for train": grant("g2", part="train"),
    "a grant for a split that nobody registered": grant("g2", split=OTHER),
    "a grant by nobody": grant("g2").replace("'ada'", "' '"),
    "another reason": "UPDATE ml_split_grants SET reason = 'better' WHERE grant_id = 'g1'",
    "a grant for the holdout made of one for test": "UPDATE ml_split_grants SET part = 'holdout'",
    "a split deleted": "DELETE FROM ml_split_registry",
    "other ratios": "UPDATE ml_split_registry SET train_ratio = 0.75, test_ratio = 0",
    "other counts": "UPDATE ml_split_registry SET test_rows = 14, train_rows = 61",
    "another id": f"UPDATE ml_split_registry SET split_id = '{OTHER}'",
    "a split registered again": f"INSERT INTO ml_split_registry ({ROW}, rows_kept, groups_kept) "
    f"VALUES ({VALUES}, 2, 2)",
    "a row moved": f"{PARTS} part = 'train' WHERE member = 'r2'",
    "a row renamed": f"{PARTS} member = 'r9' WHERE member = 'r2'",
    "a row given to another split": f"{PARTS} split_id = '{OTHER}' WHERE member = 'r2'",
    "a row in two parts": f"INSERT INTO ml_split_assignments VALUES ('{SPLIT}', 'row', 'r2', 'train')",
    "a patient in two parts": f"INSERT INTO ml_split_assignments VALUES ('{SPLIT}', 'group', 'anna', 'test')",
    "a row more": f"INSERT INTO ml_split_assignments VALUES ('{SPLIT}', 'row', 'r3', 'train')",
    "a row deleted": "DELETE FROM ml_split_assignments WHERE member = 'r2'",
    "statistics of validation rows": "INSERT INTO ml_preprocessing_metadata (training_run_id, "
    "computed_on_split, rows_used, statistics, statistics_digest, recorded_at) "
    "VALUES ('m', 'validation', 5, '{}', 'd', '2026')",
}


def test_the_database_refuses(ledger: Raw) -> None:
    before = state(ledger)
    for what, sql in FORBIDDEN.items():
        assert is_refused(ledger, sql), what
        assert state(ledger) == before, what


def is_refused(raw: Raw, sql: str) -> bool:
    """Whether the database says that a rule or a constraint is broken."""
    try:
        raw(sql)
    except REFUSED:
        return True
    return False


def test_what_is_allowed_happens(ledger: Raw) -> None:
    """The rules refuse nothing that the pipeline does."""
    ledger("UPDATE ml_split_evaluations SET openings = openings + 1 WHERE evaluation_id = 'e1'")
    ledger(
        "UPDATE ml_split_evaluations SET state = 'recorded', metrics_digest = 'd', recorded_at = '2026' "
        "WHERE evaluation_id = 'e1'"
    )
    ledger(grant("g2"))
    ledger(entry("e3", grant="g2"))
    ledger(grant("g3", part="holdout"))
    ledger(entry("e4", part="holdout", grant="g3"))
    found = ledger("SELECT evaluation_id, state, openings FROM ml_split_evaluations ORDER BY 1")
    assert found == [("e1", "recorded", 2), ("e2", "opened", 1), ("e3", "opened", 1), ("e4", "opened", 1)]


AFTER_RECORDING = {
    "recorded again": "SET metrics_digest = 'better'",
    "opened again": "SET state = 'opened', metrics_digest = NULL, recorded_at = NULL",
    "counted after it": "SET openings = openings + 1",
}


def test_what_is_recorded_stays(ledger: Raw) -> None:
    ledger(
        "UPDATE ml_split_evaluations SET state = 'recorded', metrics_digest = 'd', recorded_at = '2026' "
        "WHERE evaluation_id = 'e1'"
    )
    before = state(ledger)
    for what, change in AFTER_RECORDING.items():
        assert is_refused(ledger, f"UPDATE ml_split_evaluations {change} WHERE evaluation_id = 'e1'"), what
    assert state(ledger) == before


def test_another_split_of_the_same_data_has_no_free_evaluation(ledger: Raw, engine: Engine) -> None:
    """Another seed would make a new test set of rows that were looked at already."""
    registered(engine, OTHER, seed=1)
    with pytest.raises(REFUSED, match="evaluated already"):
        ledger(entry("e3", split=OTHER))
    ledger(grant("g2", split=OTHER))
    ledger(entry("e3", split=OTHER, grant="g2"))


def test_not_even_in_one_statement(raw: Raw, engine: Engine) -> None:
    registered(registered(engine), OTHER, seed=1)
    both = entry("e1") + entry("e2", split=OTHER).partition("VALUES")[2].join((", ", ""))
    assert both.count("('e") == 2 and is_refused(raw, both)
    assert raw("SELECT * FROM ml_split_evaluations") == []
    raw(entry("e1"))


def test_a_split_of_other_data_has_its_own(ledger: Raw, engine: Engine) -> None:
    changes: list[dict[str, str]] = [{"target": "z"}, {"fingerprint": "0" * 64}, {"strategy": "time"}]
    for number, change in enumerate(changes):
        registered(engine, f"{number}" * 64, **change)
        ledger(entry(f"n{number}", split=f"{number}" * 64))


WRONG_SPLITS = {
    "ratios that add up to more": {"train_ratio": 0.7},
    "shares beyond 2 %": {"train_rows": 70, "validation_rows": 10},
    "no row": dict.fromkeys(("train_rows", "validation_rows", "test_rows", "holdout_rows"), 0),
    "an unknown strategy": {"strategy": "by hand"},
}


def test_a_split_that_is_none_is_not_registered(raw: Raw) -> None:
    for what, changes in WRONG_SPLITS.items():
        values = ", ".join(repr(value) for value in about(**changes).values())
        sql = f"INSERT INTO ml_split_registry ({ROW}, rows_kept, groups_kept) VALUES ({values}, 0, 0)"
        assert is_refused(raw, sql), what


def test_assignments_are_written_before_the_split_or_never(raw: Raw) -> None:
    with pytest.raises(REFUSED, match="before it is registered"):
        raw(f"INSERT INTO ml_split_registry ({ROW}, rows_kept, groups_kept) VALUES ({VALUES}, 2, 0)")


# ------------------------------------------------------------ SQLite's own tricks

PRAGMAS = {
    "nothing": "PRAGMA user_version",
    "foreign keys on": "PRAGMA foreign_keys = ON",
    "recursive triggers": "PRAGMA recursive_triggers = ON",
    "checks off": "PRAGMA ignore_check_constraints = ON",
    "untrusted schema": "PRAGMA trusted_schema = OFF",
    "reverse": "PRAGMA reverse_unordered_selects = ON",
}
WAYS = ("REPLACE", "IGNORE", "FAIL", "ROLLBACK")
VERBS = {
    "INSERT": ("INSERT", "REPLACE", *(f"INSERT OR {way}" for way in WAYS)),
    "UPDATE": ("UPDATE", *(f"UPDATE OR {way}" for way in WAYS)),
    "DELETE": ("DELETE",),
}


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("pragma", PRAGMAS)
def test_no_setting_of_a_connection_and_no_way_to_insert_helps(ledger: Raw, pragma: str) -> None:
    ledger(PRAGMAS[pragma])
    before = state(ledger)
    for what, sql in FORBIDDEN.items():
        for verb, others in VERBS.items():
            for other in others if sql.startswith(verb) else ():
                assert is_refused(ledger, sql.replace(verb, other, 1)), (what, other)
                assert state(ledger) == before, (what, other)


UPSERTS = (
    entry("e1") + " ON CONFLICT (evaluation_id) DO UPDATE SET training_run_id = 'x'",
    entry("e1") + " ON CONFLICT DO NOTHING",
    entry("e3") + " ON CONFLICT DO NOTHING",
    grant("g1") + " ON CONFLICT (grant_id) DO UPDATE SET part = 'holdout'",
)


def test_upserts_are_refused(ledger: Raw) -> None:
    before = state(ledger)
    for sql in UPSERTS:
        assert is_refused(ledger, sql), sql
    assert state(ledger) == before


@pytest.mark.parametrize("kind", ["sqlite"])
def test_rows_have_no_hidden_number_to_replace_them_by(ledger: Raw) -> None:
    with pytest.raises(sqlite3.OperationalError, match="rowid"):
        ledger("SELECT rowid FROM ml_split_evaluations")


@pytest.mark.parametrize("kind", ["sqlite"])
def test_the_index_holds_without_any_trigger(ledger: Raw) -> None:
    """Who switches triggers off for a connection still gets no second free evaluation, and no holdout."""
    for (name,) in ledger("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        ledger(f"DROP TRIGGER {name}")
    for sql in (entry("e3"), entry("e3", part="holdout"), entry("e3", grant="g1"), grant("g2", why=" ")):
        with pytest.raises(sqlite3.IntegrityError):
            ledger(sql)


# ------------------------------------------------------------ PostgreSQL's own tricks


@pytest.mark.parametrize("kind", ["postgresql"])
def test_truncate_is_refused(ledger: Raw) -> None:
    before = state(ledger)
    for table in before:
        assert is_refused(ledger, f"TRUNCATE {table} CASCADE"), table
    assert state(ledger) == before


@pytest.mark.parametrize("kind", ["postgresql"])
def test_no_isolation_level_hides_who_was_first(raw: Raw, engine: Engine, migrated: str) -> None:
    """Two transactions that cannot see each other, on two splits of the same data."""
    registered(registered(engine), OTHER, seed=1)
    for level, refused in {
        "REPEATABLE READ": psycopg.errors.CheckViolation,
        "SERIALIZABLE": (psycopg.errors.SerializationFailure, psycopg.errors.CheckViolation),
    }.items():
        with psycopg.connect(migrated, autocommit=True) as other:
            other.execute(f"BEGIN ISOLATION LEVEL {level}")
            other.execute("SELECT COUNT(*) FROM ml_split_evaluations").fetchall()
            if level == "SERIALIZABLE":
                raw(f"BEGIN ISOLATION LEVEL {level}")
                raw(entry("e1"))
                raw("COMMIT")
            with pytest.raises(refused):
                other.execute(entry("e2", split=OTHER))
                other.execute("COMMIT")
            other.execute("ROLLBACK")
    assert raw("SELECT evaluation_id FROM ml_split_evaluations") == [("e1",)]


@pytest.mark.parametrize("kind", ["postgresql"])
def test_neither_replication_mode_nor_temporary_tables_help(ledger: Raw, engine: Engine) -> None:
    registered(engine, OTHER, seed=1)
    before = state(ledger)
    ledger("SET session_replication_role = replica")
    for sql in (FORBIDDEN["an entry deleted"], FORBIDDEN["a counter lowered"], entry("e3")):
        with pytest.raises(psycopg.errors.IntegrityError):
            ledger(sql)
    ledger("SET session_replication_role = DEFAULT")
    for table in ("ml_split_grants", "ml_split_registry"):
        ledger(f"CREATE TEMP TABLE {table} (LIKE public.{table})")
    ledger(f"INSERT INTO pg_temp.ml_split_grants VALUES ('g9', '{SPLIT}', 'holdout', 'x', 'eve', '2026')")
    for sql in (entry("e3", part="holdout", grant="g9"), entry("e3", split=OTHER)):
        with pytest.raises(psycopg.errors.IntegrityError):
            ledger(sql.replace("INTO ml_", "INTO public.ml_"))
    ledger("DROP TABLE pg_temp.ml_split_grants, pg_temp.ml_split_registry")
    assert state(ledger) == before


# ------------------------------------------------------------ two at once

RACER = """
import sys
kind, place, sql = sys.argv[1:]
if kind == "sqlite":
    import sqlite3
    refused, connection = sqlite3.IntegrityError, sqlite3.connect(place, timeout=60, isolation_level=None)
else:
    import psycopg
    refused, connection = psycopg.errors.IntegrityError, psycopg.connect(place, autocommit=True)
print("ready", flush=True)
sys.stdin.readline()
try:
    connection.execute(sql)
except refused:
    print("lost")
else:
    print("won")
"""


@pytest.mark.parametrize("seeds", ["one split", "two splits of the same data"])
def test_of_programs_that_race_for_the_one_evaluation_exactly_one_wins(
    engine: Engine, migrated: str, raw: Raw, kind: str, seeds: str
) -> None:
    registered(registered(engine), OTHER, seed=1)
    splits = (SPLIT, SPLIT) if seeds == "one split" else (SPLIT, OTHER)
    place = migrated.removeprefix("sqlite:///")
    racers = [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                RACER,
                kind,
                place,
                entry(f"e{i}", split=splits[i % 2]),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for i in range(4)
    ]
    for racer in racers:
        assert racer.stdout is not None and racer.stdout.readline() == "ready\n"
    outcomes = []
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    for racer in racers:
        outcomes.append(racer.communicate(timeout=60)[0].strip())
    assert sorted(outcomes) == ["lost", "lost", "lost", "won"]
    assert raw("SELECT COUNT(*) FROM ml_split_evaluations") == [(1,)]


# ------------------------------------------------------------ seen when tampered


def test_an_untouched_database_is_in_order(ledger: Raw, engine: Engine) -> None:
    assert verify(engine) == []


TAMPERED = {
    "sqlite": {
        "DROP TRIGGER tt_evaluations_delete": "tt_evaluations_delete is missing",
        "DROP INDEX uq_split_evaluations_free": "uq_split_evaluations_free is missing",
        "DROP TRIGGER tt_grants_insert_reason; CREATE TRIGGER tt_grants_insert_reason BEFORE INSERT ON "
        "ml_split_grants BEGIN SELECT 1; END": "tt_grants_insert_reason was changed",
        "CREATE TRIGGER helper AFTER INSERT ON ml_split_grants BEGIN SELECT 1; END": "helper is not ours",
        "DROP TABLE ml_split_evaluations": "ml_split_evaluations is missing",
        "ALTER TABLE ml_split_evaluations RENAME TO gone": "ml_split_evaluations is missing",
        "ALTER TABLE ml_split_grants ADD COLUMN extra TEXT": "ml_split_grants was changed",
    },
    "postgresql": {
        "DROP TRIGGER tt_evaluations_delete ON ml_split_evaluations": "tt_evaluations_delete is missing",
        "DROP INDEX uq_split_evaluations_free": "uq_split_evaluations_free is missing",
        "ALTER TABLE ml_split_evaluations DISABLE TRIGGER tt_evaluations_delete": "is switched off",
        "ALTER TABLE ml_split_grants ENABLE TRIGGER tt_grants_delete": "tt_grants_delete is switched off",
        "CREATE OR REPLACE FUNCTION tt_grants_insert_reason() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RETURN NEW; END'": "tt_grants_insert_reason was changed",
        "ALTER FUNCTION tt_evaluations_insert_granted() RESET search_path": "_granted was changed",
        "DROP TRIGGER tt_evaluations_delete ON ml_split_evaluations; CREATE TRIGGER tt_evaluations_delete "
        "BEFORE DELETE ON ml_split_evaluations FOR EACH ROW WHEN (false) "
        "EXECUTE FUNCTION tt_evaluations_delete()": "tt_evaluations_delete was changed",
        "ALTER TABLE ml_split_evaluations DROP CONSTRAINT ck_split_evaluations_locked": "_locked is missing",
        "ALTER TABLE ml_split_evaluations DROP CONSTRAINT fk_split_evaluations_grant": "_grant is missing",
    },
}


@pytest.mark.parametrize(
    ("kind", "sql"), [(kind, sql) for kind, cases in TAMPERED.items() for sql in cases], indirect=["kind"]
)
def test_what_a_person_with_the_file_can_do_is_seen(kind: str, engine: Engine, raw: Raw, sql: str) -> None:
    registered(engine)
    for statement in sql.split("; CREATE"):
        raw(statement if statement.startswith(("DROP", "ALTER", "CREATE")) else f"CREATE{statement}")
    assert any(TAMPERED[kind][sql] in sentence for sentence in verify(engine)), verify(engine)
