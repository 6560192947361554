"""Checks of what decides which rows stay together: groups and times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from trainer_tui.training.finding import SHOWN_ROWS, Finding, Severity, brief, counted

if TYPE_CHECKING:
    import pandas as pd

    from trainer_tui.training.dataset import Dataset
    from trainer_tui.training.quality.thresholds import Thresholds


def groups(dataset: Dataset, limits: Thresholds) -> Iterator[Finding]:
    """Rows without a group, too few groups, one group that is too large."""
    series = dataset.groups
    if series is None:
        return
    name = str(series.name)
    yield from _missing("groups", series, "a row without a group may belong to any")
    sizes = series.value_counts()
    if len(sizes) < limits.groups_warning:
        critical = len(sizes) < limits.groups_critical
        severity: Severity = "critical" if critical else "warning"
        so = (
            "four parts cannot be filled"
            if critical
            else "the parts can hardly have 60/20/15/5 % of the rows"
        )
        message = f"The column {name} has {len(sizes)} groups, so {so}: collect more groups."
        yield Finding("groups", severity, message, (name,), details={"groups": len(sizes)})
    share = float(sizes.iloc[0]) / len(dataset) if len(sizes) else 0.0
    if share > limits.largest_group_warning:
        severity = "critical" if share > limits.largest_group_critical else "warning"
        so = "which fits into no part" if severity == "critical" else "which pulls the part that gets it"
        message = f"The group {brief(sizes.index[0])} of {name} has {share:.0%} of the rows, {so}."
        details = {"share": share}
        yield Finding("groups", severity, message, (name,), affected=int(sizes.iloc[0]), details=details)


def times(dataset: Dataset, limits: Thresholds) -> Iterator[Finding]:
    """Rows without a time, or too few different times."""
    series = dataset.times
    if series is None:
        return
    name = str(series.name)
    yield from _missing("times", series, "it can be put neither before nor after the others")
    if series.dtype.kind == "f" and bool(np.isinf(series.to_numpy()).any()):
        yield Finding(
            "times", "critical", f"The time {name} is infinite in some rows: correct them.", (name,)
        )
    different = int(series.nunique())
    if different < limits.times_critical:
        message = (
            f"The time {name} has {different} different values, and four parts need "
            f"{limits.times_critical}: leave it out."
        )
        yield Finding("times", "critical", message, (name,), details={"different": different})


def _missing(check: str, series: pd.Series, because: str) -> Iterator[Finding]:
    missing = series.isna().to_numpy()
    count = int(missing.sum())
    if count:
        rows = tuple(series.index[missing][:SHOWN_ROWS])
        message = (
            f"The column {series.name} has no value in {counted(count)}, and {because}: fill it in, or "
            "leave these rows out."
        )
        yield Finding(check, "critical", message, (str(series.name),), rows, count)
