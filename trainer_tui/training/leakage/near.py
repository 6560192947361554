"""Rows that are nearly equal to a row of another part: augmentation or noise added before the split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer_tui.training.finding import Finding
from trainer_tui.training.leakage.context import Context
from trainer_tui.training.leakage.neighbours import Pairs, Rows, close_pairs
from trainer_tui.training.leakage.overlap import PAIRS, pair_name

Floats = npt.NDArray[np.float64]

RADIUS = 0.1
"""Root mean square difference over the columns, in standard deviations, below which a pair is looked at."""
REFERENCE = 2000
JUDGED = 2000
ROUNDING = 1e-5
"""Below it in every column, two rows are the same but for rounding."""
LEAST = 0.01
"""Expected pairs, over all rows, below which a pair is reported."""


@dataclass(frozen=True, slots=True)
class _Judged:
    pairs: Pairs
    distance: Floats
    expected: float


def near(context: Context) -> list[Finding]:
    """Pairs across parts that are far closer than the density around them explains.

    The number of rows to be expected that close to a row follows from the distances to its neighbours in a
    sample, with the intrinsic dimension that they have (the idea of Facco, d'Errico, Rodriguez, Laio:
    Estimating the intrinsic dimension of datasets by a minimal neighborhood information, 2017). Natural
    neighbours are as close as that says.
    """
    rows = context.scaled()
    if rows.shape[1] == 0 or len(rows) < 20:
        return []
    pairs, all_found = close_pairs(rows, context.codes, RADIUS * np.sqrt(rows.shape[1]), context.seed)
    difference = np.zeros(len(pairs))
    for start in range(0, len(pairs), 200_000):
        part = slice(start, start + 200_000)
        difference[part] = np.abs(rows[pairs[part, 0]] - rows[pairs[part, 1]]).max(axis=1)
    # Equal rows are the matter of another check.
    pairs, difference = pairs[difference > 0], difference[difference > 0]
    if not len(pairs):
        return []
    chosen = np.random.default_rng(context.seed).permutation(len(pairs))[:JUDGED]
    judged = _judge(context, rows, pairs[chosen])
    if not len(judged.pairs):
        return []
    return [_finding(context, rows, judged, len(pairs) / len(chosen), all_found)]


def _judge(context: Context, rows: Rows, pairs: Pairs) -> _Judged:
    """Those of the pairs that chance does not explain."""
    n = len(rows)
    reference = context.shuffled(context.codes >= 0, REFERENCE)
    m = len(reference)
    dimension = _dimension(rows[reference])
    distance = np.sqrt(((rows[pairs[:, 0]].astype(np.float64) - rows[pairs[:, 1]]) ** 2).sum(axis=1))
    around = _sorted_distances(rows[pairs[:, 0]], rows[reference])
    around[around <= distance[:, None] * 1.5] = np.inf  # the pair itself and its further copies
    around = np.sort(around, axis=1)[:, :3]
    third = around[:, min(2, around.shape[1] - 1)]
    with np.errstate(divide="ignore", invalid="ignore"):
        # Three sample rows lie within `third`; by the power of the dimension, so many of all do here.
        # No more dimensions than columns that both rows have: a missing value is 0 in `scaled`.
        known = ((rows[pairs[:, 0]] != 0) & (rows[pairs[:, 1]] != 0)).sum(axis=1)
        expected = 3 * n / m * (distance / third) ** np.minimum(dimension, 0.75 * known)
    expected = np.where(np.isfinite(third), expected, np.inf)
    sure = expected * n < LEAST
    return _Judged(pairs[sure], distance[sure], float(expected[sure].sum()))


def _sorted_distances(some: Rows, reference: Rows) -> Floats:
    """(k, 12): distances to the nearest rows of the reference."""
    d2 = (some**2).sum(axis=1)[:, None] + (reference**2).sum(axis=1)[None, :] - 2 * some @ reference.T
    width = min(12, d2.shape[1] - 1)
    nearest = np.argpartition(d2, width, axis=1)[:, :width]
    result = np.empty(nearest.shape)
    for column in range(width):
        difference = some.astype(np.float64) - reference[nearest[:, column]]
        result[:, column] = np.sqrt((difference**2).sum(axis=1))
    return np.sort(result, axis=1)


def _dimension(reference: Rows) -> float:
    """Intrinsic dimension: for the 3rd and 6th neighbour, E ln(r₆/r₃) = (1/3 + 1/4 + 1/5) / D; at most 20."""
    distances = _sorted_distances(reference, reference)
    third, sixth = distances[:, 3], distances[:, 6]
    known = third > 1e-9
    if known.sum() < 10:
        return 0.0
    # Three quarters of it: the density is not the same everywhere.
    return float(
        min(20.0, 0.75 * (1 / 3 + 1 / 4 + 1 / 5) / max(np.log(sixth[known] / third[known]).mean(), 1e-3))
    )


def _finding(context: Context, rows: Rows, judged: _Judged, factor: float, all_found: bool) -> Finding:
    codes = context.codes
    first, second = judged.pairs[:, 0], judged.pairs[:, 1]
    later = np.where(codes[first] > codes[second], first, second)
    counts = {
        pair_name(a, b): int(
            (
                ((codes[first] == a) & (codes[second] == b)) | ((codes[first] == b) & (codes[second] == a))
            ).sum()
        )
        for a, b in PAIRS
    }
    largest = np.abs(rows[first] - rows[second]).max(axis=1)
    rounding = bool((largest <= ROUNDING).all())
    same = float((context.y[first] == context.y[second]).mean())
    affected = round(len(np.unique(later)) * factor)
    how = (
        "equal but for rounding"
        if rounding
        else f"within {np.median(largest):.2g} standard deviations in every column"
    )
    return Finding(
        check="near-duplicates",
        severity="critical" if rounding else "warning",
        message=(
            f"{affected:,} rows are {how} of a row in another part, far closer than neighbours are "
            f"here, {same:.0%} of "
            "them with the same target: remove copies and augmented rows, or name what holds them "
            "together as group."
        ),
        rows=context.ids(np.unique(later)),
        affected=affected,
        details={
            "pairs": {name: count for name, count in counts.items() if count},
            "median_largest_difference": float(np.median(largest)),
            "same_target": same,
            "expected_by_chance": judged.expected,
            "judged_share": 1 / factor,
            "all_pairs_compared": all_found,
            "partners": [list(context.ids(pair)) for pair in judged.pairs[np.argsort(judged.distance)][:5]],
        },
    )
