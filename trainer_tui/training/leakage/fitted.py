"""Traces of preprocessing that was fitted on all rows before the data came here: scaled, filled,
decorrelated."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from trainer_tui.training.finding import Finding
from trainer_tui.training.leakage.context import Context

Floats = npt.NDArray[np.float64]

ZERO = 1e-5
"""How exactly the mean and deviation of all rows must be 0 and 1; that of train is about 1/√n from it."""
FEWEST = 2
"""Columns that must show a trace of scaling: a single one may be so by chance."""
LEAST_SHARE = 0.5


def fitted_on_all(context: Context) -> list[Finding]:
    """Columns standardised, brought to 0 … 1, or filled with the mean or median, over all rows instead of
    train."""
    numeric = [name for name in context.names if context.is_number(name)]
    standard, ranged, filled = [], [], []
    many = 0
    for name in numeric:
        values = context.column(name)
        filler = _filler(context, values)
        if filler:
            filled.append((name, filler))
        # Flags and small counts are 0 to 1, or centred, by nature.
        if len(np.unique(values[:1000])) < 10:
            continue
        many += 1
        if _standardised(values, context.train):
            standard.append(name)
        elif _ranged(values, context.train):
            ranged.append(name)
    found = []
    if len(standard) >= max(FEWEST, LEAST_SHARE * many):
        found.append(
            _finding(standard, "have mean 0 and deviation 1 over all rows, but not over train", "scaler")
        )
    if len(ranged) >= max(FEWEST + 1, LEAST_SHARE * many):
        found.append(_finding(ranged, "reach from 0 to 1 over all rows, but not over train", "scaler"))
    if filled:
        kinds = " or ".join(sorted({kind for _, kind in filled}))
        names = [name for name, _ in filled]
        found.append(
            _finding(
                names,
                f"hold one value again and again that is the {kinds} of all other rows, but not of "
                "those in train",
                "imputer",
            )
        )
    return found


def _finding(names: list[Any], what: str, tool: str) -> Finding:
    shown = ", ".join(str(name) for name in names[:5]) + (" …" if len(names) > 5 else "")
    return Finding(
        check="fitted-on-all",
        severity="warning",
        message=(
            f"{len(names)} columns ({shown}) {what}: a {tool} was fitted on validation and test too; "
            "give the raw "
            "columns, the pipeline fits on train alone."
        ),
        columns=tuple(str(name) for name in names),
        details={"tool": tool},
    )


def _standardised(values: Floats, train: npt.NDArray[np.bool_]) -> bool:
    def off(v: Floats) -> float:
        v = v[np.isfinite(v)]
        if len(v) < 10:
            return np.inf
        deviations = (v.std(), v.std(ddof=1))
        return max(abs(float(v.mean())), min(abs(float(d) - 1) for d in deviations))

    return off(values) < ZERO and off(values[train]) > 10 * ZERO


def _ranged(values: Floats, train: npt.NDArray[np.bool_]) -> bool:
    def is_unit(v: Floats) -> bool:
        return bool(np.nanmin(v) == 0 and abs(np.nanmax(v) - 1) < 1e-12) if np.isfinite(v).any() else False

    return is_unit(values) and not is_unit(values[train])


def _filler(context: Context, values: Floats) -> str:
    """`mean`, where the most frequent value is the mean of all other rows and not that of train; else empty.

    A median of other rows is one of them (or a half between two), so it proves nothing: only means are told
    of.
    """
    sample = values[context.shuffled(np.ones(len(values), dtype=bool), 2000)]
    levels, counts = np.unique(sample[np.isfinite(sample)], return_counts=True)
    if len(levels) < 10 or counts.max() < max(3, 0.004 * len(sample)):
        return ""
    value = levels[counts.argmax()]
    known = np.isfinite(values) & (values != value)
    own = values[known]
    spread = float(own.std())
    if spread == 0 or len(own) < 20:
        return ""
    outside = abs(float(own.mean()) - value) / spread
    inside = abs(float(values[known & context.train].mean()) - value) / spread
    # Whole numbers around their own mean are no trace: a mean has digits.
    plain = value == round(value, 1)
    return "mean" if outside < 1e-9 and inside > 1e-6 and not plain else ""
