"""Checks of the rows and of the table as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trainer_tui.training.finding import SHOWN_ROWS, Finding, Severity, counted

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Dataset
    from trainer_tui.training.quality.thresholds import Thresholds


def few_rows(dataset: Dataset, limits: Thresholds) -> Iterator[Finding]:
    """Four parts of 60/20/15/5 % need rows."""
    n = len(dataset)
    if n >= limits.few_rows:
        return
    critical = n < limits.fewest_rows
    severity: Severity = "critical" if critical else "warning"
    need = limits.fewest_rows if critical else limits.few_rows
    message = (
        f"The table has {counted(n)}, and four parts (60/20/15/5 %) need {need}: the holdout would have "
        f"{n * 0.05:.1f}."
    )
    yield Finding("few-rows", severity, message, affected=n, details={"rows": n, "need": need})


def more_features_than_rows(dataset: Dataset, limits: Thresholds) -> Iterator[Finding]:
    """With more features than rows nearly any target can be fitted."""
    n, p = dataset.X.shape
    if p <= limits.features_to_rows * n:
        return
    message = (
        f"There are {p} features for {n} rows: any target can be fitted by chance; reduce them, regularise "
        "strongly."
    )
    yield Finding("more-features-than-rows", "warning", message, details={"features": p, "rows": n})


def duplicate_rows(dataset: Dataset, limits: Thresholds) -> Iterator[Finding]:
    """Rows that repeat an earlier one in all features and in the target (64-bit hashes decide)."""
    keys = pd.util.hash_pandas_object(dataset.X, index=False).to_numpy()
    keys = keys ^ (pd.util.hash_array(dataset.y.to_numpy()) * np.uint64(0x9E3779B97F4A7C15))
    again = pd.Series(keys).duplicated().to_numpy()
    count = int(again.sum())
    if not count:
        return
    share = count / len(dataset)
    severity: Severity = "info"
    if share >= limits.duplicates_critical:
        severity = "critical"
    elif share >= limits.duplicates_warning:
        severity = "warning"
    message = (
        f"The features and the target of an earlier row are repeated in {counted(count)} ({share:.1%}): "
        "remove what was counted twice."
    )
    rows = tuple(dataset.X.index[again][:SHOWN_ROWS])
    yield Finding("duplicate-rows", severity, message, rows=rows, affected=count, details={"share": share})


def missing_cells(dataset: Dataset, limits: Thresholds) -> Iterator[Finding]:
    """Missing values in the whole table."""
    used = [column for column in dataset.columns if column.used]
    share = sum(column.missing for column in used) / max(1, len(used) * len(dataset))
    if share < limits.missing_cells_critical:
        return
    message = (
        f"{share:.0%} of all values of the features are missing: there is more to fill in than to learn from."
    )
    yield Finding("missing-cells", "critical", message, affected=len(dataset), details={"share": share})
