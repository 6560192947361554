"""What validation measures: the metric asked for, and another one to decide between equals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainer_tui.training.evaluation.assess import values_of
from trainer_tui.training.evaluation.metrics import METRICS, Direction, default_metric, metric
from trainer_tui.training.evaluation.rows import scored

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Task

_TIES: dict[str, str] = {"binary": "log_loss", "multiclass": "log_loss", "regression": "rmse"}


@dataclass(frozen=True, slots=True)
class Scoring:
    """How the scores of validation rows become one value; made by `scoring`."""

    task: Task
    classes: int
    metric: str
    tie: str

    @property
    def direction(self) -> Direction:
        """`maximize` or `minimize`."""
        return METRICS[self.metric].direction

    def values(self, y: npt.NDArray[np.float64], scores: npt.NDArray[np.float64]) -> tuple[float, float]:
        """The metric and the one for ties. Raises ValueError where the metric is undefined, ModelTrainerError
        where a score is not finite."""
        found = values_of(scored(y, scores, self.task, range(self.classes)), {self.metric, self.tie})
        value, tie = found[self.metric], found[self.tie]
        if value is None:
            raise ValueError(f"{self.metric} is undefined on the validation rows")
        return value, float("nan") if tie is None else tie

    def key(self, value: float, tie: float) -> tuple[float, float]:
        """For sorting: larger is better."""
        return _signed(self.metric, value), _signed(self.tie, tie)


def _signed(name: str, value: float) -> float:
    if not np.isfinite(value):
        return -np.inf
    return value if METRICS[name].direction == "maximize" else -value


def scoring(name: str, task: Task, classes: int) -> Scoring:
    """name: a metric of the task; empty: that which validation chooses by. Raises ModelTrainerError."""
    return Scoring(task, classes, metric(name or default_metric(task), task).name, _TIES[task])
