"""ROC and precision-recall curves, thinned for the screens without moving their area."""

from __future__ import annotations

import heapq
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer_tui.training.evaluation.by_rank import ranked
from trainer_tui.training.evaluation.rows import Floats, Ints, Scored

POINTS = 200
AREA_EPSILON = 0.002
"""The area below a thinned curve differs from the whole one's by no more than that; `area_moved` says by how
much."""
_BEFORE = 20_000
"""Points from which the careful thinning starts; more are thinned evenly along the curve to so many."""
SHOWN_CLASSES = 12
"""Of more classes than that, only the first so many get curves of their own."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve of straight pieces."""

    label: str
    """The class that is positive."""
    x: tuple[float, ...]
    """ROC: false positive rate. PR: recall."""
    y: tuple[float, ...]
    """ROC: true positive rate. PR: precision."""
    thresholds: tuple[float | None, ...]
    """The score at each point; None at the point where nothing is positive yet."""
    points: int
    """Of the whole curve."""
    area_moved: float
    """|area of this curve − area of the whole one|."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def _area(x: Floats, y: Floats) -> float:
    return float(((x[1:] - x[:-1]) * (y[1:] + y[:-1]) / 2).sum())


def thin(x: Floats, y: Floats, points: int = POINTS) -> Ints:
    """Positions of the points to keep, ends included: the one that spans the smallest triangle goes first.

    Source: Visvalingam, Whyatt 1993. What lies on a straight line goes without any loss.
    """
    kept = np.arange(len(x))
    if len(x) > _BEFORE:
        along = np.append(0.0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y))))
        kept = np.unique(np.searchsorted(along, np.linspace(0, along[-1], _BEFORE)))
        kept = np.unique(np.append(kept, [0, len(x) - 1]))
    if len(kept) <= points:
        return kept
    px, py = x[kept].tolist(), y[kept].tolist()
    left, right = list(range(-1, len(px) - 1)), list(range(1, len(px) + 1))

    def triangle(i: int) -> float:
        a, b = left[i], right[i]
        cross = (px[i] - px[a]) * (py[b] - py[a]) - (px[b] - px[a]) * (py[i] - py[a])
        return abs(float(cross)) / 2

    areas = [0.0, *(triangle(i) for i in range(1, len(px) - 1)), 0.0]
    heap = [(areas[i], i) for i in range(1, len(px) - 1)]
    heapq.heapify(heap)
    remaining = len(px)
    while remaining > points:
        area, i = heapq.heappop(heap)
        if area != areas[i]:
            continue
        areas[i] = -1.0
        remaining -= 1
        a, b = left[i], right[i]
        right[a], left[b] = b, a
        for j in (a, b):
            if 0 < j < len(px) - 1:
                # Never smaller than what was taken before it: the order of the loss.
                areas[j] = max(triangle(j), area)
                heapq.heappush(heap, (areas[j], j))
    return kept[[i for i in range(len(px)) if areas[i] >= 0]]


def _curve(label: str, x: Floats, y: Floats, thresholds: list[float | None]) -> Curve:
    kept = thin(x, y)
    moved = abs(_area(x[kept], y[kept]) - _area(x, y))
    return Curve(
        label,
        tuple(x[kept].tolist()),
        tuple(y[kept].tolist()),
        tuple(thresholds[i] for i in kept),
        len(x),
        moved,
    )


def roc_and_pr(scores: Floats, positive: npt.NDArray[np.bool_], label: str) -> tuple[Curve, Curve] | None:
    """Both curves of (n,) scores; None when only one class is there.

    The PR curve begins at recall 0 with the precision of its first step: before it there is none.
    """
    by = ranked(scores, positive)
    hits = np.cumsum(by.positive)[by.ends]
    everything = by.ends + 1.0
    positives, negatives = hits[-1], everything[-1] - hits[-1]
    if not positives or not negatives:
        return None
    steps: list[float | None] = [None, *scores[by.order][by.ends].tolist()]
    recall, precision = hits / positives, hits / everything
    fall_out = (everything - hits) / negatives
    roc = _curve(label, np.append(0.0, fall_out), np.append(0.0, recall), steps)
    return roc, _curve(label, np.append(0.0, recall), np.append(precision[0], precision), steps)


def curves(rows: Scored, labels: tuple[str, ...]) -> tuple[tuple[Curve, ...], tuple[Curve, ...]]:
    """ROC and PR curves: of the positive class, or of each class against the rest."""
    if rows.task == "binary":
        found = [roc_and_pr(rows.scores, rows.y == 1, labels[1])]
    else:
        shown = range(min(rows.k, SHOWN_CLASSES))
        found = [roc_and_pr(rows.scores[:, c], rows.y == c, labels[c]) for c in shown]
    pairs = [pair for pair in found if pair]
    return tuple(roc for roc, _ in pairs), tuple(pr for _, pr in pairs)
