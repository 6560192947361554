"""Opening the database: from nothing, from the index alone, never from what is newer; by several at once."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine, inspect, text
from sqlalchemy.schema import CreateIndex, CreateTable

sys.path.insert(0, str(Path(__file__).parent))

from conftest import connector

from trainer_tui.runs import index, index_tables
from trainer_tui.training.database import tables
from trainer_tui.training.database.errors import DatabaseError, DatabaseVersionError
from trainer_tui.training.database.opening import MIGRATIONS, default_url, open_database
from trainer_tui.training.database.revisions import REVISIONS, VERSION_TABLE
from trainer_tui.training.database.rules import RULES
from trainer_tui.training.database.triggers import postgresql_statements, sqlite_trigger
from trainer_tui.training.database.verify import verify

OLD_INDEX = """
CREATE TABLE ml_training_runs (
    training_run_id VARCHAR(255) NOT NULL, algorithm_name VARCHAR(255) NOT NULL, framework VARCHAR(64),
    hyperparameters JSON NOT NULL, train_metrics JSON, validation_metrics JSON, model_artifact_uri TEXT,
    status VARCHAR(32) NOT NULL, started_at VARCHAR(32), completed_at VARCHAR(32),
    training_duration_seconds FLOAT, trained_by VARCHAR(64), phase VARCHAR(16) NOT NULL,
    number INTEGER NOT NULL, watch INTEGER, reason VARCHAR(32), sentence TEXT,
    peak_memory_bytes FLOAT, epochs FLOAT, PRIMARY KEY (training_run_id)
)
"""
"""The one table of an index that no training pipeline had seen yet."""
OLD_ROW = """
INSERT INTO ml_training_runs
    (training_run_id, algorithm_name, hyperparameters, validation_metrics, status, started_at, phase, number)
VALUES ('model_3/001-full', 'model_3', '{"seed": 7}', '{"val_loss": 0.25}', 'completed',
        '2026-01-25T14:00:01.000Z', 'full', 1)
