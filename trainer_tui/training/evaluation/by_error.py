"""Errors of a regression for weighted rows: RMSE, MAE, median absolute error, R², MAPE."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trainer_tui.training.evaluation.rows import Floats, Scored


def error_statistics(rows: Scored) -> Callable[[Floats], dict[str, Floats]]:
    """The metrics that need values, as a function of (B, n) weights that are counts."""
    y = rows.y.astype(np.float64)
    error = np.abs(rows.scores - y)
    # The mean is taken off first: the sum of squares of a target around 1e6 has no digits left for its
    # variance.
    centred = y - y.mean()
    relative = error / np.abs(y) if (y != 0).all() else np.full(len(y), np.nan)
    sums = np.column_stack([error**2, error, centred, centred**2, relative, np.ones(len(y))])
    order = np.argsort(error, kind="stable")
    constant = bool((y == y[0]).all())

    def of(weights: Floats) -> dict[str, Floats]:
        squared, absolute, first, second, share, total = (weights @ sums).T
        variance = second - first**2 / total
        # What rounding leaves of the variance of equal targets is none.
        r2 = np.where(variance > 1e-12 * second, 1 - squared / variance, np.nan)
        return {
            "rmse": np.sqrt(squared / total),
            "mae": absolute / total,
            "median_ae": _median(error[order], weights[:, order]),
            "r2": np.full_like(r2, np.nan) if constant else r2,
            "mape": 100 * share / total,
        }

    return of


def _median(ascending: Floats, counts: Floats) -> Floats:
    """(B,): the medians of (n,) values that stand (B, n) times each."""
    reached = np.cumsum(counts, axis=1)
    total = reached[:, -1:]
    low = (reached >= np.floor((total + 1) / 2)).argmax(axis=1)
    high = (reached >= np.floor(total / 2) + 1).argmax(axis=1)
    return np.asarray((ascending[low] + ascending[high]) / 2)
