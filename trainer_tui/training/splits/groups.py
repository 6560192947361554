"""Whole groups to four parts: ratios met as well as groups allow, classes kept as well as possible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from trainer_tui.training.errors import DataSourceError
from trainer_tui.training.splits.allocate import SHARES
from trainer_tui.training.splits.identity import hashes
from trainer_tui.training.splits.refine import improve
from trainer_tui.training.splits.split import TOLERANCE

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Dataset

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int8]

MOST_GREEDY = 20_000
"""Groups that are placed one by one; more of them are first dealt out by size and prevailing class."""
RESTARTS = 8


@dataclass(frozen=True, slots=True)
class Groups:
    """G groups of n rows."""

    of_row: npt.NDArray[np.intp]
    """(n,): the group of each row."""
    labels: pd.Index
    """(G,)"""
    sizes: npt.NDArray[np.intp]
    """(G,): rows."""
    order: npt.NDArray[np.uint64]
    """(G,): hashes of the labels."""


def groups_of(dataset: Dataset, seed: int) -> Groups:
    """The groups of a dataset; `DataSourceError` where there are none, or a row belongs to none."""
    series = dataset.groups
    if series is None:
        raise DataSourceError(
            "A split by group needs a column that says which rows belong together: name it as group."
        )
    codes, labels = pd.factorize(series, sort=False)
    if (codes < 0).any():
        missing = int((codes < 0).sum())
        raise DataSourceError(
            f'{missing:,} rows have no value in the group column "{series.name}": fill it in or leave '
            "those rows out."
        )
    # In the order of their hashes, so that the order of the rows plays no part.
    order = hashes(pd.Index(labels), seed)
    sequence = np.argsort(order, kind="stable")
    place = np.empty(len(sequence), dtype=np.intp)
    place[sequence] = np.arange(len(sequence))
    of_row = place[codes]
    return Groups(of_row, pd.Index(labels)[sequence], np.bincount(of_row), order[sequence])


def assign(groups: Groups, strata: npt.NDArray[np.intp]) -> Codes:
    """(G,): the part of each group.

    Groups alike in size and classes are dealt out in proportion; the others are placed one by one, the
    largest first, where they leave the smallest chi-square distance from the wanted table of parts by
    classes (the idea of scikit-learn's StratifiedGroupKFold, with parts of different sizes). Moves and
    exchanges then improve on it.
    """
    contents = _contents(groups, strata)
    best, best_gap = None, np.inf
    for attempt in range(RESTARTS):
        # After half of the attempts the ratios come first: classes are given up before the split is.
        columns = contents if attempt < RESTARTS // 2 else contents[:, :1]
        order = np.roll(np.arange(len(groups.sizes)), attempt)
        parts = improve(_place(columns, order), columns)
        gap = deviation(parts, groups.sizes)
        if gap < best_gap - 1e-12:
            best, best_gap = parts, gap
        if best_gap <= TOLERANCE:
            break
    assert best is not None
    return best


def deviation(parts: Codes, sizes: npt.NDArray[np.intp]) -> float:
    """How far the worst share is from its ratio."""
    counts = np.bincount(parts, weights=sizes, minlength=len(SHARES))
    return float(np.abs(counts / counts.sum() - SHARES).max())


def _contents(groups: Groups, strata: npt.NDArray[np.intp]) -> Floats:
    """(G, 1 + k): rows, and rows of each stratum, of each group."""
    k = int(strata.max()) + 1
    if k * len(groups.sizes) > 20_000_000:
        return groups.sizes[:, None].astype(np.float64)
    cells = np.bincount(groups.of_row * k + strata, minlength=k * len(groups.sizes))
    return np.column_stack([groups.sizes, cells.reshape(-1, k)]).astype(np.float64)


def _place(contents: Floats, order: npt.NDArray[np.intp]) -> Codes:
    parts = np.full(len(contents), -1, dtype=np.int8)
    _bulk(parts, _alike(contents), order)
    if (parts < 0).sum() > MOST_GREEDY:
        parts[:] = -1
        coarse = np.column_stack(
            [contents[:, 0], contents[:, 1:].argmax(axis=1) if contents.shape[1] > 1 else order * 0]
        )
        _bulk(parts, _alike(coarse), order)
    want = np.outer(SHARES, contents.sum(axis=0))
    want[want == 0] = 1
    have = np.zeros_like(want)
    for part in range(len(SHARES)):
        have[part] = contents[parts == part].sum(axis=0)
    weight = np.ones(contents.shape[1])
    weight[0] = contents.shape[1]
    scale = weight / want
    left = order[parts[order] < 0]
    for g in left[np.argsort(-contents[left, 0], kind="stable")]:
        own = contents[g]
        cost = (scale * own * (2 * (have - want) + own)).sum(axis=1)
        part = int(cost.argmin())
        parts[g] = part
        have[part] += own
    return parts


def _alike(contents: Floats) -> npt.NDArray[np.intp]:
    """(G,): one code for all groups with the same row."""
    keys = pd.util.hash_array(np.ascontiguousarray(contents[:, 0]))
    with np.errstate(over="ignore"):
        for column in contents.T[1:]:
            keys = keys * np.uint64(0x100000001B3) ^ pd.util.hash_array(np.ascontiguousarray(column))
    return np.asarray(pd.factorize(keys)[0], dtype=np.intp)


def _bulk(parts: Codes, alike: npt.NDArray[np.intp], order: npt.NDArray[np.intp]) -> None:
    """Of c groups that are alike, floor(ratio · c) go to each part; the rest stays open (−1)."""
    counts = np.bincount(alike)
    ends = np.cumsum(np.floor(np.outer(counts, SHARES) + 1e-9).astype(np.intp), axis=1)
    sequence = order[np.argsort(alike[order], kind="stable")]
    rank = np.arange(len(alike)) - np.repeat(np.cumsum(counts) - counts, counts)
    code = (rank[:, None] >= np.repeat(ends, counts, axis=0)).sum(axis=1)
    parts[sequence] = np.where(code < len(SHARES), code, -1)
