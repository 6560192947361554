"""Equal rows in two parts: copies, and what oversampling before the split leaves."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from trainer_tui.training.finding import Finding
from trainer_tui.training.leakage.context import Context
from trainer_tui.training.leakage.overlap import crossing
from trainer_tui.training.splits.identity import mix

Hashes = npt.NDArray[np.uint64]

SAMPLE = 2000
PROVED = 0.01
"""Fewer equal pairs than this expected by chance: what is found is a copy."""


def row_hashes(context: Context) -> Hashes:
    """(n,): equal for rows with equal features, and for others with a chance of 2⁻⁶⁴ only."""
    total = np.zeros(len(context.dataset), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for name in context.names:
            total = mix(total * np.uint64(0x100000001B3) ^ _bits(context.column(name)))
    return total


def _bits(values: npt.NDArray[np.float64]) -> Hashes:
    # −0.0 becomes 0.0, and every NaN the same one.
    clean = np.where(np.isnan(values), np.nan, values + 0.0)
    return np.asarray(clean.view(np.uint64))


def chance_pairs(context: Context, distinct: npt.NDArray[np.intp]) -> float:
    """How many pairs of equal rows are to be expected by chance.

    distinct: positions of rows that all differ. The chance that two of them agree is measured in more and
    more columns jointly, as long as enough pairs of the sample agree; each further column counts with half
    of its bits, for columns depend on each other.
    """
    rng = np.random.default_rng(context.seed)
    some = distinct[rng.permutation(len(distinct))[:SAMPLE]]
    m = len(some)
    everything = m * (m - 1) / 2
    if not everything:
        return np.inf
    joint = np.zeros(m, dtype=np.uint64)
    chance, measured = 1.0, True
    for j in rng.permutation(len(context.names)):
        bits = _bits(context.column(context.names[j])[some])
        own = max(_agreeing(bits), 0.5) / everything
        if measured:
            with np.errstate(over="ignore"):
                together = mix(joint * np.uint64(0x100000001B3) ^ bits)
            pairs = _agreeing(together)
            if pairs >= 10:
                joint, chance = together, pairs / everything
                continue
            measured = False
        chance *= np.sqrt(own)
    n = len(context.dataset)
    return float(n * (n - 1) / 2 * chance)


def _agreeing(values: Hashes) -> float:
    counts = np.unique(values, return_counts=True)[1].astype(np.float64)
    return float((counts * (counts - 1) / 2).sum())


def exact(context: Context) -> list[Finding]:
    """Rows whose features equal those of a row in another part; critical where chance cannot explain it."""
    hashed = row_hashes(context)
    duplicated = pd.Series(hashed).duplicated(keep=False).to_numpy()
    if not duplicated.any():
        return []
    of_row = np.full(len(hashed), -1, dtype=np.intp)
    of_row[duplicated] = pd.factorize(hashed[duplicated])[0]
    shared, pairs = crossing(of_row, context.codes)
    if not shared.any():
        return []
    inside = (of_row >= 0) & shared[of_row] & (context.codes >= 0)
    rows = np.flatnonzero(inside & (context.codes > 0))
    low, high = _range(of_row[inside], context.y[inside], len(shared))
    contradicting = int((shared & (high > low)).sum())
    first = ~pd.Series(hashed).duplicated().to_numpy()
    expected = chance_pairs(context, np.flatnonzero(first))
    observed = sum(pairs.values())
    if expected >= PROVED and observed < 100 * expected:
        return []
    severity = "critical" if expected < PROVED and contradicting < int(shared.sum()) else "warning"
    by = ", ".join(f"{count:,} in {name}" for name, count in pairs.items())
    differing = (
        f"; {contradicting:,} of them have different targets" if contradicting else ", targets included"
    )
    story, classes = _oversampled(context, of_row)
    return [
        Finding(
            check="exact-duplicates",
            severity=severity,  # type: ignore[arg-type]
            message=(
                f"{int(shared.sum()):,} rows stand in more than one part ({by}){differing}{story}: "
                "remove the copies, or name the column that holds them together as group."
            ),
            rows=context.ids(rows),
            affected=len(rows),
            details={
                "pairs": pairs,
                "contradicting": contradicting,
                "expected_by_chance": expected,
                "oversampled_classes": classes,
            },
        )
    ]


def _range(
    of_row: npt.NDArray[np.intp], y: npt.NDArray[np.float64], k: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    low, high = np.full(k, np.inf), np.full(k, -np.inf)
    np.minimum.at(low, of_row, y)
    np.maximum.at(high, of_row, y)
    return low, high


def _oversampled(context: Context, of_row: npt.NDArray[np.intp]) -> tuple[str, list[str]]:
    """Copies of some classes only, which thereby have as many rows as the largest: the trace of
    oversampling."""
    if context.dataset.task == "regression":
        return "", []
    y = context.y.astype(np.intp)
    sizes = np.bincount(y)
    copies = np.bincount(y[of_row >= 0], minlength=len(sizes))
    mostly = copies > 0.05 * sizes
    if mostly.all() or not mostly.any() or (sizes[mostly] < 0.9 * sizes.max()).any():
        return "", []
    labels = context.dataset.classes or tuple(range(len(sizes)))
    names = [str(labels[k]) for k in np.flatnonzero(mostly)]
    return (
        f"; only of the class {', '.join(names)}, as after oversampling before the split (it belongs "
        "into train)",
        names,
    )
