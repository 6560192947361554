"""Fits an estimator in stages and tells after each how far it is, so that a poor trial can be given up early.

The model at the end is the one that a plain `fit` gives, bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from trainer_tui.training.algorithms.algorithm import Algorithm

STAGES = (10, 25, 50)
"""Percent of the iterations after which a model is looked at."""

Predict = Callable[[Any], npt.NDArray[np.float64]]
Report = Callable[[int, Predict], None]
"""Takes the percent done and a function from X to what `predict_proba` or `predict` would give; raises to
give up."""


def fit(algorithm: Algorithm, estimator: Any, X: Any, y: Any, report: Report | None = None) -> Any:
    """Fits it; `report` is called at each of `STAGES`, for algorithms that have iterations. Returns the
    estimator."""
    how = _WAYS.get(algorithm.staged) if report is not None else None
    if how is None or report is None:
        return estimator.fit(X, y)
    return how(algorithm, estimator, X, y, report)


def _steps(total: int) -> dict[int, int]:
    """Iteration → percent."""
    return {k: percent for percent in STAGES if 0 < (k := math.ceil(total * percent / 100)) < total}


def _predict(estimator: Any) -> Predict:
    method = getattr(estimator, "predict_proba", estimator.predict)
    return lambda X: np.asarray(method(X), dtype=np.float64)


def _warm_start(algorithm: Algorithm, estimator: Any, X: Any, y: Any, report: Report) -> Any:
    total = int(estimator.get_params()[algorithm.rounds])
    estimator.set_params(warm_start=True)
    for rounds, percent in _steps(total).items():
        estimator.set_params(**{algorithm.rounds: rounds}).fit(X, y)
        report(percent, _predict(estimator))
    estimator.set_params(**{algorithm.rounds: total}).fit(X, y)
    return estimator.set_params(warm_start=False)


def _lightgbm(algorithm: Algorithm, estimator: Any, X: Any, y: Any, report: Report) -> Any:
    steps = _steps(int(estimator.get_params()[algorithm.rounds]))
    classify = hasattr(estimator, "predict_proba")

    def watch(env: Any) -> None:
        percent = steps.get(env.iteration + 1)
        if percent is not None:
            report(percent, lambda X: _two_columns(env.model.predict(X), classify))

    return estimator.fit(X, y, callbacks=[watch])


def _xgboost(algorithm: Algorithm, estimator: Any, X: Any, y: Any, report: Report) -> Any:
    from xgboost import DMatrix
    from xgboost.callback import TrainingCallback

    steps = _steps(int(estimator.get_params()[algorithm.rounds]))
    classify = hasattr(estimator, "predict_proba")

    class Watch(TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            percent = steps.get(epoch + 1)
            if percent is not None:
                report(percent, lambda X: _two_columns(model.predict(DMatrix(X)), classify))
            return False

    estimator.set_params(callbacks=[Watch()])
    try:
        estimator.fit(X, y)
    finally:
        estimator.set_params(callbacks=None)
    return estimator


def _two_columns(values: Any, classify: bool) -> npt.NDArray[np.float64]:
    """Boosters give P(class 1) alone for two classes."""
    found = np.asarray(values, dtype=np.float64)
    return np.column_stack([1.0 - found, found]) if classify and found.ndim == 1 else found


def _torch(algorithm: Algorithm, estimator: Any, X: Any, y: Any, report: Report) -> Any:
    steps = _steps(int(estimator.get_params()[algorithm.rounds]))

    def watch(epoch: int, predict: Predict) -> None:
        if epoch in steps:
            report(steps[epoch], predict)

    return estimator.fit(X, y, watch=watch)


_WAYS: dict[str, Callable[[Algorithm, Any, Any, Any, Report], Any]] = {
    "warm_start": _warm_start,
    "lightgbm": _lightgbm,
    "xgboost": _xgboost,
    "torch": _torch,
}
