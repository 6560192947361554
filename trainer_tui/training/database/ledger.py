"""The ledger of evaluations: who was let at the rows of a test or holdout part, and what allowed it.

An entry is written, and committed, **before** the rows are read: a training killed in between has spent the
evaluation rather than hidden it. The entry is then `opened`; with the metrics it becomes `recorded`, once.
A run that was killed after opening may take its own entry up again when it resumes, with the same model
only (`model_digest`), and each time is counted in the entry. Nothing else ever changes or goes (`rules`).

The first evaluation of a test part needs no permission. It counts for the data, target and strategy, not
for one split of them: else another seed would make a fresh test set of rows that were looked at, or trained
on. Each one after that, and every one of a holdout, needs an unlock with a reason.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from trainer_tui.runs.index_tables import writing
from trainer_tui.runs.index_training import plain
from trainer_tui.training.database import sentences
from trainer_tui.training.database.entries import Evaluation, Grant, evaluations, free_ones, unused
from trainer_tui.training.database.errors import LedgerUnreachableError, cause, place, unreachable
from trainer_tui.training.database.moments import now, whoever
from trainer_tui.training.database.tables import ml_split_evaluations, ml_split_grants, ml_split_registry
from trainer_tui.training.errors import ModelTrainerError, SplitLockedError

PARTS = ("test", "holdout")
"""The parts whose rows are counted."""
_TRIES = 5
"""Others may take the same grant in the same moment."""


def open_test(
    engine: Engine,
    split_id: str,
    training_run_id: str,
    part: str = "test",
    purpose: str = "final evaluation",
    model_digest: str = "",
    by: str = "",
) -> Evaluation:
    """Permission to read the rows of a part; call it before reading them, and `record` with the metrics.

    model_digest: SHA-256 of what is evaluated, so that a run that resumes finishes with the same model and
    no other. by: who asks; the user and the machine without it. Raises SplitLockedError: the part was
    evaluated before or is locked, and the sentence says by whom and how to unlock it; its subclass
    LedgerUnreachableError: the database cannot say; DatabaseError never.
    """
    if part not in PARTS:
        raise ValueError(f"only {' and '.join(PARTS)} are opened, not {part!r}")
    entry = Evaluation(
        evaluation_id=uuid.uuid4().hex,
        split_id=split_id,
        part=part,
        training_run_id=training_run_id,
        purpose=str(plain(purpose)),
        state="opened",
        opened_at=now(),
        opened_by=by or whoever(),
        model_digest=model_digest,
    )
    try:
        for _ in range(_TRIES):
            opened = _resumed(engine, entry) or _begun(engine, entry)
            if opened is not None:
                return opened
        raise SplitLockedError(_refusal(engine, split_id, part))
    except SQLAlchemyError as error:
        raise LedgerUnreachableError(
            f"The ledger of evaluations in {place(engine)} cannot be asked ({cause(error)}): the {part} part "
            f"of split {split_id[:16]} stays closed, for nobody can say whether it was evaluated before."
        ) from error


def record(engine: Engine, evaluation: Evaluation, metrics: Mapping[str, Any]) -> str:
    """Close an entry with the digest of its metrics, which it returns; `metrics_digest` says how it is made.

    Once only: raises SplitLockedError for an entry that has metrics already, or is not in the ledger;
    DatabaseError when the database cannot be reached: the entry stays `opened`.
    """
    digest = metrics_digest(metrics)
    table = ml_split_evaluations
    change = (
        update(table)
        .where(table.c.evaluation_id == evaluation.evaluation_id)
        .values(state="recorded", recorded_at=now(), metrics_digest=digest)
    )
    try:
        with writing(engine) as connection:
            changed = connection.execute(change).rowcount
    except IntegrityError as error:
        raise SplitLockedError(
            f"The {evaluation.part} metrics of {evaluation.training_run_id} stand in the ledger already, "
            "and an entry is never changed."
        ) from error
    except SQLAlchemyError as error:
        raise unreachable(engine, error, f"The {evaluation.part} metrics cannot be recorded") from error
    if not changed:
        raise SplitLockedError(f"There is no entry {evaluation.evaluation_id} in the ledger.")
    return digest


def metrics_digest(metrics: Mapping[str, Any]) -> str:
    """SHA-256 over the metrics as JSON: keys sorted, numbers as floats, what is none of them as null."""
    return hashlib.sha256(json.dumps(_canonical(plain(dict(metrics))), sort_keys=True).encode()).hexdigest()


def _canonical(value: Any) -> Any:
    """The same for whatever a database makes of a number: 1, 1.0 and 1e0, or 0 and -0."""
    if isinstance(value, dict):
        return {key: _canonical(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_canonical(inner) for inner in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) + 0.0
    return value


def unlock(engine: Engine, split_id: str, part: str, why: str, by: str = "") -> Grant:
    """Allow one evaluation more of a part, for a reason that stays in the ledger.

    Raises ModelTrainerError: no reason, no such split, or nothing to unlock (not evaluated yet, or unlocked
    and not used yet); DatabaseError when the database cannot be reached.
    """
    if part not in PARTS:
        raise ModelTrainerError(f"Only {' and '.join(PARTS)} are unlocked, not {part!r}.")
    if not why.strip():
        raise ModelTrainerError('An unlock needs a reason, which stays in the ledger: --why "…".')
    grant = Grant(uuid.uuid4().hex, split_id, part, str(plain(why.strip())), by or whoever(), now())
    try:
        with writing(engine) as connection:
            _check_unlockable(connection, grant)
            connection.execute(insert(ml_split_grants).values(grant.to_dict()))
    except IntegrityError as error:
        raise ModelTrainerError(f"Split {split_id[:16]} was not unlocked: {cause(error)}.") from error
    except SQLAlchemyError as error:
        raise unreachable(engine, error, f"Split {split_id[:16]} was not unlocked") from error
    return grant


def _check_unlockable(connection: Connection, grant: Grant) -> None:
    registered = ml_split_registry.select().where(ml_split_registry.c.split_id == grant.split_id)
    if connection.execute(registered).first() is None:
        raise ModelTrainerError(
            f"There is no registered split {grant.split_id[:16]}: `trainer-tui train splits` lists them."
        )
    waiting = unused(connection, grant.split_id, grant.part)
    if waiting:
        raise ModelTrainerError(sentences.unlocked_already(waiting[0]))
    if grant.part == "test" and not free_ones(connection, grant.split_id, grant.part):
        raise ModelTrainerError(
            f"The test part of split {grant.split_id[:16]} was not evaluated yet: there is nothing to unlock."
        )


def _resumed(engine: Engine, entry: Evaluation) -> Evaluation | None:
    """The entry that the same run opened for the same model and could not finish, opened once more."""
    table = ml_split_evaluations
    with writing(engine) as connection:
        own = evaluations(
            connection,
            table.c.split_id == entry.split_id,
            table.c.part == entry.part,
            table.c.training_run_id == entry.training_run_id,
            table.c.model_digest == entry.model_digest,
            table.c.state == "opened",
        )
        if not own:
            return None
        again = replace(own[-1], openings=own[-1].openings + 1)
        connection.execute(
            update(table)
            .where(table.c.evaluation_id == again.evaluation_id)
            .values(openings=table.c.openings + 1)
        )
    return again


def _begun(engine: Engine, entry: Evaluation) -> Evaluation | None:
    """A new entry: the free one where it is left, else by the oldest unlock that was not used."""
    if entry.part == "test" and _written(engine, entry):
        return entry
    with engine.connect() as connection:
        waiting = unused(connection, entry.split_id, entry.part)
    if not waiting:
        raise SplitLockedError(_refusal(engine, entry.split_id, entry.part))
    granted = replace(entry, grant_id=waiting[0].grant_id)
    return granted if _written(engine, granted) else None


def _written(engine: Engine, entry: Evaluation) -> bool:
    """Whether the database took the entry; what it refuses, it refuses by its own rules."""
    try:
        with writing(engine) as connection:
            connection.execute(insert(ml_split_evaluations).values(entry.to_dict()))
    except IntegrityError:
        return False
    return True


def _refusal(engine: Engine, split_id: str, part: str) -> str:
    with engine.connect() as connection:
        table = ml_split_registry
        known = connection.execute(table.select().where(table.c.split_id == split_id)).first()
        return sentences.refusal(split_id, part, known is not None, free_ones(connection, split_id, part))
