"""The index in a file of SQLite's: the same tables and rows as by way of SQLAlchemy, without loading it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

from trainer_tui.runs import index, index_sqlite
from trainer_tui.runs.files import replace_json
from trainer_tui.runs.index_rows import default_url, row_of
from trainer_tui.runs.index_sqlite import SCHEMA, TABLE, file_of
from trainer_tui.runs.index_tables import metadata
from trainer_tui.runs.layout import ModelFolder, RunFolder

Make = Callable[[str], RunFolder]


@pytest.fixture
def output(model: ModelFolder) -> Path:
    model.path.mkdir(parents=True, exist_ok=True)
    return model.path.parent


def query(file: Path, words: str) -> list[Any]:
    with closing(sqlite3.connect(file)) as database:
        found = database.execute(words).fetchall()
        database.commit()
        return found


def rows(output: Path) -> list[dict[str, Any]]:
    return index.rows(index.open_index(default_url(output)))


def test_its_tables_are_those_of_the_index() -> None:
    """After a change of `index_tables`: write what is expected here into `index_sqlite.sql`."""
    dialect = sqlite.dialect()
    made = [
        str(CreateTable(table, if_not_exists=True).compile(dialect=dialect))
        for table in metadata.sorted_tables
    ]
    expected = ";\n\n".join(re.sub(r"[ \t]+\n", "\n", one.strip().replace("\t", "    ")) for one in made)
    assert SCHEMA.read_text() == expected + "\n"


def test_both_ways_store_the_same(make_run: Make, output: Path, tmp_path: Path) -> None:
    runs = [make_run("quick"), make_run("full")]
    runs[0].history.write_text("epoch,train_loss,val_loss\n1,0.9,nan\n2,0.4,1.5\n")
    assert index_sqlite.main(["", str(output), *(str(run.path) for run in runs)]) == 0
    index.update(index.open_index(f"sqlite:///{tmp_path}/other.db"), runs)
    everything = f"SELECT * FROM {TABLE} ORDER BY number"
    assert query(output / "runs.db", everything) == query(tmp_path / "other.db", everything)
    assert [row["number"] for row in rows(output)] == [1, 2]
    assert (output / "runs.db").stat().st_mode & 0o002 == 0


def test_a_row_is_changed_and_never_made_anew(make_run: Make, output: Path) -> None:
    """Other tables may refer to it, and the columns that are not ours keep what is in them."""
    run, file = make_run("full"), output / "runs.db"
    assert index_sqlite.write(file, [row_of(run)])
    query(file, f"ALTER TABLE {TABLE} ADD COLUMN own TEXT")
    query(file, f"UPDATE {TABLE} SET own = 'theirs'")
    run.history.write_text("epoch,train_loss\n1,0.4\n")
    assert index_sqlite.write(file, [row_of(run)])
    assert query(file, f"SELECT train_metrics, own FROM {TABLE}") == [('{"train_loss": 0.4}', "theirs")]


def test_the_table_of_an_older_version_gains_what_it_lacks(make_run: Make, output: Path) -> None:
    file, run = output / "runs.db", make_run("full")
    query(file, f"CREATE TABLE {TABLE} (training_run_id VARCHAR(255) PRIMARY KEY, own TEXT)")
    assert not index_sqlite.write(file, [row_of(run)])
    assert index_sqlite.main(["", str(output), str(run.path)]) == 0
    assert [row["training_run_id"] for row in rows(output)] == [run.name]


def test_a_row_that_refers_to_others_is_written_with_them(make_run: Make, output: Path) -> None:
    run = make_run("full")
    replace_json(run.path / "training.json", {"experiment_id": "tides"})
    assert not index_sqlite.write(output / "runs.db", [row_of(run)])
    assert query(output / "runs.db", "SELECT * FROM sqlite_master") == [], "nothing was left half done"
    assert index_sqlite.main(["", str(output), str(run.path)]) == 0
    assert query(output / "runs.db", "SELECT experiment_id FROM ml_experiments") == [("tides",)]


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("", "out/runs.db"),
        ("sqlite:////data/runs.db", "/data/runs.db"),
        ("sqlite:///beside.db", "beside.db"),
        ("sqlite:///:memory:", None),
        ("sqlite:///file:x.db?mode=ro&uri=true", None),
        ("sqlite://", None),
        ("sqlite+pysqlite:////data/runs.db", None),
        ("postgresql://db/runs", None),
    ],
)
def test_which_urls_name_a_file(url: str, file: str | None) -> None:
    assert file_of(url, Path("out")) == (None if file is None else Path(file))


def test_a_file_that_is_no_database_is_one_sentence(
    make_run: Make, output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (output / "runs.db").write_text("a letter to somebody " * 100)
    assert index_sqlite.main(["", str(output), str(make_run("full").path)]) == 1
    assert capsys.readouterr().err == "the run index runs.db was not updated: file is not a database\n"
    assert (output / "runs.db").read_text().startswith("a letter")
