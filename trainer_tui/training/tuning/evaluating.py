"""One trial: train on the train rows, score the validation rows."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer_tui.training.algorithms import ALGORITHMS
from trainer_tui.training.algorithms.scores import by_code, scores_of
from trainer_tui.training.algorithms.staged import Predict, fit
from trainer_tui.training.tuning.matrices import Matrices
from trainer_tui.training.tuning.scoring import Scoring

OnStep = Callable[[int, float], str]
"""Takes percent and value; returns why the trial is to be given up, empty to go on."""

REASON = 300
"""Characters kept of an error."""


class GivenUp(Exception):
    """The trial ends before its last iteration."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial: a value and scores, or a reason."""

    value: float | None = None
    tie: float = float("nan")
    scores: npt.NDArray[np.float64] | None = None
    """(n,) or (n, k) of the validation rows."""
    seconds: float = 0.0
    steps: dict[int, float] = field(default_factory=dict)
    given_up: bool = False
    reason: str = ""


def evaluate(
    matrices: Matrices,
    scoring: Scoring,
    algorithm: str,
    params: dict[str, Any],
    seed: int,
    threads: int,
    on_step: OnStep | None = None,
) -> Outcome:
    """Never raises for what an algorithm does; its warnings (no convergence and the like) are not shown."""
    began = time.perf_counter()
    row = ALGORITHMS[algorithm]
    X, X_validation = matrices.train[row.scale], matrices.validation[row.scale]
    steps: dict[int, float] = {}

    def report(percent: int, predict: Predict) -> None:
        said = predict(X_validation)
        if scoring.task != "regression":
            said = by_code(said, np.unique(matrices.y_train), scoring.task, scoring.classes)
        steps[percent] = scoring.values(matrices.y_validation, said)[0]
        if on_step is not None and (why := on_step(percent, steps[percent])):
            raise GivenUp(why)

    value, tie, scores, given_up, reason = None, float("nan"), None, False, ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = row.make(params, scoring.task, seed, range(scoring.classes), threads)
            fit(row, model, X, matrices.y_train, report if on_step is not None else None)
            scores = scores_of(model, X_validation, scoring.task, scoring.classes)
            value, tie = scoring.values(matrices.y_validation, scores)
    except GivenUp as error:
        given_up, reason = True, str(error)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".replace("\n", " ")[:REASON]
    return Outcome(value, tie, scores, time.perf_counter() - began, steps, given_up, reason)
