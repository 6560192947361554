"""One evaluation of one part: every metric of the task, intervals, tables and curves, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from trainer_tui.training.dataset import Task
from trainer_tui.training.evaluation import bins, by_label
from trainer_tui.training.evaluation.curves import Curve, curves
from trainer_tui.training.evaluation.intervals import REPLICATES, Interval, bootstrap
from trainer_tui.training.evaluation.metrics import METRICS, metric, metrics_for, unit_of
from trainer_tui.training.evaluation.plain import plain
from trainer_tui.training.evaluation.rows import DEFAULT_THRESHOLD, Scored, scored
from trainer_tui.training.evaluation.smooth import smooth_ece
from trainer_tui.training.evaluation.topk import DEFAULT_KS, precision_at_k
from trainer_tui.training.evaluation.weighted import ones, statistics

SHOWN_POINTS = 200
SHOWN_CELLS = 50
"""Of more classes than that no confusion matrix is kept."""


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class of the table."""

    label: str
    rows: int
    predicted: int
    precision: float | None
    recall: float | None
    f1: float | None
    auc: float | None
    """Against the rest."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How good the scores of one part are."""

    task: Task
    rows: int
    metrics: dict[str, float | None]
    """Every metric of the task by name; None where it is undefined."""
    reasons: dict[str, str]
    """Metric → one sentence why it, or its interval, is not there."""
    units: dict[str, str]
    """Metric → unit, where it has one."""
    intervals: dict[str, Interval]
    bootstrap: dict[str, Any]
    """How the intervals were drawn: `units`, `unit_count`, `asked`, `drawn`, `left_out`, `seed`, `note`."""
    threshold: float | None = None
    """Binary: from there on a score is positive."""
    precision_at_k: dict[int, float] = field(default_factory=dict)
    """Binary: k → expected precision among the k highest scores."""
    classes: tuple[str, ...] = ()
    per_class: tuple[ClassRow, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    """[true][predicted] counts."""
    roc: tuple[Curve, ...] = ()
    pr: tuple[Curve, ...] = ()
    reliability: tuple[bins.Bin, ...] = ()
    """The bins behind `calibration_error`."""
    smooth_bandwidth: float | None = None
    points: tuple[tuple[float, float], ...] = ()
    """A regression: (true, predicted) of rows evenly spread over the true values."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: no NaN, no numpy."""
        found = plain(asdict(self))
        assert isinstance(found, dict)
        return found


def value(
    name: str,
    y: Any,
    scores: Any,
    task: Task,
    classes: Sequence[Any] = (),
    threshold: float | None = None,
) -> float | None:
    """One metric by its name; None where it is undefined. The threshold of binary labels is 0.5 by default.

    Raises ModelTrainerError for a name that the task has not, and for rows that cannot be evaluated.
    """
    wanted = metric(name, task)
    return values_of(scored(y, scores, task, classes, threshold), [wanted.name])[name]


def values_of(rows: Scored, names: Iterable[str]) -> dict[str, float | None]:
    """Name → value or None, in the order of the names."""
    wanted = list(names)
    found = {name: float(values[0]) for name, values in statistics(rows, wanted)(ones(rows)).items()}
    if "max_error" in wanted and rows.task == "regression":
        found["max_error"] = float(np.abs(rows.scores - rows.y).max())
    if rows.probabilities and rows.task != "regression":
        said, outcomes = bins.confidences(rows)
        if len(rows) >= bins.BINS:
            if "calibration_error" in wanted:
                found["calibration_error"] = bins.calibration_error(bins.reliability(said, outcomes))
            if "ece_equal_width" in wanted:
                wide = bins.reliability(said, outcomes, "equal-width")
                found["ece_equal_width"] = bins.calibration_error(wide)
        if "smooth_ece" in wanted:
            found["smooth_ece"] = smooth_ece(said, outcomes)[0]
    return {name: found[name] if np.isfinite(found.get(name, np.nan)) else None for name in wanted}


def why_none(rows: Scored, name: str) -> str:
    """One sentence why a metric has no value for these rows."""
    if METRICS[name].needs == "probabilities" and not rows.probabilities:
        return "The scores are no probabilities."
    if name in ("calibration_error", "ece_equal_width"):
        return f"There are {len(rows)} rows for {bins.BINS} bins."
    if name == "precision":
        return "No row is predicted positive."
    if rows.task != "regression" and len(np.unique(rows.y)) < 2:
        return "Only one class is among the rows."
    if name == "mape":
        return "A target is 0, so the error has no share of it."
    if name == "r2":
        return "All targets are the same, so there is no variance to explain."
    return "It is undefined for these rows."


def evaluate(
    y: Any,
    scores: Any,
    task: Task,
    classes: Sequence[Any] = (),
    threshold: float | None = None,
    *,
    groups: Any = None,
    unit: str = "",
    ks: Iterable[int] = (),
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Evaluation:
    """Every metric of the task for (n,) targets and (n,) or (n, k) scores.

    `threshold`: of binary labels, as chosen on validation; `groups`: (n,), drawn as a whole by the bootstrap;
    `unit`: of the target; `ks`: beside 100, 500 and 1000; `replicates`: 0 for no intervals.
    Raises ModelTrainerError for rows that cannot be evaluated (none, not finite, shapes that do not fit).
    """
    rows = scored(y, scores, task, classes, threshold)
    names = [one.name for one in metrics_for(task)]
    metrics = values_of(rows, names)
    intervals, reasons, drawn = bootstrap(rows, names, groups, replicates, seed)
    reasons |= {name: why_none(rows, name) for name in names if metrics[name] is None}
    units = {name: unit_of(name, unit) for name in names if unit_of(name, unit)}
    common: dict[str, Any] = {
        "task": task,
        "rows": len(rows),
        "metrics": metrics,
        "reasons": reasons,
        "units": units,
        "intervals": intervals,
        "bootstrap": drawn,
    }
    if task == "regression":
        return Evaluation(**common, points=_points(rows))
    labels = tuple(str(one) for one in classes) or tuple(str(code) for code in range(rows.k))
    roc, pr = curves(rows, labels)
    said, outcomes = bins.confidences(rows)
    return Evaluation(
        **common,
        threshold=(DEFAULT_THRESHOLD if threshold is None else threshold) if task == "binary" else None,
        precision_at_k=precision_at_k(rows.scores, rows.y == 1, (*DEFAULT_KS, *ks))
        if task == "binary"
        else {},
        classes=labels,
        per_class=_per_class(rows, labels),
        confusion=_confusion(rows),
        roc=roc,
        pr=pr,
        reliability=bins.reliability(said, outcomes) if rows.probabilities and len(rows) >= bins.BINS else (),
        smooth_bandwidth=smooth_ece(said, outcomes)[1] if rows.probabilities else None,
    )


def _confusion(rows: Scored) -> tuple[tuple[int, ...], ...]:
    if rows.k > SHOWN_CELLS:
        return ()
    counts = np.bincount(rows.y * rows.k + rows.predicted(), minlength=rows.k**2)
    return tuple(tuple(line) for line in counts.reshape(rows.k, rows.k).tolist())


def _per_class(rows: Scored, labels: tuple[str, ...]) -> tuple[ClassRow, ...]:
    predicted = rows.predicted()
    found = []
    for code, label in enumerate(labels):
        own, said = rows.y == code, predicted == code
        counts = [np.array([[float((~own & ~said).sum()), float((own & said).sum())]])]
        counts += [np.array([[float((~one).sum()), float(one.sum())]]) for one in (own, said)]
        with np.errstate(divide="ignore", invalid="ignore"):
            of = by_label.from_counts(*counts)
        figures = {
            name: float(of[name][0]) if np.isfinite(of[name][0]) else None
            for name in ("precision", "recall", "f1")
        }
        if rows.task == "binary":
            against = Scored("binary", own.astype(np.intp), rows.scores if code else -rows.scores, 2)
        else:
            against = Scored("binary", own.astype(np.intp), rows.scores[:, code], 2)
        auc = values_of(against, ["auc"])["auc"]
        found.append(ClassRow(label, int(own.sum()), int(said.sum()), **figures, auc=auc))
    return tuple(found)


def _points(rows: Scored) -> tuple[tuple[float, float], ...]:
    order = np.argsort(rows.y, kind="stable")
    shown = order[np.unique(np.linspace(0, len(order) - 1, SHOWN_POINTS).round().astype(np.intp))]
    return tuple(zip(rows.y[shown].tolist(), rows.scores[shown].tolist(), strict=True))
