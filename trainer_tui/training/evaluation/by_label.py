"""Accuracy, precision, recall, F1 and MCC of weighted rows, from the counts of each class.

Source of the MCC for more than two classes: Gorodkin 2004, R_K. No source gives precision without a positive
prediction a value: it is NaN for two classes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from trainer_tui.training.evaluation.rows import Floats, Scored


def label_statistics(rows: Scored) -> Callable[[Floats], dict[str, Floats]]:
    """The metrics that need labels, as a function of (B, n) weights."""
    classes = np.arange(rows.k)
    true = rows.y[:, None] == classes
    said = rows.predicted()[:, None] == classes
    indicators = np.hstack([true & said, true, said]).astype(np.float64)

    def of(weights: Floats) -> dict[str, Floats]:
        hits, actual, predicted = np.split(weights @ indicators, 3, axis=1)
        return from_counts(hits, actual, predicted)

    return of


def from_counts(hits: Floats, actual: Floats, predicted: Floats) -> dict[str, Floats]:
    """The metrics of (B, k) counts: right, of the class, predicted as the class. Two classes: of the
    second."""
    total = actual.sum(axis=1)
    there = actual > 0
    several = there.sum(axis=1) > 1
    recalls = np.divide(hits, actual, out=np.zeros_like(hits), where=there)
    found = {"accuracy": hits.sum(axis=1) / total}
    found["balanced_accuracy"] = np.where(several, recalls.sum(axis=1) / there.sum(axis=1), np.nan)
    if hits.shape[1] == 2:
        found["precision"] = hits[:, 1] / predicted[:, 1]
        found["recall"] = hits[:, 1] / actual[:, 1]
        both = actual[:, 1] + predicted[:, 1]
        found["f1"] = np.where(actual[:, 1] > 0, 2 * hits[:, 1] / both, np.nan)
    else:
        known = there.sum(axis=1)
        precisions = np.divide(hits, predicted, out=np.zeros_like(hits), where=there & (predicted > 0))
        harmonic = np.divide(2 * hits, actual + predicted, out=np.zeros_like(hits), where=there)
        found["precision"] = precisions.sum(axis=1) / known
        found["recall"] = recalls.sum(axis=1) / known
        found["f1"] = harmonic.sum(axis=1) / known
    found["mcc"] = _matthews(hits, actual, predicted, several)
    return found


def _matthews(hits: Floats, actual: Floats, predicted: Floats, several: npt.NDArray[np.bool_]) -> Floats:
    total = actual.sum(axis=1)
    above = hits.sum(axis=1) * total - (actual * predicted).sum(axis=1)
    below = (total**2 - (predicted**2).sum(axis=1)) * (total**2 - (actual**2).sum(axis=1))
    value = np.divide(above, np.sqrt(np.maximum(below, 0.0)), out=np.zeros_like(above), where=below > 0)
    return np.where(several, value, np.nan)
