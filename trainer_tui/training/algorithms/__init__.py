"""The algorithms that the pipeline knows; a table, nothing heavy is imported until an estimator is made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from trainer_tui.training.algorithms.algorithm import Algorithm
from trainer_tui.training.algorithms.ensemble import ENSEMBLE, members_of
from trainer_tui.training.algorithms.table import TABLE
from trainer_tui.training.errors import HyperparameterTuningError

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Task

__all__ = ["ALGORITHMS", "Algorithm", "chosen", "members_of", "scale_of"]

ALGORITHMS: dict[str, Algorithm] = {**TABLE, ENSEMBLE.name: ENSEMBLE}


def scale_of(name: str, params: dict[str, object]) -> bool:
    """Whether `make_preprocessor` should scale for it: an ensemble's features suit the member that asks for
    most."""
    if name == ENSEMBLE.name:
        return any(ALGORITHMS[member.algorithm].scale for member in members_of(params))
    return ALGORITHMS[name].scale


def chosen(names: Iterable[str], task: Task, rows: int) -> tuple[Algorithm, ...]:
    """What a search tries, cheapest first; no name: all that are installed and suit the task and so many
    train rows.

    Raises HyperparameterTuningError for a name that is unknown, not installed, or not for the task.
    """
    names = tuple(names)
    if not names:
        found = [a for a in TABLE.values() if a.suits(task, rows) and a.available()]
    else:
        found = [_named(name, task) for name in dict.fromkeys(names)]
    return tuple(sorted(found, key=lambda a: a.cost))


def _named(name: str, task: Task) -> Algorithm:
    possible = ", ".join(a.name for a in TABLE.values() if task in a.tasks)
    if name not in TABLE:
        raise HyperparameterTuningError(f"There is no algorithm {name!r}: for {task} take one of {possible}.")
    algorithm = TABLE[name]
    if task not in algorithm.tasks:
        raise HyperparameterTuningError(f"{name} is not for {task}: take one of {possible}.")
    if not algorithm.available():
        raise HyperparameterTuningError(
            f"{name} needs the package {algorithm.needs}, which is not installed: pip install "
            f"{algorithm.needs}."
        )
    return algorithm
