"""How many rows of each stratum go to each part: whole numbers whose sums are those of the ratios."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from trainer_tui.training.splits.split import PARTS, RATIOS, TOLERANCE

Ints = npt.NDArray[np.intp]

SHARES: npt.NDArray[np.float64] = np.array([RATIOS[part] for part in PARTS])


def totals(n: int) -> Ints:
    """(4,): rows of each part of n rows, by largest remainder (Hamilton's method); ties go to the smaller
    part."""
    exact = n * SHARES
    whole = np.floor(exact + 1e-9).astype(np.intp)
    order = np.lexsort((SHARES, -np.round(exact - whole, 9)))
    whole[order[: n - int(whole.sum())]] += 1
    return whole


def fits(counts: Ints) -> bool:
    """Whether every part has rows, and a share within the tolerance."""
    n = int(counts.sum())
    return n > 0 and bool((counts > 0).all() and (np.abs(counts / n - SHARES) <= TOLERANCE + 1e-9).all())


@cache
def smallest() -> int:
    """From so many rows on, rounding always stays within the tolerance."""
    return 1 + max(n for n in range(1, 200) if not fits(totals(n)))


def table(sizes: Ints) -> Ints:
    """(k, 4): rows of each of k strata in each part.

    Each number is its exact share rounded down or up, and the sums are `totals`: such a rounding always
    exists, and giving the parts that lack most one row each finds it (Gale and Ryser's theorem). Then a
    stratum that is missing in a part takes a row from there and gives one of its own to a larger stratum,
    the train part first.
    """
    exact = np.outer(sizes, SHARES)
    whole = np.floor(exact + 1e-9).astype(np.intp)
    lacking = totals(int(sizes.sum())) - whole.sum(axis=0)
    left = sizes - whole.sum(axis=1)
    # The largest strata last: they can afford a rounding that is not their nearest.
    for k in np.argsort(sizes, kind="stable"):
        chosen = np.lexsort((-(exact[k] - whole[k]), -lacking))[: left[k]]
        whole[k, chosen] += 1
        lacking[chosen] -= 1
    _present(whole, sizes)
    return whole


def _present(cells: Ints, sizes: Ints) -> None:
    """Fills empty cells by exchanges between two strata; sums stay as they are."""
    for part in range(len(PARTS)):
        for k in np.flatnonzero((cells[:, part] == 0) & (sizes > part)):
            # A row may leave a part that has another one, or a less important part.
            spare = [q for q in range(len(PARTS)) if cells[k, q] > (1 if q < part else 0) and q != part]
            if not spare:
                continue
            giver = max(spare, key=lambda q: (int(cells[k, q]) - float(sizes[k] * SHARES[q]), q))
            other = int(np.argmax(cells[:, part]))
            if cells[other, part] < 2:
                continue
            cells[k, giver] -= 1
            cells[k, part] += 1
            cells[other, part] -= 1
            cells[other, giver] += 1


def deal(strata: Ints, order: npt.NDArray[np.uint64]) -> npt.NDArray[np.int8]:
    """(n,): the part of each row: the rows of a stratum, in the order of their hashes, one part after the
    other."""
    sizes = np.bincount(strata)
    cells = table(sizes)
    position = np.lexsort((order, strata))
    start = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    rank = np.arange(len(strata)) - np.repeat(start, sizes)
    ends = np.cumsum(cells, axis=1)
    codes = np.empty(len(strata), dtype=np.int8)
    own = np.repeat(ends, sizes, axis=0)
    codes[position] = (rank[:, None] >= own).sum(axis=1)
    return codes
