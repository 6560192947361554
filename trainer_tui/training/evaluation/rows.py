"""Targets and scores of n rows, checked once; every metric starts from here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer_tui.training.dataset import Task
from trainer_tui.training.errors import ModelTrainerError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

DEFAULT_THRESHOLD = 0.5
ADDS_UP = 1e-3
"""How far from 1 the probabilities of a row may add up to: models in float32 miss by 1e-6, the careless by
more."""


@dataclass(frozen=True, slots=True)
class Scored:
    """n rows with what is true and what was said of them."""

    task: Task
    y: npt.NDArray[Any]
    """(n,): codes 0 … k−1, or the numbers of a regression."""
    scores: Floats
    """(n,) of the positive class or of a regression, (n, k) for more than two classes; finite."""
    k: int
    """Classes; 0 for a regression."""
    threshold: float = DEFAULT_THRESHOLD
    """Binary: a score of at least this much is positive."""
    probabilities: bool = False
    """Whether the scores can be read as probabilities."""

    def __len__(self) -> int:
        return len(self.y)

    def predicted(self) -> npt.NDArray[Any]:
        """(n,): the predicted codes; of equal largest scores the first class. A regression: its scores."""
        if self.task == "regression":
            return self.scores
        if self.task == "binary":
            return (self.scores >= self.threshold).astype(np.intp)
        return np.asarray(self.scores.argmax(axis=1))


def _array(values: Any, what: str) -> Floats:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ModelTrainerError(f"The {what} are not numbers, so nothing can be measured.") from None
    if not len(array):
        raise ModelTrainerError("There is no row to evaluate.")
    bad = ~np.isfinite(array)
    if bad.any():
        rows = int(bad.reshape(len(array), -1).any(axis=1).sum())
        raise ModelTrainerError(
            f"The {what} of {rows} of {len(array)} rows are not finite, so no metric would mean anything."
        )
    return array


def scored(
    y: Any,
    scores: Any,
    task: Task,
    classes: Sequence[Any] = (),
    threshold: float | None = None,
) -> Scored:
    """The rows, checked. Binary scores are (n,), or (n, 2) with the positive class second.

    Raises ModelTrainerError for no rows, values that are not finite, shapes that do not fit, unknown codes.
    """
    target, said = _array(y, "targets"), _array(scores, "scores")
    if target.ndim != 1:
        raise ModelTrainerError(f"The targets have {target.ndim} dimensions, one is needed.")
    if len(said) != len(target):
        raise ModelTrainerError(f"There are {len(target)} targets but {len(said)} scores.")
    if task != "multiclass" and said.ndim == 2 and said.shape[1] == (2 if task == "binary" else 1):
        said = said[:, -1]
    if said.ndim != (2 if task == "multiclass" else 1):
        raise ModelTrainerError(f"Scores of shape {said.shape} do not fit a {task} task.")
    said = np.ascontiguousarray(said)
    if task == "regression":
        return Scored(task, target, said, 0)
    k = 2 if task == "binary" else said.shape[1]
    if classes and len(classes) != k:
        raise ModelTrainerError(f"There are {len(classes)} classes but scores for {k}.")
    codes = target.astype(np.intp)
    if (codes != target).any() or codes.min() < 0 or codes.max() >= k:
        raise ModelTrainerError(f"The targets must be codes from 0 to {k - 1}, as there are {k} classes.")
    within = bool(said.min() >= 0 and said.max() <= 1)
    if task == "multiclass":
        within = within and bool(np.abs(said.sum(axis=1) - 1).max() <= ADDS_UP)
    return Scored(task, codes, said, k, DEFAULT_THRESHOLD if threshold is None else float(threshold), within)
