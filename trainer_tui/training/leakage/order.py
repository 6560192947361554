"""Train before validation before test before holdout, where there is a time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trainer_tui.training.errors import DataSourceError
from trainer_tui.training.finding import Finding
from trainer_tui.training.leakage.context import Context
from trainer_tui.training.leakage.overlap import PAIRS, pair_name
from trainer_tui.training.splits.times import gap_of, times_of


def times(context: Context) -> list[Finding]:
    """Critical: a split by time with rows of an earlier part at or after the first of a later one (or in the
    gap).

    A warning: there are times, and the split does not look at them.
    """
    dataset, split = context.dataset, context.split
    if "time" not in split.strategy:
        return _ignored(context)
    try:
        series = times_of(dataset)
        gap = gap_of(split.gap, series)
    except DataSourceError as error:
        return [Finding("time-order", "critical", f"The order in time cannot be checked: {error}")]
    t = series.to_numpy()
    pairs: dict[str, int] = {}
    wrong = np.zeros(len(t), dtype=bool)
    for a, b in PAIRS:
        earlier, later = context.codes == a, context.codes == b
        if not earlier.any() or not later.any():
            continue
        begin = t[later].min()
        # Equal times may not lie on both sides, and a gap must be kept whole.
        late = earlier & ((t >= begin) | (t + gap > begin))
        if late.any():
            pairs[pair_name(a, b)] = int(late.sum())
            wrong |= late
    if not wrong.any():
        return []
    rows = np.flatnonzero(wrong)
    by = ", ".join(f"{count:,} in {name}" for name, count in pairs.items())
    within = f" or within the gap of {split.gap} before it" if split.gap else ""
    return [
        Finding(
            check="time-order",
            severity="critical",
            message=(
                f'{len(rows):,} rows lie in "{series.name}" at or after the beginning of a later '
                f"part{within} ({by}), so "
                "the model learns from the future: have the split made anew."
            ),
            columns=(str(series.name),),
            rows=context.ids(rows),
            affected=len(rows),
            details={"pairs": pairs},
        )
    ]


def _ignored(context: Context) -> list[Finding]:
    dataset = context.dataset
    if dataset.times is not None:
        names = [str(dataset.times.name)]
        advice = "split by time, unless the model is never to predict later rows than it has learnt from"
    else:
        names = [str(name) for name in context.names if pd.api.types.is_datetime64_any_dtype(dataset.X[name])]
        names += [
            column.name
            for column in dataset.columns
            if column.kind == "datetime" and column.name not in names
        ]
        advice = "name it as time for a split by time, unless the model is never to predict later rows"
    if not names:
        return []
    return [
        Finding(
            check="time-ignored",
            severity="warning",
            message=(
                f"The split is {context.split.strategy}, but there are dates in {', '.join(names)}: "
                "later rows are "
                f"learnt from and earlier ones predicted; {advice}."
            ),
            columns=tuple(names),
        )
    ]
