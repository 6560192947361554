"""The trials as a table: their order, and the cells of each row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from trainer_tui.runs.trainings.saying import params_text, took_text
from trainer_tui.runs.trainings.trials import Direction, State, Trial
from trainer_tui.tui.pictures import Tone

Sort = Literal["number", "state", "value", "algorithm", "seconds"]

COLUMNS: tuple[tuple[str, int], ...] = (
    ("trial", 7),
    ("state", 11),
    ("value", 11),
    ("algorithm", 18),
    ("took", 13),
)
"""Name and width of each column; what is left belongs to the parameters."""

SORTS: tuple[Sort, ...] = ("number", "value", "seconds", "algorithm", "state")
"""In the order in which the key goes through them."""

SORT_OF: dict[str, Sort] = {
    "trial": "number",
    "state": "state",
    "value": "value",
    "algorithm": "algorithm",
    "took": "seconds",
}
"""Column → what a click on it sorts by."""

SIGNS: dict[State, tuple[str, Tone]] = {
    "complete": (" ", "plain"),
    "pruned": ("◇", "dim"),
    "failed": ("✘", "bad"),
    "killed": ("▲", "warning"),
    "running": ("●", "good"),
}


def arranged(
    trials: Iterable[Trial], sort: Sort, turned: bool, direction: Direction = ""
) -> tuple[Trial, ...]:
    """The trials in an order: the newest, the best, the slowest first, names from A; turned: the other way.

    What has no value stays last either way.
    """
    if sort in ("value", "seconds"):
        known = [(found, trial) for trial in trials if (found := _figure(trial, sort)) is not None]
        without = [trial for trial in trials if _figure(trial, sort) is None]
        falling = (sort == "seconds" or direction != "minimize") != turned
        known.sort(key=lambda pair: (-pair[0] if falling else pair[0], pair[1].number))
        return (*(trial for _, trial in known), *without)
    if sort == "number":
        return tuple(sorted(trials, key=lambda trial: trial.number, reverse=not turned))
    if sort == "algorithm":
        return tuple(sorted(trials, key=lambda trial: (trial.algorithm, trial.number), reverse=turned))
    return tuple(sorted(trials, key=lambda trial: (trial.state, trial.number), reverse=turned))


def _figure(trial: Trial, sort: Sort) -> float | None:
    if sort == "seconds":
        return trial.seconds
    # The value of a pruned trial is that of an early step: it ranks nowhere.
    return trial.value if trial.state == "complete" else None


def cells(trial: Trial) -> tuple[str, ...]:
    """The text of each column, the parameters last."""
    params = params_text(trial)
    return (
        str(trial.number),
        trial.state,
        f"{trial.value:#.4g}" if trial.value is not None else "–",
        trial.algorithm,
        took_text(trial.seconds),
        trial.error if trial.error and not params else params,
    )
