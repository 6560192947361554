"""Reliability in bins: the expected calibration error, and the diagram.

Source: Naeini, Cooper, Hauskrecht 2015 (ECE); equal mass after Nguyen, O'Connor 2015. For more than two
classes confidence and correctness of the largest probability stand for score and target (Guo et al. 2017).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from trainer_tui.training.evaluation.rows import Floats, Ints, Scored

BINS = 15
Binning = Literal["equal-mass", "equal-width"]
REPORTED: Binning = "equal-mass"
"""The one that `calibration_error` is: its bins hold enough rows each."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows of similar scores; a point of the reliability diagram."""

    low: float
    high: float
    """Of equal width: the edges. Of equal mass: the smallest and the largest score in it."""
    count: int
    predicted: float
    """Mean score."""
    observed: float
    """Share of positives (of right predictions, for more than two classes)."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def confidences(rows: Scored) -> tuple[Floats, Floats]:
    """(n,) probabilities and (n,) outcomes 0 or 1 whose calibration is measured."""
    if rows.task == "binary":
        return rows.scores, rows.y.astype(np.float64)
    return np.clip(rows.scores.max(axis=1), 0, 1), (rows.predicted() == rows.y).astype(np.float64)


def _places(scores: Floats, binning: Binning, bins: int) -> Ints:
    """(n,): the bin of each row. Of equal mass: by the middle rank, so that equal scores stay together."""
    if binning == "equal-width":
        return np.minimum((scores * bins).astype(np.intp), bins - 1)
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts + 1) / 2
    return np.asarray((middle * bins / len(scores)).astype(np.intp)[inverse])


def reliability(
    probabilities: Floats, outcomes: Floats, binning: Binning = REPORTED, bins: int = BINS
) -> tuple[Bin, ...]:
    """The bins that hold rows, by rising score."""
    places = _places(probabilities, binning, bins)
    counts = np.bincount(places, minlength=bins)
    predicted = np.bincount(places, probabilities, minlength=bins)
    observed = np.bincount(places, outcomes, minlength=bins)
    low, high = np.full(bins, np.inf), np.full(bins, -np.inf)
    np.minimum.at(low, places, probabilities)
    np.maximum.at(high, places, probabilities)
    if binning == "equal-width":
        low, high = np.arange(bins) / bins, np.arange(1, bins + 1) / bins
    return tuple(
        Bin(float(low[i]), float(high[i]), int(counts[i]), predicted[i] / counts[i], observed[i] / counts[i])
        for i in np.flatnonzero(counts)
    )


def calibration_error(found: tuple[Bin, ...]) -> float:
    """Expected calibration error: the mean over rows of |observed − predicted| of their bin."""
    total = sum(one.count for one in found)
    return float(sum(one.count * abs(one.observed - one.predicted) for one in found) / total)
