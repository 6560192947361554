"""The run index: one row a run in the table `ml_training_runs`, in any database that SQLAlchemy reaches.

It is a convenience for queries and can be rebuilt from the run folders at any time; no state is kept in it.
`python -m trainer_tui.runs.index URL OUTPUT RUN_DIR…` brings rows up to date (URL empty: `OUTPUT/runs.db`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Table, delete, insert, select
from sqlalchemy import update as changing
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from trainer_tui.runs.index_rows import all_runs, default_url, refusal, row_of
from trainer_tui.runs.index_tables import (
    REFERRED,
    connect,
    lacking,
    metadata,
    ml_training_runs,
    widen,
    writing,
)
from trainer_tui.runs.layout import RunFolder


def open_index(url: str) -> Engine:
    """The index, its tables made.

    Raises sqlalchemy.exc.SQLAlchemyError when it cannot be reached, ImportError when its driver is missing.
    """
    engine = connect(url)
    try:
        metadata.create_all(engine)
    except DBAPIError:
        metadata.create_all(engine)  # somebody else was making them at the same time
    with engine.connect() as connection:
        narrow = lacking(connection)
    if narrow:
        with writing(engine) as connection:
            widen(connection)
    return engine


def update(engine: Engine, runs: Iterable[RunFolder]) -> int:
    """Write the row of each run as its folder stands now; returns how many."""
    rows = [row for run in runs if (row := row_of(run)) is not None]
    put(engine, rows)
    return len(rows)


def rebuild(engine: Engine, output: Path) -> int:
    """Make the index anew from every run folder below `output`; returns the number of runs.

    Rows of runs that are gone go too, but for those that other tables refer to.
    """
    rows = [row for run in all_runs(output) if (row := row_of(run)) is not None]
    put(engine, rows)
    kept = {row["training_run_id"] for row in rows}
    key = ml_training_runs.c.training_run_id
    with writing(engine) as connection:
        for gone in [name for name in connection.scalars(select(key)) if name not in kept]:
            with suppress(IntegrityError), connection.begin_nested():
                connection.execute(delete(ml_training_runs).where(key == gone))
    return len(rows)


def put(engine: Engine, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows (column → value) of `ml_training_runs`: a new one, or what is given of one that is there.

    A row is never deleted and made anew, for other tables may refer to it. What it refers to itself is made
    where it is missing, with nothing but its id: the index can be rebuilt into an empty database.
    """
    key = ml_training_runs.c.training_run_id
    # In order of their names, so that two processes never wait for each other.
    ordered = sorted(rows, key=lambda row: str(row["training_run_id"]))
    with writing(engine) as connection:
        for row in ordered:
            for column, (table, name) in REFERRED.items():
                if row.get(column) is not None:
                    _insert(connection, table, {column: row[column], name: row[column]})
            if not _insert(connection, ml_training_runs, row):
                connection.execute(
                    changing(ml_training_runs).where(key == row["training_run_id"]).values(row)
                )


def _insert(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Whether the row is new; one with its key stays as it is."""
    [key] = table.primary_key.columns
    if connection.scalar(select(key).where(key == row[key.name])) is not None:
        return False
    try:
        with connection.begin_nested():
            connection.execute(insert(table).values(row))
    except IntegrityError:
        return False  # somebody else wrote it at the same time
    return True


def rows(engine: Engine) -> list[dict[str, Any]]:
    """Every row of the index, oldest start first."""
    columns = ml_training_runs.c
    order = (columns.started_at, columns.algorithm_name, columns.number)
    with engine.connect() as connection:
        found = connection.execute(select(ml_training_runs).order_by(*order))
        return [dict(row._mapping) for row in found]


def main(arguments: list[str]) -> int:
    """Update the rows of the runs given; 1 with one sentence when the index cannot be reached."""
    url, output, *folders = arguments
    if not any(Path(folder).is_dir() for folder in folders):
        return 0  # deleted or moved away meanwhile: nothing is made anew in the old place
    try:
        update(open_index(url or default_url(Path(output))), [RunFolder(Path(folder)) for folder in folders])
    except (SQLAlchemyError, ImportError) as error:
        print(refusal(url, error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
