"""The ratios 60/20/15/5 within 2 %, and the few rows that the quick phase takes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from trainer_tui.training.errors import SplitRatioViolationError
from trainer_tui.training.splits.allocate import smallest
from trainer_tui.training.splits.identity import hashes
from trainer_tui.training.splits.split import PARTS, RATIOS, TOLERANCE

if TYPE_CHECKING:
    import numpy.typing as npt

    from trainer_tui.training.splits.split import Part, Split


def shares(split: Split) -> dict[Part, float]:
    """The share of each part of all rows that are in one."""
    counts = split.counts()
    total = sum(counts.values())
    return {part: count / total if total else 0.0 for part, count in counts.items()}


def violations(split: Split) -> list[str]:
    """One clause a part whose share is further than `TOLERANCE` from its ratio, or that has no row."""
    counts = split.counts()
    return [
        f"{part} has {share:.1%} of the rows ({counts[part]:,}) instead of {RATIOS[part]:.0%}"
        for part, share in shares(split).items()
        if abs(share - RATIOS[part]) > TOLERANCE + 1e-9 or not counts[part]
    ]


def validate(split: Split) -> None:
    """Raises `SplitRatioViolationError` unless each part has its share, within 2 % of all rows (the
    document)."""
    wrong = violations(split)
    if wrong:
        raise SplitRatioViolationError(f"The split by {split.strategy}: {'; '.join(wrong)}. {_why(split)}")


def _why(split: Split) -> str:
    n = sum(split.counts().values())
    if n < smallest():
        return (
            f"{n} rows cannot be divided into 60/20/15/5 % within {TOLERANCE:.0%}: "
            f"it works from {smallest()} rows on, so add rows."
        )
    return f"A deviation of {TOLERANCE:.0%} is allowed: make the split anew instead of changing it by hand."


def quick_rows(
    split: Split, fraction: float, seed: int = 0, strata: npt.NDArray[np.intp] | None = None
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Positions of the train and the validation rows of the quick phase, ascending.

    fraction: share of either part, in (0, 1]. strata: (n,) codes, e.g. `y` of a classification; each keeps
    its share, and at least one row. The same ids and seed give the same rows, and a smaller fraction without
    strata takes a part of the rows of a larger one. Test and holdout are never in it.
    """
    if not 0 < fraction <= 1:
        raise ValueError(f"the fraction must lie in (0, 1], not {fraction}")
    order = hashes(split.ids, seed)
    train, validation = (_some(split.positions(part), fraction, order, strata) for part in PARTS[:2])
    return train, validation


def _some(
    rows: npt.NDArray[np.intp],
    fraction: float,
    order: npt.NDArray[np.uint64],
    strata: npt.NDArray[np.intp] | None,
) -> npt.NDArray[np.intp]:
    if strata is None:
        taken = rows[np.argsort(order[rows], kind="stable")][: math.ceil(fraction * len(rows))]
        return np.sort(taken)
    own = strata[rows]
    sorted_rows = rows[np.lexsort((order[rows], own))]
    ticks = np.floor(np.arange(len(rows) + 1) * fraction + 1e-9)
    chosen = np.diff(ticks) > 0
    labels = strata[sorted_rows]
    first = np.flatnonzero(np.diff(labels, prepend=labels[:1] - 1))
    held = np.add.reduceat(chosen, first) if len(first) else np.empty(0)
    chosen[first[held == 0]] = True
    return np.sort(sorted_rows[chosen])
