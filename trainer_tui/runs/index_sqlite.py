"""The run index in a file of SQLite's, brought up to date with the standard library alone.

Every run does that when it begins and when it ends; SQLAlchemy would cost it 0.2 s of CPU and 40 MB each
time. `index_sqlite.sql` is what `runs.index_tables` makes there. A table that lacks a column, a row that
refers to other tables, and every other database are left to `runs.index`.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from trainer_tui.runs.index_rows import refusal, row_of
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.plain import FILE_MODE, create_new

TABLE = "ml_training_runs"

SCHEMA = Path(__file__).with_suffix(".sql")

BUSY_S = 30
"""How long a writer waits while others write to the same file."""

_PREFIX = "sqlite:///"


def file_of(url: str, output: Path) -> Path | None:
    """The file that a URL names (empty: `runs.db` beside the runs); None: it names something else."""
    if not url:
        return output / "runs.db"
    path = url.removeprefix(_PREFIX)
    plain = path != url and path and not set(path) & set("?#%:")
    return Path(path) if plain else None


def write(file: Path, rows: list[dict[str, Any]]) -> bool:
    """Write rows (column → value); False: nothing was written, that is for `runs.index` to do.

    Raises sqlite3.Error when the file cannot be reached or is none of SQLite's.
    """
    with suppress(OSError):  # it is there, or SQLite says better than we what is the matter
        os.close(create_new(file, FILE_MODE))
    with closing(sqlite3.connect(file, timeout=BUSY_S, isolation_level=None)) as database:
        # One writer at a time from here on; whatever was not committed is undone by closing.
        database.execute("BEGIN IMMEDIATE")
        columns = _columns(database)
        if not columns:
            for statement in SCHEMA.read_text().split(";"):
                database.execute(statement)
            columns = _columns(database)
        elsewhere = {row[3] for row in database.execute(f"PRAGMA foreign_key_list({TABLE})")}
        for row in rows:
            if not row.keys() <= columns or any(row.get(column) is not None for column in elsewhere):
                return False
            database.execute(_statement(list(row)), [_stored(value) for value in row.values()])
        database.execute("COMMIT")
    return True


def _columns(database: sqlite3.Connection) -> set[str]:
    return {row[1] for row in database.execute(f"PRAGMA table_info({TABLE})")}


def _statement(names: list[str]) -> str:
    """A new row, or what is given of one that is there."""
    given = ", ".join(f"{name} = excluded.{name}" for name in names)
    return (
        f"INSERT INTO {TABLE} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) "
        f"ON CONFLICT (training_run_id) DO UPDATE SET {given}"
    )


def _stored(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def main(arguments: list[str]) -> int:
    """Update the rows of the runs given, as `runs.index.main` does, which is asked where it has to be."""
    url, output, *folders = arguments
    runs = [RunFolder(Path(folder)) for folder in folders if Path(folder).is_dir()]
    if not runs:
        return 0  # deleted or moved away meanwhile: nothing is made anew in the old place
    file = file_of(url, Path(output))
    try:
        if file is not None and write(file, [row for run in runs if (row := row_of(run)) is not None]):
            return 0
    except (sqlite3.Error, OverflowError) as error:
        print(refusal(url, error), file=sys.stderr)
        return 1
    from trainer_tui.runs import index

    return index.main(arguments)
