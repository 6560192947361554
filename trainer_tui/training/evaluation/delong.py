"""DeLong's test of two AUCs on the same rows.

Source: DeLong, DeLong, Clarke-Pearson 1988; by midranks after Sun, Xu 2014.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr
from scipy.stats import rankdata

from trainer_tui.training.evaluation.rows import Floats


@dataclass(frozen=True, slots=True)
class DeLong:
    """The test of equal AUCs."""

    difference: float
    standard_error: float
    z: float
    p: float
    """Two-sided."""


def delong(positive: npt.NDArray[np.bool_], new: Floats, old: Floats) -> DeLong | None:
    """None where a class has fewer than two rows, or the difference has no variance (the same ranking
    twice)."""
    m, n = int(positive.sum()), int((~positive).sum())
    if m < 2 or n < 2:
        return None
    placements = [_placements(positive, scores) for scores in (new, old)]
    over_positives = placements[0][0] - placements[1][0]
    over_negatives = placements[0][1] - placements[1][1]
    difference = float(over_positives.mean())
    variance = float(over_positives.var(ddof=1) / m + over_negatives.var(ddof=1) / n)
    if variance <= 0:
        return None
    error = float(np.sqrt(variance))
    z = difference / error
    return DeLong(difference, error, z, float(2 * ndtr(-abs(z))))


def _placements(positive: npt.NDArray[np.bool_], scores: Floats) -> tuple[Floats, Floats]:
    """Of each positive the share of negatives below it, of each negative the share of positives above it."""
    above, below = scores[positive], scores[~positive]
    ranks = rankdata(np.concatenate([above, below]))
    of_positives = (ranks[: len(above)] - rankdata(above)) / len(below)
    of_negatives = 1 - (ranks[len(above) :] - rankdata(below)) / len(above)
    return of_positives, of_negatives
