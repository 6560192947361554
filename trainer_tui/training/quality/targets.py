"""Checks of the target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from trainer_tui.training.finding import SHOWN_ROWS, Finding, Severity, brief, counted

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Dataset
    from trainer_tui.training.quality.thresholds import Thresholds

SHOWN_CLASSES = 5


def missing_target(dataset: Dataset, limits: Thresholds) -> Iterator[Finding]:
    """Rows without a target were left out by the reading; with too many of them the rest is no fair
    sample."""
    for finding in dataset.noticed:
        if finding.check != "missing-target":
            continue
        share = finding.details["share"]
        if share >= limits.missing_target_critical:
            message = (
                f"{share:.0%} of the rows have no target {dataset.target}: what is left is no fair sample."
            )
            yield replace(finding, severity="critical", message=message)
        else:
            yield finding


def degenerate(dataset: Dataset, limits: Thresholds) -> Iterator[Finding]:
    """A target with one value cannot be learned, an infinite one cannot be fitted."""
    y = dataset.y.to_numpy()
    if dataset.task == "regression":
        infinite = ~np.isfinite(y)
        count = int(infinite.sum())
        if count:
            rows = tuple(dataset.y.index[infinite][:SHOWN_ROWS])
            message = (
                f"The target {dataset.target} is infinite in {counted(count)}: correct them, or leave them "
                "out."
            )
            yield Finding("degenerate-target", "critical", message, (dataset.target,), rows, count)
    if len(np.unique(y)) < 2:
        value = dataset.classes[0] if dataset.classes else y[0]
        message = (
            f"The target {dataset.target} is {brief(value)} in every row: there is nothing to tell apart."
        )
        yield Finding("degenerate-target", "critical", message, (dataset.target,), affected=len(y))


def small_classes(dataset: Dataset, limits: Thresholds) -> Iterator[Finding]:
    """Classes with too few rows for four parts."""
    if not dataset.classes:
        return
    counts = np.bincount(dataset.y.to_numpy(), minlength=len(dataset.classes))
    bounds: tuple[tuple[Severity, int, int, str], ...] = (
        (
            "critical",
            0,
            limits.class_rows_critical,
            "cannot be in all four parts: merge them, or leave them out",
        ),
        (
            "warning",
            limits.class_rows_critical,
            limits.class_rows_warning,
            "will be thin in the holdout: its figures for them say little",
        ),
    )
    for severity, low, high, so in bounds:
        small = np.flatnonzero((counts >= low) & (counts < high))
        if not len(small):
            continue
        listed = ", ".join(f"{brief(dataset.classes[k])} ({counts[k]})" for k in small[:SHOWN_CLASSES])
        more = f" and {len(small) - SHOWN_CLASSES} more" if len(small) > SHOWN_CLASSES else ""
        rows = dataset.y.index[np.isin(dataset.y.to_numpy(), small)]
        message = (
            f"{len(small)} of {len(counts)} classes of {dataset.target} have fewer than {high} rows and "
            f"{so}: {listed}{more}."
        )
        shown = tuple(rows[:SHOWN_ROWS])
        details = {"classes": len(small), "fewest": int(counts.min())}
        yield Finding("small-classes", severity, message, (dataset.target,), shown, len(rows), details)


def imbalance(dataset: Dataset, limits: Thresholds) -> Iterator[Finding]:
    """The rarest of two classes; with more classes, against their equal share."""
    if len(dataset.classes) < 2:
        return
    shares = np.bincount(dataset.y.to_numpy(), minlength=len(dataset.classes)) / len(dataset)
    rarest = int(shares.argmin())
    bound = limits.minority_warning * 2 / len(shares)
    if shares[rarest] >= bound:
        return
    message = (
        f"The class {brief(dataset.classes[rarest])} of {dataset.target} has {shares[rarest]:.2%} of the "
        "rows: accuracy says little here; look at PR-AUC and MCC."
    )
    details = {"share": float(shares[rarest]), "bound": bound}
    yield Finding("class-imbalance", "warning", message, (dataset.target,), details=details)


def many_classes(dataset: Dataset, limits: Thresholds) -> Iterator[Finding]:
    """A target with very many classes is often a name or a quantity."""
    k = len(dataset.classes)
    if k > limits.classes_warning:
        message = (
            f"The target {dataset.target} has {k} classes: if they are names or quantities, it is another "
            "task."
        )
        yield Finding("many-classes", "warning", message, (dataset.target,), details={"classes": k})
