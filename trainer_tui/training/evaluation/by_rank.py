"""AUC and average precision of weighted rows, by cumulative counts along the falling scores.

Sources: the Mann-Whitney statistic with midranks (Hanley, McNeil 1982); the step sum of precision over
recall.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer_tui.training.evaluation.rows import Floats, Ints, Scored


@dataclass(frozen=True, slots=True)
class Ranked:
    """Rows in the order of falling scores; rows of one score are one step."""

    order: Ints
    """(n,)"""
    ends: Ints
    """(steps,): the last row of each step, in that order."""
    positive: Floats
    """(n,): 1 for a positive, in that order."""


def ranked(scores: Floats, positive: npt.NDArray[np.bool_]) -> Ranked:
    """The order of (n,) scores, with the positives."""
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    ends = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))
    return Ranked(order, ends, positive[order].astype(np.float64))


def areas(by: Ranked, weights: Floats) -> tuple[Floats, Floats]:
    """(B,) AUC and (B,) average precision of (B, n) weights; NaN where a class is missing."""
    ordered = weights[:, by.order]
    everything = np.cumsum(ordered, axis=1)[:, by.ends]
    ordered *= by.positive
    hits = np.cumsum(ordered, axis=1)[:, by.ends]
    misses = everything - hits
    positives, negatives = hits[:, -1], misses[:, -1]
    gained = np.diff(hits, axis=1, prepend=0.0)
    # A positive beats the negatives of later steps, and half of those of its own.
    beaten = negatives[:, None] - misses
    beaten += np.diff(misses, axis=1, prepend=0.0) / 2
    auc = (gained * beaten).sum(axis=1) / (positives * negatives)
    # A step that the resample left empty adds nothing: 0 / 1.
    average = (gained * (hits / np.maximum(everything, 1.0))).sum(axis=1) / positives
    average[negatives == 0] = np.nan
    return auc, average


def rank_statistics(rows: Scored) -> Callable[[Floats], dict[str, Floats]]:
    """`auc` and `pr_auc`; more than two classes: the mean over the classes that are there, one against the
    rest."""
    codes = [1] if rows.task == "binary" else list(range(rows.k))
    columns = rows.scores[:, None] if rows.task == "binary" else rows.scores
    orders = [ranked(columns[:, i], rows.y == code) for i, code in enumerate(codes)]

    def of(weights: Floats) -> dict[str, Floats]:
        pairs = [areas(one, weights) for one in orders]
        return {"auc": _mean([auc for auc, _ in pairs]), "pr_auc": _mean([area for _, area in pairs])}

    return of


def _mean(columns: list[Floats]) -> Floats:
    """(B,): the mean over the columns that are defined, NaN where none is."""
    table = np.stack(columns)
    there = np.isfinite(table)
    return np.asarray(np.where(there, table, 0.0).sum(axis=0) / there.sum(axis=0))