"""


def documents(url: str) -> set[str]:
    """The types of the columns that hold documents."""
    columns = inspect(create_engine(url)).get_columns("ml_training_runs")
    return {str(column["type"]) for column in columns if column["name"].endswith(("metrics", "parameters"))}


def test_an_empty_database_gets_every_table_and_rule(url: str, kind: str) -> None:
    engine = open_database(url)
    names = set(inspect(engine).get_table_names())
    assert names == {*index_tables.metadata.tables, *tables.metadata.tables, VERSION_TABLE}
    assert verify(engine) == []
    assert documents(url) == {"JSON" if kind == "sqlite" else "JSONB"}
    open_database(url)


def test_an_index_keeps_its_rows(url: str, kind: str) -> None:
    program = connector(url)()
    for sql in (OLD_INDEX, OLD_ROW, "CREATE TABLE mine (a INTEGER)", "INSERT INTO mine VALUES (5)"):
        program.execute(sql)
    engine = open_database(url)
    [row] = index.rows(engine)
    assert {name: value for name, value in row.items() if value is not None} == {
        "training_run_id": "model_3/001-full",
        "algorithm_name": "model_3",
        "hyperparameters": {"seed": 7},
        "validation_metrics": {"val_loss": 0.25},
        "status": "completed",
        "started_at": "2026-01-25T14:00:01.000Z",
        "phase": "full",
        "number": 1,
    }
    assert program.execute("SELECT a FROM mine").fetchall() == [(5,)]
    assert documents(url) == {"JSON" if kind == "sqlite" else "JSONB"}
    refers = {key["referred_table"] for key in inspect(engine).get_foreign_keys("ml_training_runs")}
    assert refers == {"ml_experiments", "ml_model_registry"}
    assert {i["name"] for i in inspect(engine).get_indexes("ml_training_runs")} == {
        "idx_training_experiment",
        "idx_training_status",
    }
    assert verify(engine) == []


def test_an_index_that_was_opened_since_is_brought_up_to_date_too(url: str) -> None:
    row = {"training_run_id": "a", "algorithm_name": "a", "hyperparameters": {}, "phase": "full", "number": 1}
    opened = index.open_index(url)
    index.put(opened, [row | {"experiment_id": "x"}])
    opened.dispose()
    engine = open_database(url)
    assert [row["training_run_id"] for row in index.rows(engine)] == ["a"]
    assert verify(engine) == []


def test_a_newer_database_is_left_alone(url: str, kind: str) -> None:
    program = connector(url)()
    for sql in (
        f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL)",
        f"INSERT INTO {VERSION_TABLE} VALUES ('r0099')",
    ):
        program.execute(sql)
    with pytest.raises(DatabaseVersionError, match=r"newer trainer-tui \(revision r0099;.*Nothing was"):
        open_database(url)
    assert inspect(create_engine(url)).get_table_names() == [VERSION_TABLE]


OPENER = """
import sys
from trainer_tui.training.database.opening import open_database
import alembic.command
print("ready", flush=True)
sys.stdin.readline()
print(open_database(sys.argv[1]).dialect.name)
"""


def test_of_processes_that_migrate_at_once_each_waits_for_the_other(url: str, kind: str) -> None:
    openers = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        for _ in range(2)
    ]
    for opener in openers:
        assert opener.stdout is not None and opener.stdout.readline() == "ready\n"
    assert [opener.communicate("\n", timeout=60) for opener in openers] == [(f"{kind}\n", "")] * 2
    assert verify(open_database(url)) == []


@pytest.mark.parametrize("kind", ["sqlite"])
def test_who_writes_meanwhile_is_waited_for(url: str, tmp_path: Path) -> None:
    index.open_index(url).dispose()
    writer = connector(url)()
    writer.execute("BEGIN IMMEDIATE")
    opener = subprocess.Popen(
        [sys.executable, "-c", OPENER, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert opener.stdout is not None and opener.stdin is not None
    opener.stdout.readline()
    opener.stdin.write("\n")
    opener.stdin.flush()
    with pytest.raises(subprocess.TimeoutExpired):
        opener.wait(0.3)
    writer.execute("COMMIT")
    assert opener.communicate(timeout=60)[0] == "sqlite\n"


def test_a_new_file_follows_the_umask_and_an_old_one_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    assert default_url(tmp_path) == f"sqlite:///{path}"
    open_database(default_url(tmp_path))
    assert not stat.S_IMODE(path.stat().st_mode) & 0o002
    path.chmod(0o640)
    open_database(default_url(tmp_path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "cannot be used"),
        ("nosuchdb://x/y", "cannot be used"),
        ("sqlite:////proc/none/runs.db", "unable to open database file"),
        ("postgresql+psycopg://anna:secret@/x?host=/nowhere", "cannot be opened"),
    ],
)
def test_a_database_out_of_reach_is_one_sentence(url: str, words: str) -> None:
    with pytest.raises(DatabaseError, match=words) as caught:
        open_database(url)
    assert "\n" not in str(caught.value) and "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "runs.db").write_text("epoch,loss\n" * 100)
    with pytest.raises(DatabaseError, match="not a database"):
        open_database(default_url(tmp_path))


def test_a_migration_that_fails_changes_nothing(new_url: Callable[[], str], kind: str) -> None:
    """Somebody else's table stands where one of ours would."""
    url = new_url()
    program = connector(url)()
    program.execute("CREATE TABLE ml_split_grants (a INTEGER)")
    with pytest.raises(DatabaseError):
        open_database(url)
    assert inspect(create_engine(url)).get_table_names() == ["ml_split_grants"]


# ------------------------------------------------------------ the revisions themselves


def test_the_revisions_are_those_of_the_folder() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert tuple(script.revision for script in reversed(list(scripts.walk_revisions()))) == REVISIONS


def test_the_tables_are_those_that_the_migrations_make(url: str) -> None:
    expected = MetaData()
    for metadata in (index_tables.metadata, tables.metadata):
        for table in metadata.tables.values():
            table.to_metadata(expected)
    with open_database(url).connect() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), expected)
    made_by_hand = {"idx_training_experiment", "idx_training_status"}
    assert [d for d in differences if getattr(d[-1], "name", None) not in made_by_hand] == []


def test_revision_1_is_history() -> None:
    """Whoever changes a table or a rule adds a revision, and leaves r0001 as it was."""
    ours = tables.metadata.sorted_tables
    made = [str(CreateTable(table)) for table in ours]
    made += sorted(str(CreateIndex(found)) for table in ours for found in table.indexes)
    made += [sqlite_trigger(rule) for rule in RULES]
    made += [sql for rule in RULES for sql in postgresql_statements(rule, "public")]
    assert hashlib.sha256("\n".join(made).encode()).hexdigest()[:16] == "a03b869a57f0ba2f"


def test_neither_the_index_nor_the_package_loads_alembic() -> None:
    code = (
        "import sys, trainer_tui.runs.index, trainer_tui.training, trainer_tui.training.database.opening; "
        "sys.exit('alembic' in sys.modules or 'pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 0


def test_sqlite_is_asked_to_keep_references(tmp_path: Path) -> None:
    with open_database(default_url(tmp_path)).connect() as connection:
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
    assert sqlite3.sqlite_version_info >= (3, 8)
