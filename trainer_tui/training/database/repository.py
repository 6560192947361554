"""Experiments, versions of models, and what is recorded about a training."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Table, delete, func, insert, select, update
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from trainer_tui.runs.index_tables import ml_experiments, ml_model_registry, ml_training_runs, writing
from trainer_tui.runs.index_training import plain
from trainer_tui.training.database.errors import unreachable
from trainer_tui.training.database.moments import now, whoever
from trainer_tui.training.database.tables import ml_leakage_audit, ml_preprocessing_metadata
from trainer_tui.training.finding import Finding

_TRIES = 5
"""Others may take the same version number in the same moment."""


def register_experiment(engine: Engine, experiment_id: str, name: str, **about: Any) -> None:
    """Write an experiment, or what is given of one that is there.

    about: dataset, fingerprint, target, task, metric, mlflow_experiment_id. Raises DatabaseError.
    """
    values = {"experiment_id": experiment_id, "name": name, **about}
    with _recording(engine, f"Experiment {name}") as connection:
        _upsert(connection, ml_experiments, values, created_at=now(), created_by=whoever())


def register_model_version(engine: Engine, model_version_id: str, model_name: str, **about: Any) -> int:
    """Write a version of a model, or what is given of one that is there; returns its number, from 1 up for
    each name.

    about: experiment_id, training_run_id, algorithm_name, framework, stage, model_artifact_uri,
    preprocessing_artifact_uri, artifact_format, artifact_sha256. Raises DatabaseError.
    """
    values = {"model_version_id": model_version_id, "model_name": model_name, **about}
    with _recording(engine, f"Version {model_version_id}") as connection:
        for left in reversed(range(_TRIES)):
            version = _version(connection, model_version_id, model_name)
            try:
                with connection.begin_nested():
                    row = {**values, "version": version}
                    _upsert(connection, ml_model_registry, row, created_at=now(), created_by=whoever())
                break
            except IntegrityError:
                if not left:
                    raise
    return version


def _version(connection: Connection, model_version_id: str, model_name: str) -> int:
    """The number that a version has, or the next one of its name."""
    table = ml_model_registry.c
    own = connection.scalar(select(table.version).where(table.model_version_id == model_version_id))
    if own is not None:
        return int(own)
    newest = connection.scalar(select(func.max(table.version)).where(table.model_name == model_name))
    return int(newest or 0) + 1


def model_versions(engine: Engine, model_name: str = "") -> list[dict[str, Any]]:
    """Versions of a model (of every model without a name), oldest first, as column → value."""
    table = ml_model_registry
    wanted = select(table).order_by(table.c.model_name, table.c.version)
    return _listed(engine, wanted.where(table.c.model_name == model_name) if model_name else wanted)


def experiments(engine: Engine) -> list[dict[str, Any]]:
    """Every experiment, oldest first, as column → value."""
    return _listed(engine, select(ml_experiments).order_by(ml_experiments.c.created_at))


def record_preprocessing(
    engine: Engine, training_run_id: str, statistics: Mapping[str, Any], rows_used: int, split_id: str = ""
) -> str:
    """Keep what the preprocessing learned from `rows_used` train rows; returns the SHA-256 over it as JSON.

    A run that resumes replaces its own. Raises DatabaseError.
    """
    learned = plain(dict(statistics))
    digest = hashlib.sha256(json.dumps(learned, sort_keys=True, default=str).encode()).hexdigest()
    row = {
        "training_run_id": training_run_id,
        "split_id": split_id or None,
        "computed_on_split": "train",
        "rows_used": rows_used,
        "statistics": json.loads(json.dumps(learned, default=str)),
        "statistics_digest": digest,
        "recorded_at": now(),
    }
    with _recording(engine, f"The preprocessing of {training_run_id}") as connection:
        _upsert(connection, ml_preprocessing_metadata, row)
    return digest


def record_leakage_audit(
    engine: Engine,
    training_run_id: str,
    findings: Iterable[Finding],
    split_id: str = "",
    checks: Iterable[str] = (),
    accepted: Mapping[str, str] | None = None,
) -> None:
    """Keep what the leakage checks of a training found; one that resumes replaces its own.

    checks: names of every check that ran; those without a finding are kept as passed. accepted: check → the
    reason why a person accepts what it found. Raises DatabaseError.
    """
    found = list(findings)
    quiet = [name for name in checks if all(name != finding.check for finding in found)]
    rows = [_finding(finding, (accepted or {}).get(finding.check)) for finding in found]
    rows += [_passed(name) for name in quiet]
    common = {"training_run_id": training_run_id, "split_id": split_id or None, "audited_at": now()}
    table = ml_leakage_audit
    with _recording(engine, f"The leakage audit of {training_run_id}") as connection:
        connection.execute(delete(table).where(table.c.training_run_id == training_run_id))
        if rows:
            numbered = [{**common, **row, "position": number} for number, row in enumerate(rows)]
            connection.execute(insert(table), numbered)


def leakage_audit(engine: Engine, training_run_id: str) -> list[dict[str, Any]]:
    """What was recorded about a run's leakage checks, in order, as column → value."""
    table = ml_leakage_audit
    return _listed(
        engine, select(table).where(table.c.training_run_id == training_run_id).order_by(table.c.position)
    )


