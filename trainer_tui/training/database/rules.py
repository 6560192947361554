"""What the database refuses, as one table of rules; each becomes a trigger in SQLite and PostgreSQL.

Constraints alone would do for most of it, but SQLite lets anybody switch off foreign keys and CHECKs for a
connection (`PRAGMA foreign_keys`, `PRAGMA ignore_check_constraints`), and `REPLACE INTO` removes rows
without asking the triggers for deletion. So every rule looks before the row goes in. A unique index on free
evaluations decides between two programs at once, and holds when triggers are off.

**What this cannot do.** Who owns the file, or the tables in PostgreSQL, can drop a trigger, switch triggers
off for a connection (`SQLITE_DBCONFIG_ENABLE_TRIGGER`), write into `sqlite_master`, or put an old copy
back. Nothing inside the file can prevent that; `verify` says when a rule is missing or was changed, and
when a run has test metrics of which the ledger knows nothing.

These are the rules of revision r0001; a change is a new revision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trainer_tui.training.database.tables import GUARDED, RATIOS_ADD_UP, SHARES_FIT

Event = Literal["INSERT", "UPDATE", "DELETE", "TRUNCATE"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is refused."""

    name: str
    table: str
    event: Event
    when: str
    """SQL that both databases know, with NEW and OLD; empty: always."""
    message: str
    lock: str = ""
    """PostgreSQL only: what is locked first, so that two programs are judged one after the other."""


_PARTS = "('train', 'validation', 'test', 'holdout')"
_REGISTERED = "EXISTS (SELECT 1 FROM ml_split_registry r WHERE r.split_id = {}.split_id)"
_NEW_REGISTERED, _OLD_REGISTERED = _REGISTERED.format("NEW"), _REGISTERED.format("OLD")
_BLANK = "LENGTH(TRIM(REPLACE(REPLACE(REPLACE({}, '\t', ' '), '\n', ' '), '\r', ' '))) = 0"


def _new(sql: str) -> str:
    """The condition of a CHECK, about NEW."""
    for part in ("train", "validation", "test", "holdout"):
        for what in ("ratio", "rows"):
            sql = sql.replace(f"{part}_{what}", f"NEW.{part}_{what}")
    return sql


def _kept(kind: str) -> str:
    return (
        f"NEW.{kind}s_kept <> (SELECT COUNT(*) FROM ml_split_assignments a "
        f"WHERE a.split_id = NEW.split_id AND a.kind = '{kind}')"
    )


def _same(*columns: str) -> str:
    return " AND ".join(f"COALESCE(NEW.{c}, '') = COALESCE(OLD.{c}, '')" for c in columns)


_SIBLINGS = (
    "SELECT 1 FROM ml_split_evaluations e "
    "JOIN ml_split_registry theirs ON theirs.split_id = e.split_id "
    "JOIN ml_split_registry ours ON ours.split_id = NEW.split_id "
    "WHERE e.part = NEW.part AND theirs.fingerprint = ours.fingerprint "
    "AND theirs.target = ours.target AND theirs.strategy = ours.strategy"
)
_DATA_LOCK = (
    # A snapshot older than the lock would hide what the one before has written.
    "IF current_setting('transaction_isolation') = 'repeatable read' THEN "
    "RAISE EXCEPTION USING ERRCODE = '23514', "
    "MESSAGE = 'evaluations are opened at the isolation level read committed or serializable'; END IF; "
    "PERFORM pg_advisory_xact_lock(hashtext(r.fingerprint || ' ' || r.target || ' ' || r.strategy)) "
    "FROM ml_split_registry r WHERE r.split_id = NEW.split_id"
)
_GRANTED = (
    "EXISTS (SELECT 1 FROM ml_split_grants g WHERE g.grant_id = NEW.grant_id "
    "AND g.split_id = NEW.split_id AND g.part = NEW.part)"
)
_MAY_FOLLOW = (
    "("
    + _same(
        "evaluation_id",
        "split_id",
        "part",
        "grant_id",
        "training_run_id",
        "model_digest",
        "purpose",
        "opened_at",
        "opened_by",
    )
    + " AND OLD.state = 'opened' AND ("
    "(NEW.state = 'opened' AND NEW.openings = OLD.openings + 1"
    " AND NEW.metrics_digest IS NULL AND NEW.recorded_at IS NULL) OR "
    "(NEW.state = 'recorded' AND NEW.openings = OLD.openings"
    " AND COALESCE(NEW.metrics_digest, '') <> '' AND COALESCE(NEW.recorded_at, '') <> '')))"
)

