"""What stands in the ledger, read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, select
from sqlalchemy.engine import Connection

from trainer_tui.training.database.tables import ml_split_evaluations, ml_split_grants, ml_split_registry


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One entry: somebody was let at the rows of a part."""

    evaluation_id: str
    split_id: str
    part: str
    training_run_id: str
    purpose: str
    state: str
    """`opened`, or `recorded` once there are metrics."""
    opened_at: str
    opened_by: str
    openings: int = 1
    """More than one: the run was killed in between and took it up again."""
    grant_id: str | None = None
    """The unlock that allowed it; None for the first one of a test part."""
    model_digest: str = ""
    recorded_at: str | None = None
    metrics_digest: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Grant:
    """One unlock."""

    grant_id: str
    split_id: str
    part: str
    reason: str
    granted_by: str
    granted_at: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def evaluations(connection: Connection, *where: ColumnElement[bool]) -> list[Evaluation]:
    """Entries that meet all conditions, oldest first."""
    table = ml_split_evaluations
    found = connection.execute(select(table).where(*where).order_by(table.c.opened_at, table.c.evaluation_id))
    return [Evaluation(**row._mapping) for row in found]


def grants(connection: Connection, *where: ColumnElement[bool]) -> list[Grant]:
    """Unlocks that meet all conditions, oldest first."""
    table = ml_split_grants
    found = connection.execute(select(table).where(*where).order_by(table.c.granted_at, table.c.grant_id))
    return [Grant(**row._mapping) for row in found]


def unused(connection: Connection, split_id: str, part: str) -> list[Grant]:
    """Unlocks of a part by which nothing was evaluated yet, oldest first."""
    table, entries = ml_split_grants.c, ml_split_evaluations.c
    used = exists().where(entries.grant_id == table.grant_id)
    return grants(connection, table.split_id == split_id, table.part == part, ~used)


def free_ones(connection: Connection, split_id: str, part: str) -> list[Evaluation]:
    """Entries of this part, of this split or of another one of the same data, target and strategy."""
    ours, theirs = ml_split_registry.alias("ours"), ml_split_registry.alias("theirs")
    alike = select(theirs.c.split_id).join(
        ours,
        and_(*(theirs.c[name] == ours.c[name] for name in ("fingerprint", "target", "strategy"))),
    )
    entries = ml_split_evaluations.c
    return evaluations(
        connection, entries.part == part, entries.split_id.in_(alike.where(ours.c.split_id == split_id))
    )


def splits(connection: Connection) -> Sequence[Row[Any]]:
    """The registry, oldest first."""
    table = ml_split_registry
    return connection.execute(select(table).order_by(table.c.registered_at, table.c.split_id)).all()
