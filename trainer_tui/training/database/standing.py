"""Where each registered split stands: who evaluated which part, and what is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from trainer_tui.training.database.entries import Evaluation, Grant, evaluations, grants, splits
from trainer_tui.training.database.errors import unreachable
from trainer_tui.training.database.ledger import PARTS
from trainer_tui.training.errors import ModelTrainerError


@dataclass(frozen=True, slots=True)
class SplitStanding:
    """One registered split with its share of the ledger."""

    about: dict[str, Any]
    """Its row in the registry, column → value."""
    evaluations: tuple[Evaluation, ...]
    grants: tuple[Grant, ...]
    same_data: tuple[str, ...] = ()
    """Other splits of the same data, target and strategy."""
    spent: bool = False
    """Whether the free evaluation of the test part was made, with this split or one of `same_data`."""

    @property
    def split_id(self) -> str:
        """The whole id."""
        return str(self.about["split_id"])

    def open_grants(self, part: str) -> int:
        """Unlocks of a part by which nothing was evaluated yet."""
        used = {entry.grant_id for entry in self.evaluations}
        return sum(grant.part == part and grant.grant_id not in used for grant in self.grants)

    def state(self, part: str) -> str:
        """`open`, `unlocked`, `spent` (test) or `locked` (holdout)."""
        if self.open_grants(part):
            return "unlocked"
        if part == "holdout":
            return "locked"
        return "spent" if self.spent else "open"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            **self.about,
            "state": {part: self.state(part) for part in PARTS},
            "same_data": list(self.same_data),
            "evaluations": [entry.to_dict() for entry in self.evaluations],
            "grants": [grant.to_dict() for grant in self.grants],
        }


def standings(engine: Engine) -> list[SplitStanding]:
    """Every registered split, oldest first. Raises DatabaseError."""
    try:
        with engine.connect() as connection:
            registry = [dict(row._mapping) for row in splits(connection)]
            entries, unlocks = evaluations(connection), grants(connection)
    except SQLAlchemyError as error:
        raise unreachable(engine, error, "The registered splits cannot be listed") from error
    tested = {entry.split_id for entry in entries if entry.part == "test"}
    found = []
    for about in registry:
        alike = [other["split_id"] for other in registry if _data(other) == _data(about)]
        own = about["split_id"]
        found.append(
            SplitStanding(
                about,
                tuple(entry for entry in entries if entry.split_id == own),
                tuple(grant for grant in unlocks if grant.split_id == own),
                tuple(name for name in alike if name != own),
                not tested.isdisjoint(alike),
            )
        )
    return found


def find_split(engine: Engine, name: str) -> SplitStanding:
    """The split whose id begins so. Raises ModelTrainerError: there is none, or more than one."""
    there = standings(engine)
    found = [one for one in there if name and one.split_id.startswith(name.lower())]
    if len(found) == 1:
        return found[0]
    if found:
        named = ", ".join(one.split_id[:16] for one in found[:5])
        raise ModelTrainerError(f"{len(found)} splits begin with {name} ({named}): give more of the id.")
    named = ", ".join(one.split_id[:16] for one in there[-5:])
    raise ModelTrainerError(f"There is no registered split {name}; registered are: {named or 'none'}.")


def _data(about: dict[str, Any]) -> tuple[Any, ...]:
    return about["fingerprint"], about["target"], about["strategy"]
