"""Precision among the k highest scores; where a tie straddles the k-th place, its expected value.

Source: McSherry, Najork 2008, "Computing information retrieval performance measures efficiently in the
presence of tied scores".
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from trainer_tui.training.evaluation.rows import Floats

DEFAULT_KS = (100, 500, 1000)


def precision_at_k(
    scores: Floats, positive: npt.NDArray[np.bool_], ks: Iterable[int] = DEFAULT_KS
) -> dict[int, float]:
    """k → share of positives among the k highest of (n,) scores; a k above n, or below 1, is left out.

    Of rows that share the k-th score each is as likely to be among the k as another: the mean over all
    orders.
    """
    order = np.argsort(-scores, kind="stable")
    falling, hits = scores[order], np.cumsum(positive[order])
    found: dict[int, float] = {}
    for k in sorted(set(ks)):
        if not 0 < k <= len(scores):
            continue
        first = int(np.searchsorted(-falling, -falling[k - 1], side="left"))
        last = int(np.searchsorted(-falling, -falling[k - 1], side="right"))
        above = int(hits[first - 1]) if first else 0
        tied = int(hits[last - 1]) - above
        found[k] = (above + (k - first) * tied / (last - first)) / k
    return found
