"""Pairs of rows that are close to each other: all of them for small data, by random projections for large."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.float32]
Pairs = npt.NDArray[np.intp]

BRUTE_FORCE = 6000
"""Rows up to which every pair is looked at."""
TABLES = 8
PROJECTIONS = (6, 10, 16, 24)
"""Of each table: so many that the cells are small, the first that does."""
MOST_IN_CELL = 40
PAIRS_A_ROW = 1
CROWDED = 0.02
"""Share of rows in crowded cells that is borne with."""


def close_pairs(rows: Rows, codes: npt.NDArray[np.int8], radius: float, seed: int) -> tuple[Pairs, bool]:
    """(m, 2) positions of rows in different parts within `radius` (Euclidean), and whether all of them were
    found.

    Large data: locality-sensitive hashing with p-stable projections (Datar, Immorlica, Indyk, Mirrokni
    2004); every pair it brings is measured. Rows in crowded cells are passed over: where many are alike,
    nearness says nothing.
    """
    if len(rows) <= BRUTE_FORCE:
        return _all_pairs(rows, codes, radius), True
    rng = np.random.default_rng(seed)
    widths: tuple[int, ...] = PROJECTIONS
    found = []
    for _ in range(TABLES):
        pairs, width = _table(rows, codes, radius, rng, widths)
        widths = (width,)  # what suited the first table suits the others
        found.append(pairs[:, 0] * len(rows) + pairs[:, 1])
    flat = np.unique(np.concatenate(found))
    pairs = np.column_stack([flat // len(rows), flat % len(rows)])
    return pairs[_distances(rows, pairs) <= radius], False


def _all_pairs(rows: Rows, codes: npt.NDArray[np.int8], radius: float) -> Pairs:
    found = []
    square = (rows**2).sum(axis=1)
    for start in range(0, len(rows), 1000):
        block = slice(start, start + 1000)
        d2 = square[block, None] + square[None, :] - 2 * rows[block] @ rows.T
        other = (codes[block, None] != codes[None, :]) & (codes[block, None] >= 0) & (codes[None, :] >= 0)
        # Single precision: measured again below.
        i, j = np.nonzero(other & (d2 <= radius**2 + 1e-3 * (1 + square[block, None])))
        i = i + start
        found.append(np.column_stack([i, j])[i < j])
    pairs = np.concatenate(found) if found else np.empty((0, 2), dtype=np.intp)
    return pairs[_distances(rows, pairs) <= radius]


def _distances(rows: Rows, pairs: Pairs) -> npt.NDArray[np.float64]:
    result = np.empty(len(pairs))
    for start in range(0, len(pairs), 200_000):
        part = slice(start, start + 200_000)
        difference = rows[pairs[part, 0]].astype(np.float64) - rows[pairs[part, 1]]
        result[part] = np.sqrt((difference**2).sum(axis=1))
    return result


def _table(
    rows: Rows,
    codes: npt.NDArray[np.int8],
    radius: float,
    rng: np.random.Generator,
    widths: tuple[int, ...],
) -> tuple[Pairs, int]:
    """Pairs of one table that are in one cell, and how many projections made its cells."""
    directions = rng.normal(size=(rows.shape[1], max(PROJECTIONS))).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=0)
    shift = rng.random(max(PROJECTIONS)).astype(np.float32)
    odd = rng.integers(0, 2**63, max(PROJECTIONS), dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    key = np.zeros(len(rows), dtype=np.uint64)
    done = 0
    for width in widths:
        new = slice(done, width)
        for first_row in range(0, len(rows), 100_000):
            block = slice(first_row, first_row + 100_000)
            cells = np.floor(rows[block] @ directions[:, new] / np.float32(2 * radius) + shift[new]).astype(
                np.int64
            )
            with np.errstate(over="ignore"):
                key[block] += (cells.view(np.uint64) * odd[new]).sum(axis=1, dtype=np.uint64)
        done = width
        order = np.argsort(key)
        start = np.flatnonzero(np.diff(key[order], prepend=~key[order[:1]]))
        size = np.diff(np.append(start, len(order)))
        few = size[size <= MOST_IN_CELL].astype(np.float64)
        if few.sum() >= (1 - CROWDED) * len(rows) and (few * (few - 1)).sum() / 2 <= PAIRS_A_ROW * len(rows):
            break
    usable = (size > 1) & (size <= MOST_IN_CELL)
    start, size = start[usable], size[usable]
    found = []
    for step in range(1, int(size.max(initial=1))):
        # Each row with the one `step` places further on in its cell.
        longer = size > step
        start, size = start[longer], size[longer]
        count = size - step
        first = (
            np.repeat(start, count) + np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        )
        i, j = order[first], order[first + step]
        other = (codes[i] != codes[j]) & (codes[i] >= 0) & (codes[j] >= 0)
        found.append(np.column_stack([np.minimum(i, j), np.maximum(i, j)])[other])
    return (np.concatenate(found) if found else np.empty((0, 2), dtype=np.intp)), done
