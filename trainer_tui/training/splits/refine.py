"""Small improvements of an assignment of groups to parts: one group moves, or two change places."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainer_tui.training.splits.allocate import SHARES

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int8]

WORK = 2e8
"""Numbers that may be looked at; with many groups the first placing is close to the best already."""
MOST_FOR_EXCHANGES = 300


def improve(parts: Codes, contents: Floats) -> Codes:
    """The parts after moves and exchanges that lessen the chi-square distance; contents: (G, 1 + k)."""
    parts = parts.copy()
    want = np.outer(SHARES, contents.sum(axis=0))
    want[want == 0] = 1
    scale = np.ones(contents.shape[1]) / want
    scale[:, 0] *= contents.shape[1]
    steps = int(min(2000, WORK / max(1, contents.size * len(SHARES))))
    for _ in range(steps):
        have = np.stack([contents[parts == part].sum(axis=0) for part in range(len(SHARES))])
        if _move(parts, contents, have - want, scale):
            continue
        if len(parts) > MOST_FOR_EXCHANGES or not _exchange(parts, contents, have - want, scale):
            break
    return parts


def _move(parts: Codes, contents: Floats, excess: Floats, scale: Floats) -> bool:
    everyone = np.arange(len(parts))
    squares = contents**2
    adding = contents @ (2 * scale * excess).T + squares @ scale.T
    leaving = (-contents @ (2 * scale * excess).T + squares @ scale.T)[everyone, parts]
    change = adding + leaving[:, None]
    change[everyone, parts] = 0
    best = int(change.argmin())
    group, part = divmod(best, len(SHARES))
    if change[group, part] > -1e-9:
        return False
    parts[group] = part
    return True


def _exchange(parts: Codes, contents: Floats, excess: Floats, scale: Floats) -> bool:
    best, found = -1e-9, None
    for p in range(len(SHARES)):
        for q in range(p + 1, len(SHARES)):
            mine, theirs = np.flatnonzero(parts == p), np.flatnonzero(parts == q)
            if not len(mine) or not len(theirs):
                continue
            step = contents[theirs][None, :, :] - contents[mine][:, None, :]
            change = step @ (2 * scale[p] * excess[p] - 2 * scale[q] * excess[q])
            change += step**2 @ (scale[p] + scale[q])
            i, j = np.unravel_index(int(change.argmin()), change.shape)
            if change[i, j] < best:
                best, found = float(change[i, j]), (mine[i], theirs[j], p, q)
    if found is None:
        return False
    one, other, p, q = found
    parts[one], parts[other] = q, p
    return True
