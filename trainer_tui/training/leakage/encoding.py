"""A column of target means that were computed over all rows: each value tells of targets outside of train."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trainer_tui.training.finding import Finding
from trainer_tui.training.leakage.context import Context

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

EXACT = 1e-6
"""Of the target's deviation: the values are the means, to the last digit that a file keeps."""
ROUNDED = 1e-3
FEWEST_LEVELS = 3


def target_means(context: Context) -> list[Finding]:
    """Columns whose values are means of the target over the rows that have them (plain, smoothed, or leaving
    the row itself out), over all rows and not over train alone."""
    labels = _labels(context)
    found = []
    for name in context.names:
        if not context.is_number(name):
            continue
        f = context.column(name)
        for column in context.indicators().T:
            finding = _check(context, name, f, column, labels)
            if finding:
                found.append(finding)
                break
    return found


def _labels(context: Context) -> dict[str, Ints]:
    """Columns of labels, as codes: what a mean may be one of."""
    result = {}
    for name in context.names:
        if not context.is_number(name) and context.dataset.X[name].dtype.kind not in "Mm":
            codes, levels = pd.factorize(context.column(name))
            if FEWEST_LEVELS <= len(levels) <= len(codes) / 2:
                result[str(name)] = codes.astype(np.intp)
    return result


def _check(context: Context, name: Any, f: Floats, y: Floats, labels: dict[str, Ints]) -> Finding | None:
    used = np.isfinite(f) & np.isfinite(y) & (context.codes >= 0)
    f_used, y_used = f[used], y[used]
    spread = float(y_used.std()) if len(y_used) else 0.0
    # Means of a target have nearly the mean of the target: most columns end here.
    if (
        spread == 0
        or abs(float(f_used.mean()) - float(y_used.mean())) > 0.1 * spread
        or f_used.std() > spread
    ):
        return None
    train = context.codes[used] == 0
    codes, levels = pd.factorize(f_used)
    if FEWEST_LEVELS <= len(levels) <= len(codes) / 2:
        over_all = _distance(codes, levels, f_used, y_used, np.ones(len(codes), dtype=bool)) / spread
        over_train = _distance(codes, levels, f_used, y_used, train) / spread
        if over_all <= ROUNDED and over_all < 0.05 * over_train:
            return _finding(
                context,
                name,
                f"the mean of the target for each of {len(levels):,} values",
                over_all,
                over_train,
            )
    for label, of_row in labels.items():
        own = of_row[used]
        over_all = _leave_one_out(own, f_used, y_used, np.ones(len(own), dtype=bool)) / spread
        over_train = _leave_one_out(own, f_used, y_used, train) / spread
        if over_all <= ROUNDED and over_all < 0.05 * over_train:
            what = f'the mean of the target over the other rows with the same "{label}"'
            return _finding(context, name, what, over_all, over_train)
    return None


def _distance(codes: Ints, levels: Floats, f: Floats, y: Floats, rows: npt.NDArray[np.bool_]) -> float:
    """Root mean square over rows of value − mean, the better of plain and smoothed; inf where it would say
    nothing."""
    counts = np.bincount(codes[rows], minlength=len(levels)).astype(np.float64)
    sums = np.bincount(codes[rows], weights=y[rows], minlength=len(levels))
    squares = np.bincount(codes[rows], weights=y[rows] ** 2, minlength=len(levels))
    used = counts >= 2
    within = squares[used] - sums[used] ** 2 / counts[used]
    # A copy of the target is its own mean too: another check tells of it.
    if used.sum() < FEWEST_LEVELS or within.sum() <= 1e-9 * max(float(squares.sum()), 1e-300):
        return np.inf
    v, c, s = levels[used], counts[used], sums[used]
    best = float(np.sqrt(np.average((s / c - v) ** 2, weights=c)))
    prior = float(y[rows].mean())
    away = np.abs(v - prior) > 1e-9
    if away.sum() > FEWEST_LEVELS:
        # v = (s + m·prior) / (c + m), with the same weight m for all values.
        weights = (s - v * c)[away] / (v - prior)[away]
        weight = float(np.median(weights))
        if weight > 0:
            # Where two labels have the same mean, their weights add up.
            times = np.ones(len(v))
            times[away] = np.clip(np.round(weights / weight), 1, 10)
            smoothed = (s + times * weight * prior) / (c + times * weight)
            best = min(best, float(np.sqrt(np.average((smoothed - v) ** 2, weights=c))))
    return best


def _leave_one_out(codes: Ints, f: Floats, y: Floats, rows: npt.NDArray[np.bool_]) -> float:
    rows = rows & (codes >= 0)
    if rows.sum() < 10:
        return np.inf
    counts = np.bincount(codes[rows]).astype(np.float64)[codes[rows]]
    sums = np.bincount(codes[rows], weights=y[rows])[codes[rows]]
    several = counts > 1
    if several.sum() < 10:
        return np.inf
    expected = (sums - y[rows])[several] / (counts[several] - 1)
    return float(np.sqrt(((expected - f[rows][several]) ** 2).mean()))


def _finding(context: Context, name: Any, what: str, over_all: float, over_train: float) -> Finding:
    outside = np.flatnonzero(context.codes > 0)
    exact = over_all <= EXACT
    return Finding(
        check="target-encoding",
        severity="critical" if exact else "warning",
        message=(
            f'Column "{name}" is {what}, computed over all rows, so it holds targets from outside of '
            "train: leave it out, "
            "or give the column it was made of and let the pipeline encode it."
        ),
        columns=(str(name),),
        rows=context.ids(outside),
        affected=len(outside),
        details={"distance_over_all_rows": over_all, "distance_over_train": over_train},
    )
