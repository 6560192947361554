"""Checks of single columns.

Outliers are measured by the column's own tails, not by its standard deviation: a skewed column (incomes,
areas) has long tails that are no faults. Source of the idea of limits from quantiles: Tukey, Exploratory Data
Analysis, 1977.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainer_tui.training.finding import SHOWN_ROWS, Finding, Severity, brief, counted
from trainer_tui.training.quality.thresholds import PLACEHOLDERS

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Dataset
    from trainer_tui.training.quality.thresholds import Thresholds


def missing_values(dataset: Dataset, limits: Thresholds) -> Iterator[Finding]:
    """The share of missing values of each feature."""
    n = len(dataset)
    for column in dataset.columns:
        share = column.missing / n
        if not column.used or share <= limits.missing_column_info:
            continue
        severity: Severity = "warning" if share >= limits.missing_column_warning else "info"
        message = f"The column {column.name} has no value in {column.missing} of {counted(n)} ({share:.1%})."
        if severity == "warning":
            message = message[:-1] + ": leave it out, or find out why."
        yield Finding(
            "missing-values", severity, message, (column.name,), (), column.missing, {"share": share}
        )


def constant_columns(dataset: Dataset, limits: Thresholds) -> Iterator[Finding]:
    """Columns that say nothing; they are left out already."""
    names = tuple(column.name for column in dataset.columns if column.kind == "constant")
    if names:
        message = f"{_columns(names)} a single value or none, and were left out: {_listed(names)}."
        yield Finding("constant-columns", "info", message, names)


def infinite_values(dataset: Dataset, limits: Thresholds) -> Iterator[Finding]:
    """Infinity among the features is a fault of whatever computed it."""
    for name, values in _numbers(dataset):
        infinite = np.isinf(values)
        count = int(infinite.sum())
        if count:
            message = (
                f"The column {name} is infinite in {counted(count)}: leave these values empty, or correct "
                "them."
            )
            yield Finding("infinite-values", "critical", message, (name,), _rows(dataset, infinite), count)


def outliers(dataset: Dataset, limits: Thresholds) -> Iterator[Finding]:
    """Values far beyond the tails of their column."""
    distinct = {column.name: column.distinct for column in dataset.columns}
    for name, values in _numbers(dataset):
        if distinct[name] < limits.outlier_distinct:
            continue
        finite = values[np.isfinite(values)]
        if len(finite) < limits.few_rows:
            continue
        first, low, middle, high, last = np.quantile(finite, [0.01, 0.25, 0.5, 0.75, 0.99])
        if low == high:  # most rows have one value: what is rare there is no fault
            continue
        below = first - limits.tail_widths * (middle - first)
        above = last + limits.tail_widths * (last - middle)
        beyond = (values < below) | (values > above)
        count = int(beyond.sum())
        if not count:
            continue
        message = (
            f"The column {name} has {counted(count, 'value')} beyond {below:.4g} … {above:.4g}, where all "
            f"others are between {finite[(finite >= below) & (finite <= above)].min():.4g} and "
            f"{finite[(finite >= below) & (finite <= above)].max():.4g}: check their unit and their source."
        )
        details = {"low": float(below), "high": float(above)}
        yield Finding("outliers", "warning", message, (name,), _rows(dataset, beyond), count, details)


def placeholders(dataset: Dataset, limits: Thresholds) -> Iterator[Finding]:
    """A number such as −999 that repeats, alone at the end of its column, with a gap wider than the rest."""
    for name, values in _numbers(dataset):
        finite = values[np.isfinite(values)]
        if len(finite) < limits.placeholder_repeats:
            continue
        for value, rest in (
            (finite.min(), finite[finite > finite.min()]),
            (finite.max(), finite[finite < finite.max()]),
        ):
            if float(value) not in PLACEHOLDERS or not len(rest):
                continue
            repeats = len(finite) - len(rest)
            gap = float(min(abs(rest.min() - value), abs(rest.max() - value)))
            if repeats < limits.placeholder_repeats or gap <= rest.max() - rest.min() or gap <= 1:
                continue
            message = (
                f"The column {name} is {value:g} in {counted(repeats)}, and between {rest.min():.4g} and "
                f"{rest.max():.4g} elsewhere: if that means missing, leave these values empty."
            )
            rows = _rows(dataset, values == value)
            yield Finding(
                "placeholder-values", "warning", message, (name,), rows, repeats, {"value": float(value)}
            )


def spellings(dataset: Dataset, limits: Thresholds) -> Iterator[Finding]:
    """Categories that differ only in spaces around them or in upper and lower case."""
    for column in dataset.columns:
        if not column.used or column.kind != "categorical":
            continue
        written: dict[str, list[str]] = {}
        for value in dataset.X[column.name].dropna().unique():
            written.setdefault(" ".join(str(value).split()).casefold(), []).append(str(value))
        several = [forms for forms in written.values() if len(forms) > 1]
        if several:
            example = " and ".join(repr(brief(form)) for form in sorted(several[0])[:3])
            message = (
                f"The column {column.name} writes {len(several)} categories in several ways, such as "
                f"{example}: choose one."
            )
            yield Finding(
                "spellings", "warning", message, (column.name,), details={"categories": len(several)}
            )


def mixed_types(dataset: Dataset, limits: Thresholds) -> Iterator[Finding]:
    """Columns of numbers with a few words among them, noticed while reading."""
    return (finding for finding in dataset.noticed if finding.check == "mixed-types")


def encoding(dataset: Dataset, limits: Thresholds) -> Iterator[Finding]:
    """A file in another encoding than UTF-8, noticed while reading."""
    return (finding for finding in dataset.noticed if finding.check == "encoding")


def _numbers(dataset: Dataset) -> Iterator[tuple[str, npt.NDArray[np.float64]]]:
    for column in dataset.columns:
        if column.used and column.kind == "numeric":
            yield column.name, dataset.X[column.name].to_numpy()


def _rows(dataset: Dataset, mask: npt.NDArray[np.bool_]) -> tuple[object, ...]:
    return tuple(dataset.X.index[np.flatnonzero(mask)[:SHOWN_ROWS]])


def _columns(names: tuple[str, ...]) -> str:
    return "One column has" if len(names) == 1 else f"{len(names)} columns have"


def _listed(names: tuple[str, ...], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
