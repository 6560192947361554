"""The run index: one row a run in the table `ml_training_runs`, in any database that SQLAlchemy reaches.

It is a convenience for queries and can be rebuilt from the run folders at any time; no state is kept in it.
`python -m trainer_tui.runs.index URL OUTPUT RUN_DIR…` brings rows up to date (URL empty: `OUTPUT/runs.db`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    insert,
    select,
)
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from trainer_tui.runs.history import History, read_history
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.state import RunState, observe

metadata = MetaData()

ml_training_runs = Table(
    "ml_training_runs",
    metadata,
    Column("training_run_id", String(255), primary_key=True),
    Column("algorithm_name", String(255), nullable=False),
    Column("framework", String(64)),
    Column("hyperparameters", JSON, nullable=False),
    Column("train_metrics", JSON),
    Column("validation_metrics", JSON),
    Column("model_artifact_uri", Text),
    Column("status", String(32), nullable=False),
    Column("started_at", String(32)),
    Column("completed_at", String(32)),
    Column("training_duration_seconds", Float),
    Column("trained_by", String(64)),
    Column("phase", String(16), nullable=False),
    Column("number", Integer, nullable=False),
    Column("watch", Integer),
    Column("reason", String(32)),
    Column("sentence", Text),
    Column("peak_memory_bytes", Float),
    Column("epochs", Float),
)
"""The document's columns that a supervised run can fill, and ours."""

_FINAL = {"passed": "completed"}


def default_url(output: Path) -> str:
    """The index next to the runs."""
    return f"sqlite:///{output / 'runs.db'}"


def open_index(url: str) -> Engine:
    """The index, its tables made.

    Raises sqlalchemy.exc.SQLAlchemyError when it cannot be reached, ImportError when its driver is missing.
    """
    engine = create_engine(url)
    try:
        metadata.create_all(engine)
    except DBAPIError:
        metadata.create_all(engine)  # somebody else was making them at the same time
    return engine


def update(engine: Engine, runs: Iterable[RunFolder]) -> int:
    """Write the row of each run as its folder stands now; returns how many."""
    rows = [row for run in runs if (row := _row(run)) is not None]
    with engine.begin() as connection:
        for row in rows:
            connection.execute(
                delete(ml_training_runs).where(ml_training_runs.c.training_run_id == row["training_run_id"])
            )
        _insert(connection, rows)
    return len(rows)


def rebuild(engine: Engine, output: Path) -> int:
    """Make the index anew from every run folder below `output`; returns the number of runs."""
    rows = [row for run in all_runs(output) if (row := _row(run)) is not None]
    with engine.begin() as connection:
        connection.execute(delete(ml_training_runs))
        _insert(connection, rows)
    return len(rows)


def _insert(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(ml_training_runs), rows)


def all_runs(output: Path) -> list[RunFolder]:
    """Every run below `output`, by model and number."""
    if not output.is_dir():
        return []
    folders = sorted(path for path in output.iterdir() if path.is_dir())
    return [run for folder in folders for run in ModelFolder(folder, folder).runs() if run.run_json.exists()]


def rows(engine: Engine) -> list[dict[str, Any]]:
    """Every row of the index, oldest start first."""
    columns = ml_training_runs.c
    order = (columns.started_at, columns.algorithm_name, columns.number)
    with engine.connect() as connection:
        found = connection.execute(select(ml_training_runs).order_by(*order))
        return [dict(row._mapping) for row in found]


def _row(run: RunFolder) -> dict[str, Any] | None:
    request = run.request()
    if request is None:
        return None
    state = observe(run)
    try:
        history = read_history(run.history)
    except OSError:
        history = History()
    last = {name: history.last(name) for name in history.metrics()}
    return {
        "training_run_id": run.name,
        "algorithm_name": request.model,
        "framework": None,
        "hyperparameters": {"command": list(request.command), "seed": request.plan.seed},
        "train_metrics": {name: value for name, value in last.items() if not name.startswith("val_")},
        "validation_metrics": {name: value for name, value in last.items() if name.startswith("val_")},
        "model_artifact_uri": next((path.absolute().as_uri() for path in run.models()), None),
        "status": _status(state),
        "started_at": state.started or state.created,
        "completed_at": state.ended or None,
        "training_duration_seconds": state.duration_s,
        "trained_by": request.user,
        "phase": request.phase,
        "number": request.number,
        "watch": request.watch,
        "reason": state.reason or None,
        "sentence": state.sentence or None,
        "peak_memory_bytes": (state.exit or {}).get("max_rss_bytes"),
        "epochs": history.last(history.step_column) if history.step_column else history.rows or None,
    }


def _status(state: RunState) -> str:
    return _FINAL.get(state.reason, "failed") if state.over else "running"


def main(arguments: list[str]) -> int:
    """Update the rows of the runs given; 1 with one sentence when the index cannot be reached."""
    url, output, *folders = arguments
    try:
        update(open_index(url or default_url(Path(output))), [RunFolder(Path(folder)) for folder in folders])
    except (SQLAlchemyError, ImportError) as error:
        print(f"the run index {url or 'runs.db'} was not updated: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
