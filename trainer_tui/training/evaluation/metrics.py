"""The table of metrics: what they are called, which way is better, for which task, in which unit.

Imports nothing heavy. `evaluation.value` computes one of them, `evaluation.evaluate` all of a task.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trainer_tui.training.dataset import TASKS, Task
from trainer_tui.training.errors import ModelTrainerError

Direction = Literal["maximize", "minimize"]
Needs = Literal["scores", "labels", "probabilities", "values"]

_BOTH: tuple[Task, ...] = ("binary", "multiclass")
_REGRESSION: tuple[Task, ...] = ("regression",)


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of merit."""

    name: str
    title: str
    """For screens."""
    direction: Direction
    tasks: tuple[Task, ...]
    needs: Needs
    """`scores`: any order; `labels`: scores and the threshold (the largest score for more than two classes);
    `probabilities`: scores in [0, 1] whose rows add up to 1; `values`: predicted numbers."""
    about: str
    """What exactly is computed, with the convention where there is more than one."""
    unit: str = ""
    """`target`: that of the target; `%`; empty: none."""
    interval: bool = True
    """Whether the bootstrap gives it an interval; `about` says why not."""


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "auc",
            "AUC",
            "maximize",
            _BOTH,
            "scores",
            "Area under the ROC curve, ties count one half; more than two classes: each against the rest, "
            "the plain mean over the classes that are there.",
        ),
        Metric(
            "pr_auc",
            "PR-AUC",
            "maximize",
            _BOTH,
            "scores",
            "Average precision (a sum over steps, nothing interpolated); more than two classes: as for auc.",
        ),
        Metric("accuracy", "accuracy", "maximize", _BOTH, "labels", "Share of rows with the right label."),
        Metric(
            "balanced_accuracy",
            "balanced accuracy",
            "maximize",
            _BOTH,
            "labels",
            "Mean of the recalls of the classes that are there.",
        ),
        Metric(
            "precision",
            "precision",
            "maximize",
            _BOTH,
            "labels",
            "TP/(TP+FP) of the positive class; more than two classes: the mean over the classes that "
            "are there, "
            "one that is never predicted counts as 0.",
        ),
        Metric(
            "recall",
            "recall",
            "maximize",
            _BOTH,
            "labels",
            "TP/(TP+FN) of the positive class; more than two classes: the mean over the classes that "
            "are there.",
        ),
        Metric(
            "f1",
            "F1",
            "maximize",
            _BOTH,
            "labels",
            "2TP/(2TP+FP+FN) of the positive class; more than two classes: the mean over the classes "
            "that are there.",
        ),
        Metric(
            "mcc",
            "MCC",
            "maximize",
            _BOTH,
            "labels",
            "Matthews correlation (Gorodkin's R_K for more than two classes); 0 where one label is "
            "predicted for all.",
        ),
        Metric(
            "log_loss",
            "log loss",
            "minimize",
            _BOTH,
            "probabilities",
            "Mean of −ln p(true class), p held at 1e-15 or more.",
            unit="nats",
        ),
        Metric(
            "brier_score",
            "Brier score",
            "minimize",
            _BOTH,
            "probabilities",
            "Mean of (p − y)² in [0, 1]; more than two classes: summed over the classes, in [0, 2].",
        ),
        Metric(
            "calibration_error",
            "ECE",
            "minimize",
            _BOTH,
            "probabilities",
            "Expected calibration error over 15 bins of equal mass, tied scores in one bin; more than "
            "two classes: of "
            "the largest probability. No interval: resampling biases it upwards.",
            interval=False,
        ),
        Metric(
            "ece_equal_width",
            "ECE, equal width",
            "minimize",
            _BOTH,
            "probabilities",
            "The same over 15 bins of equal width on [0, 1].",
            interval=False,
        ),
        Metric(
            "smooth_ece",
            "smooth ECE",
            "minimize",
            _BOTH,
            "probabilities",
            "SmoothECE (Błasiok, Nakkiran 2023): reflected Gaussian kernel, its bandwidth the fixed "
            "point; more than "
            "two classes: of the largest probability.",
            interval=False,
        ),
        Metric(
            "rmse", "RMSE", "minimize", _REGRESSION, "values", "Root of the mean squared error.", "target"
        ),
        Metric("mae", "MAE", "minimize", _REGRESSION, "values", "Mean absolute error.", "target"),
        Metric(
            "median_ae", "median AE", "minimize", _REGRESSION, "values", "Median absolute error.", "target"
        ),
        Metric("r2", "R²", "maximize", _REGRESSION, "values", "1 − squared error over variance."),
        Metric(
            "mape",
            "MAPE",
            "minimize",
            _REGRESSION,
            "values",
            "Mean of |error / target| in percent; none where a target is 0.",
            "%",
        ),
        Metric(
            "max_error",
            "max error",
            "minimize",
            _REGRESSION,
            "values",
            "Largest absolute error. No interval: the bootstrap of an extreme is not consistent.",
            "target",
            interval=False,
        ),
    )
}

DEFAULTS: dict[Task, str] = {"binary": "auc", "multiclass": "mcc", "regression": "rmse"}
"""What validation chooses by, unless a person says otherwise."""


def default_metric(task: Task) -> str:
    """The metric by which validation chooses."""
    return DEFAULTS[task]


def metrics_for(task: Task) -> tuple[Metric, ...]:
    """The metrics of a task, in the order of the table."""
    return tuple(metric for metric in METRICS.values() if task in metric.tasks)


def metric(name: str, task: Task | None = None) -> Metric:
    """One metric by its name. Raises ModelTrainerError when there is none, or the task has it not."""
    known = METRICS.get(name)
    if known is None or (task is not None and task not in known.tasks):
        names = ", ".join(m.name for m in (metrics_for(task) if task in TASKS else METRICS.values()))
        what = f"There is no metric {name!r}" + (f" for {task}" if task else "")
        raise ModelTrainerError(f"{what}: one of {names}.")
    return known


def better(name: str, a: float | None, b: float | None) -> bool:
    """Whether value `a` is better than `b` by that metric; a value beats None."""
    if a is None or b is None:
        return a is not None
    return a > b if metric(name).direction == "maximize" else a < b


def unit_of(name: str, target_unit: str = "") -> str:
    """The unit of a metric's value, for screens."""
    unit = METRICS[name].unit
    return target_unit if unit == "target" else unit
