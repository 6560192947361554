"""Whole groups, and parts one after the other: a group keeps only its rows in the time of its part."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainer_tui.training.splits import times
from trainer_tui.training.splits.allocate import SHARES
from trainer_tui.training.splits.groups import Groups
from trainer_tui.training.splits.split import NO_PART, TOLERANCE

Floats = npt.NDArray[np.float64]

OUTER, INNER = 12, 40
NOISE = 0.05
"""Spread of the random part of a group's preference, in units of the logarithm of rows: groups that are
alike would all change their part at once otherwise."""


def assign(groups: Groups, axis: times.Axis) -> npt.NDArray[np.int8]:
    """(n,): the part of each row.

    A group goes to the part in whose time most of its rows lie, times a factor for each part; the factors
    are those that make the shares of the kept rows meet the ratios (an assignment by dual prices). Where
    factors cannot, because groups hardly span the borders, the borders move. Rows of a group outside the
    time of its part are in no part.
    """
    noise = _gumbel(groups.order) * NOISE
    ratios = SHARES.copy()
    best: npt.NDArray[np.int8] | None = None
    best_key = (np.inf, np.inf)
    for _ in range(OUTER):
        window = times.codes_of(axis, times.borders(axis, ratios))
        rows = _rows(groups, window)
        parts = _prices(rows, noise)
        kept = rows[np.arange(len(parts)), parts]
        share = np.bincount(parts, weights=kept, minlength=4) / max(kept.sum(), 1)
        gap = float(np.abs(share - SHARES).max())
        # Within the tolerance the split that keeps more rows is the better one.
        key = (max(gap, TOLERANCE * 0.75), -float(kept.sum()))
        if key < best_key:
            best_key = key
            best = np.where(window == parts[groups.of_row], window, NO_PART).astype(np.int8)
        ratios = ratios * np.sqrt(SHARES / np.maximum(share, 1e-3))
        ratios /= ratios.sum()
    assert best is not None
    return best


def _rows(groups: Groups, window: npt.NDArray[np.int8]) -> Floats:
    """(G, 4): rows of each group in the time of each part."""
    inside = window >= 0
    cells = np.bincount(groups.of_row[inside] * 4 + window[inside], minlength=4 * len(groups.sizes))
    return cells.reshape(-1, 4).astype(np.float64)


def _prices(rows: Floats, noise: Floats) -> npt.NDArray[np.intp]:
    with np.errstate(divide="ignore"):
        liking = np.log(rows) + noise
    liking[~np.isfinite(liking)] = -1e9
    everyone = np.arange(len(rows))
    price = np.zeros(4)
    best, best_gap = liking.argmax(axis=1), np.inf
    for step in range(INNER):
        parts = (liking + price).argmax(axis=1)
        kept = np.bincount(parts, weights=rows[everyone, parts], minlength=4)
        share = kept / max(kept.sum(), 1)
        gap = float(np.abs(share - SHARES).max())
        if gap < best_gap:
            best, best_gap = parts, gap
        if gap <= TOLERANCE / 2:
            break
        price += 0.9 ** (step / 2) * np.clip(np.log(SHARES / np.maximum(share, 1e-3)), -1, 1) * 0.5
    return np.asarray(best)


def _gumbel(order: npt.NDArray[np.uint64]) -> Floats:
    """(G, 4): Gumbel noise from the hashes of the groups."""
    from trainer_tui.training.splits.identity import mix

    columns = []
    state = order
    for _ in range(4):
        state = mix(state)
        uniform = (state >> np.uint64(11)).astype(np.float64) / 2**53
        columns.append(-np.log(-np.log(np.clip(uniform, 1e-12, 1 - 1e-12))))
    return np.column_stack(columns)
