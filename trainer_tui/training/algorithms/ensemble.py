"""A weighted mean of several models as one estimator, which the search may choose instead of one trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainer_tui.training.algorithms.algorithm import Algorithm
from trainer_tui.training.algorithms.table import TABLE

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Task


@dataclass(frozen=True, slots=True)
class Member:
    """One model of an ensemble."""

    algorithm: str
    params: dict[str, Any]
    weight: float


def members_of(params: Mapping[str, Any]) -> tuple[Member, ...]:
    """The members in an ensemble's hyperparameters: {"members": [{"algorithm", "params", "weight"}, …]}."""
    return tuple(
        Member(str(m["algorithm"]), dict(m["params"]), float(m["weight"])) for m in params.get("members", ())
    )


@dataclass(frozen=True, slots=True)
class Ensemble(Algorithm):
    """The row of the table whose hyperparameters are its members."""

    def make(
        self,
        params: Mapping[str, Any],
        task: Task,
        seed: int = 0,
        classes: Sequence[Any] = (),
        threads: int = 1,
    ) -> Any:
        """The weighted mean of the members' probabilities, or of their predictions."""
        from sklearn.ensemble import VotingClassifier, VotingRegressor

        members = members_of(params)
        if not members:
            raise ValueError("an ensemble needs at least one member")
        estimators = [
            (f"{m.algorithm}_{k}", TABLE[m.algorithm].make(m.params, task, seed, classes, threads))
            for k, m in enumerate(members, start=1)
        ]
        weights = [m.weight for m in members]
        if task == "regression":
            return VotingRegressor(estimators, weights=weights)
        return VotingClassifier(estimators, voting="soft", weights=weights)


ENSEMBLE = Ensemble(
    "ensemble",
    "ensemble",
    "scikit-learn",
    classifier="sklearn.ensemble:VotingClassifier",
    regressor="sklearn.ensemble:VotingRegressor",
    seeded="",
    cost=99,
    max_rows=0,
)
