"""The tables that the run index keeps: `ml_training_runs`, and the two that its rows refer to.

The columns are those of the document (seed 002) and ours. The index makes them and widens them by itself,
so that it works without the packages of the training pipeline; all else in the database belongs to that
pipeline. Times are text in UTC (`2026-01-25T14:00:01.000Z`), which sorts as time does in every database.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Engine,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    inspect,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateColumn

from trainer_tui.runs.plain import FILE_MODE, create_new

metadata = MetaData()

BUSY_S = 30
"""How long a writer waits while others write to the same SQLite file."""


def document() -> Any:
    """The type of a column that holds a JSON document: JSONB where the database has it."""
    return JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


ml_experiments = Table(
    "ml_experiments",
    metadata,
    Column("experiment_id", String(255), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("dataset", Text),
    Column("fingerprint", String(64)),
    Column("target", Text),
    Column("task", String(32)),
    Column("metric", String(64)),
    Column("mlflow_experiment_id", String(255)),
    Column("created_at", String(32)),
    Column("created_by", String(64)),
)
"""What belongs together: trainings on one data set for one target, compared with each other."""

ml_model_registry = Table(
    "ml_model_registry",
    metadata,
    Column("model_version_id", String(255), primary_key=True),
    Column("model_name", String(255), nullable=False),
    Column("version", Integer),
    Column("experiment_id", String(255), ForeignKey("ml_experiments.experiment_id")),
    Column("training_run_id", String(255)),
    Column("algorithm_name", String(255)),
    Column("framework", String(64)),
    Column("stage", String(32), nullable=False, server_default="development"),
    Column("model_artifact_uri", Text),
    Column("preprocessing_artifact_uri", Text),
    Column("artifact_format", String(64)),
    Column("artifact_sha256", String(64)),
    Column("created_at", String(32)),
    Column("created_by", String(64)),
    UniqueConstraint("model_name", "version", name="uq_model_registry_version"),
    CheckConstraint(
        "stage IN ('development', 'staging', 'production', 'archived')", name="ck_model_registry_stage"
    ),
)
"""Versions of models, numbered from 1 for each name; a version without a number was only referred to."""

ml_training_runs = Table(
    "ml_training_runs",
    metadata,
    Column("training_run_id", String(255), primary_key=True),
    Column("model_version_id", String(255), ForeignKey("ml_model_registry.model_version_id")),
    Column("experiment_id", String(255), ForeignKey("ml_experiments.experiment_id")),
    Column("mlflow_run_id", String(255)),
    Column("algorithm_name", String(255), nullable=False),
    Column("framework", String(64)),
    Column("hyperparameters", document(), nullable=False),
    Column("hyperparameter_space", document()),
    Column("tuning_trials", Integer),
    Column("train_metrics", document()),
    Column("validation_metrics", document()),
    Column("test_metrics", document()),
    Column("train_samples", Integer),
    Column("validation_samples", Integer),
    Column("test_samples", Integer),
    Column("model_artifact_uri", Text),
    Column("preprocessing_artifact_uri", Text),
    Column("status", String(32), nullable=False, server_default="running"),
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
    Column("split_id", String(64)),
)
"""One row a run. What only a training knows is empty in the row of any other run."""

REFERRED = {"experiment_id": (ml_experiments, "name"), "model_version_id": (ml_model_registry, "model_name")}
"""Column of `ml_training_runs` → the table it refers to, and the column there that must not be empty."""


def connect(url: str) -> Engine:
    """An engine for the database of runs; a new SQLite file follows the umask, as all of a run does.

    Raises sqlalchemy.exc.SQLAlchemyError for a URL that is none, ImportError when its driver is missing.
    """
    place = make_url(url)
    if place.get_backend_name() != "sqlite":
        return create_engine(place)
    file = place.database or ""
    if file and file != ":memory:" and not file.startswith("file:"):
        with suppress(OSError):  # it is there, or SQLite says better than we what is the matter
            os.close(create_new(file, FILE_MODE))
    return create_engine(place, connect_args={"timeout": BUSY_S})


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes. SQLite is told so at once, for one that reads first cannot wait later."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


def lacking(connection: Connection) -> list[Column[Any]]:
    """The columns that an older version's table has not."""
    there = {column["name"] for column in inspect(connection).get_columns(ml_training_runs.name)}
    return [column for column in ml_training_runs.columns if column.name not in there]


def widen(connection: Connection) -> None:
    """Add the columns that an older version's table has not; those that a newer one added stay."""
    for column in lacking(connection):
        added = CreateColumn(Column(column.name, column.type)).compile(dialect=connection.dialect)
        refers = [f"REFERENCES {k.column.table.name} ({k.column.name})" for k in column.foreign_keys]
        words = ["ALTER TABLE", ml_training_runs.name, "ADD COLUMN", str(added), *refers]
        # Somebody else may have added it at the same time; if not, writing the row says so.
        with suppress(DBAPIError), connection.begin_nested():
            connection.execute(text(" ".join(words)))