def previous_best(
    engine: Engine,
    experiment_id: str,
    metric: str,
    maximize: bool,
    split_id: str = "",
    before: str = "",
) -> dict[str, Any] | None:
    """The row of the completed full training of an experiment that validates best; None when there is none.

    metric: a key of `validation_metrics`. split_id: only trainings on this split, whose predictions can be
    paired row by row. before: the run that asks, which is left out. Of two alike the earlier one. Raises
    DatabaseError.
    """
    table = ml_training_runs
    wanted = select(table).where(
        table.c.experiment_id == experiment_id,
        table.c.status == "completed",
        table.c.phase != "quick",
        table.c.training_run_id != before,
    )
    if split_id:
        wanted = wanted.where(table.c.split_id == split_id)
    best, reached = None, -math.inf
    for row in _listed(engine, wanted.order_by(table.c.started_at, table.c.training_run_id)):
        value = (row["validation_metrics"] or {}).get(metric)
        if isinstance(value, int | float) and (value if maximize else -value) > reached:
            best, reached = row, value if maximize else -value
    return best


def _finding(finding: Finding, accepted: str | None) -> dict[str, Any]:
    details = {**finding.details, "columns": list(finding.columns), "rows": list(finding.rows)}
    return {
        "check_type": finding.check,
        "passed": finding.severity == "info",
        "severity": finding.severity,
        "message": plain(finding.message),
        "details": json.loads(json.dumps(plain(details), default=str)),
        "affected_records": finding.affected,
        "accepted_because": accepted,
    }


def _passed(name: str) -> dict[str, Any]:
    return {
        "check_type": name,
        "passed": True,
        "severity": "info",
        "message": "nothing found",
        "details": {},
        "affected_records": 0,
        "accepted_because": None,
    }


def _upsert(connection: Connection, table: Table, row: dict[str, Any], **once: Any) -> None:
    """Update the row with this key, or insert it; `once`: values of a new row alone."""
    [key] = table.primary_key.columns
    changed = connection.execute(update(table).where(key == row[key.name]).values(row)).rowcount
    if not changed:
        connection.execute(insert(table).values(row | once))


def _listed(engine: Engine, wanted: Any) -> list[dict[str, Any]]:
    try:
        with engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(wanted)]
    except SQLAlchemyError as error:
        raise unreachable(engine, error, "What was recorded cannot be read") from error


@contextmanager
def _recording(engine: Engine, what: str) -> Iterator[Connection]:
    try:
        with writing(engine) as connection:
            yield connection
    except SQLAlchemyError as error:
        raise unreachable(engine, error, f"{what} was not recorded") from error