_INSERTS: tuple[tuple[str, str, str, str, str], ...] = (
    # table, rule, when, message, lock
    ("registry", "once", _NEW_REGISTERED, "this split is registered already", ""),
    ("registry", "ratios", f"NOT ({_new(RATIOS_ADD_UP)})", "the ratios of a split add up to 1", ""),
    (
        "registry",
        "shares",
        f"NOT ({_new(SHARES_FIT)})",
        "each part of a split has its ratio of the rows, within 2 %",
        "",
    ),
    (
        "registry",
        "kept",
        f"{_kept('row')} OR {_kept('group')}",
        "the assignments of a split are written before it is registered, all of them",
        "",
    ),
    ("assignments", "closed", _NEW_REGISTERED, "a registered split keeps its rows and groups", ""),
    (
        "assignments",
        "part",
        f"NEW.part NOT IN {_PARTS}",
        "the parts are train, validation, test, holdout",
        "",
    ),
    (
        "grants",
        "once",
        "EXISTS (SELECT 1 FROM ml_split_grants g WHERE g.grant_id = NEW.grant_id)",
        "this grant is in the ledger already",
        "",
    ),
    ("grants", "split", f"NOT {_NEW_REGISTERED}", "there is no such split", ""),
    ("grants", "part", "NEW.part NOT IN ('test', 'holdout')", "only test and holdout are unlocked", ""),
    ("grants", "reason", _BLANK.format("NEW.reason"), "an unlock needs a reason", ""),
    ("grants", "who", _BLANK.format("NEW.granted_by"), "an unlock needs the name of who did it", ""),
    (
        "evaluations",
        "once",
        "EXISTS (SELECT 1 FROM ml_split_evaluations e WHERE e.evaluation_id = NEW.evaluation_id)",
        "this evaluation is in the ledger already",
        "",
    ),
    ("evaluations", "split", f"NOT {_NEW_REGISTERED}", "there is no such split", ""),
    ("evaluations", "part", "NEW.part NOT IN ('test', 'holdout')", "only test and holdout are evaluated", ""),
    (
        "evaluations",
        "begins",
        "NEW.state <> 'opened' OR NEW.openings <> 1 OR NEW.metrics_digest IS NOT NULL"
        " OR NEW.recorded_at IS NOT NULL",
        "an evaluation is opened before it is recorded",
        "",
    ),
    (
        "evaluations",
        "locked",
        "NEW.part <> 'test' AND NEW.grant_id IS NULL",
        "the holdout is locked: unlock it first",
        "",
    ),
    (
        "evaluations",
        "spent",
        f"NEW.grant_id IS NULL AND EXISTS ({_SIBLINGS})",
        "the test part of these data was evaluated already: unlock it first",
        _DATA_LOCK,
    ),
    (
        "evaluations",
        "granted",
        f"NEW.grant_id IS NOT NULL AND NOT {_GRANTED}",
        "there is no such grant for this part of this split",
        "",
    ),
    (
        "evaluations",
        "grant_used",
        "NEW.grant_id IS NOT NULL AND EXISTS "
        "(SELECT 1 FROM ml_split_evaluations e WHERE e.grant_id = NEW.grant_id)",
        "this grant was used already: each allows one evaluation",
        "",
    ),
)


def _rules() -> tuple[Rule, ...]:
    found = [
        Rule(f"{table}_insert_{name}", f"ml_split_{table}", "INSERT", when, message, lock)
        for table, name, when, message, lock in _INSERTS
    ]
    for table in GUARDED:
        name = table.name.removeprefix("ml_split_")
        when = {"ml_split_assignments": f"{_OLD_REGISTERED} OR {_NEW_REGISTERED}"}
        when["ml_split_evaluations"] = f"NOT COALESCE({_MAY_FOLLOW}, FALSE)"
        kept = f"what {table.name} holds is never changed"
        gone = f"what {table.name} holds is never deleted"
        deleted = _OLD_REGISTERED if name == "assignments" else ""
        found += [
            Rule(f"{name}_update", table.name, "UPDATE", when.get(table.name, ""), kept),
            Rule(f"{name}_delete", table.name, "DELETE", deleted, gone),
            Rule(f"{name}_truncate", table.name, "TRUNCATE", "", gone),
        ]
    learned = "preprocessing is fitted on train alone"
    other = "NEW.computed_on_split <> 'train'"
    found += [
        Rule(f"preprocessing_{event.lower()}", "ml_preprocessing_metadata", event, other, learned)
        for event in _WRITES
    ]
    return tuple(found)


_WRITES: tuple[Event, ...] = ("INSERT", "UPDATE")

RULES = _rules()
