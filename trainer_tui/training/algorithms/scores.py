"""From a fitted estimator to scores of one form, whatever its library and the classes that train had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Task


def scores_of(model: Any, X: Any, task: Task, classes: int) -> npt.NDArray[np.float64]:
    """binary: (n,) probability of class 1; multiclass: (n, k) probabilities by code; regression: (n,)
    predictions.

    model: fitted on codes 0 … k−1. A class that train did not have gets probability 0.
    """
    if task == "regression":
        return np.asarray(model.predict(X), dtype=np.float64).reshape(len(X))
    return by_code(
        np.asarray(model.predict_proba(X), dtype=np.float64), np.asarray(model.classes_), task, classes
    )


def by_code(
    probabilities: npt.NDArray[np.float64], seen: npt.NDArray[Any], task: Task, classes: int
) -> npt.NDArray[np.float64]:
    """(n, classes seen in train) → the form of `scores_of`."""
    full = np.zeros((len(probabilities), max(classes, 2)))
    full[:, seen.astype(int)] = probabilities
    return full[:, 1] if task == "binary" else full
