"""Resamples as counts: which rows, or groups of rows, are drawn how often; and the sample with parts left
out.

Whole groups are drawn where rows of one group depend on each other (cluster bootstrap: Davison, Hinkley 1997,
§3.8). Classes keep their sizes (strata), where units are of one class each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainer_tui.training.errors import ModelTrainerError
from trainer_tui.training.evaluation.rows import Floats, Ints, Scored

CELLS = 2_000_000
"""Weights that are held at a time; constant, since sums are rounded by how they are cut."""
JACKKNIFED = 1000
BLOCKS = 500
"""More units than the first are left out in so many blocks: the acceleration is then estimated with an error
below 0.001, and it is itself of the order 1/√n."""


@dataclass(frozen=True, slots=True)
class Units:
    """What is drawn."""

    of_row: Ints
    """(n,): the unit of each row."""
    count: int
    strata: tuple[Ints, ...]
    """The units of each stratum."""
    what: str
    """`rows` or `groups`, with the strata: for the screen."""


def units(rows: Scored, groups: Any = None) -> Units:
    """The units of (n,) rows: rows within classes, or whole groups. Raises ModelTrainerError for other
    lengths."""
    n = len(rows)
    if groups is None:
        if rows.task == "regression":
            return Units(np.arange(n), n, (np.arange(n),), "rows")
        strata = tuple(np.flatnonzero(rows.y == code) for code in np.unique(rows.y))
        return Units(np.arange(n), n, strata, "rows within each class")
    import pandas as pd

    if len(groups) != n:
        raise ModelTrainerError(f"There are {n} rows but {len(groups)} group names.")
    of_row, names = pd.factorize(np.asarray(groups, dtype=object), use_na_sentinel=True)
    unknown = of_row < 0
    # A row without a group is one of its own.
    of_row = of_row.astype(np.intp)
    of_row[unknown] = len(names) + np.arange(int(unknown.sum()))
    count = len(names) + int(unknown.sum())
    if rows.task != "regression":
        first = np.full(count, -1)
        first[of_row] = rows.y
        if (first[of_row] == rows.y).all():
            strata = tuple(np.flatnonzero(first == code) for code in np.unique(rows.y))
            return Units(of_row, count, strata, "groups within each class")
    return Units(of_row, count, (np.arange(count),), "groups")


def _rows_of(drawn: Floats, of: Units) -> Floats:
    return drawn if len(of.of_row) == of.count and of.what.startswith("rows") else drawn[:, of.of_row]


def _chunks(total: int, width: int) -> Iterator[int]:
    size = max(1, CELLS // max(width, 1))
    for start in range(0, total, size):
        yield min(size, total - start)


def resamples(of: Units, replicates: int, seed: int) -> Iterator[Floats]:
    """Weights (b, n), a chunk at a time, `replicates` in all; the same seed gives the same ones."""
    rng = np.random.default_rng(seed)
    for size in _chunks(replicates, max(of.count, len(of.of_row))):
        drawn = np.zeros((size, of.count))
        for stratum in of.strata:
            m = len(stratum)
            picks = rng.integers(0, m, size=(size, m)) + np.arange(size)[:, None] * m
            drawn[:, stratum] = np.bincount(picks.ravel(), minlength=size * m).reshape(size, m)
        yield _rows_of(drawn, of)


def left_out(of: Units, seed: int) -> Iterator[tuple[int, Floats]]:
    """(stratum, weights (b, n)): each unit left out once, or each block of units, where there are many."""
    rng = np.random.default_rng([seed, 1])
    for number, stratum in enumerate(of.strata):
        pieces = [stratum[i : i + 1] for i in range(len(stratum))]
        if of.count > JACKKNIFED:
            share = max(1, round(BLOCKS * len(stratum) / of.count))
            pieces = np.array_split(rng.permutation(stratum), min(len(stratum), max(share, 20)))
        if len(pieces) < 2:
            continue
        done = 0
        for size in _chunks(len(pieces), max(of.count, len(of.of_row))):
            kept = np.ones((size, of.count))
            for line, piece in enumerate(pieces[done : done + size]):
                kept[line, piece] = 0.0
            done += size
            yield number, _rows_of(kept, of)
