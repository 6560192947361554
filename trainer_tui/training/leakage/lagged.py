"""The target of another row as a feature: yesterday's, or worse, tomorrow's."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trainer_tui.training.finding import Finding
from trainer_tui.training.leakage.context import Context

Floats = npt.NDArray[np.float64]

MOST = 14
"""Rows before and after that are tried."""
FIRST = 5000
"""Rows that a column must match on before all are looked at."""


def shifted_target(context: Context) -> list[Finding]:
    """Columns that are the target of an earlier row, in a split that mixes the rows, or of a later one, in
    any.

    The order is that of the times, else that of the rows as they came; a shift stays within a group.
    """
    order, group = _order(context)
    y = context.y[order]
    if len(np.unique(y[:FIRST])) < 2:
        return []
    found = []
    for name in context.names:
        if not context.is_number(name):
            continue
        x = context.column(name)[order]
        for shift in (s for k in range(1, MOST + 1) for s in (k, -k)):
            if _matches(context, x[:FIRST], y[:FIRST], group[:FIRST], shift) and _matches(
                context, x, y, group, shift
            ):
                finding = _finding(context, name, shift, order, group)
                if finding:
                    found.append(finding)
                break
    return found


def _order(context: Context) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    n = len(context.dataset)
    group = np.zeros(n, dtype=np.intp)
    if context.dataset.groups is not None:
        group = pd.factorize(context.dataset.groups)[0].astype(np.intp)
    if context.dataset.times is None:
        order = np.argsort(group, kind="stable")
    else:
        order = np.lexsort((pd.factorize(context.dataset.times, sort=True)[0], group))
    return order, group[order]


def _pair(values: Any, shift: int) -> tuple[Any, Any]:
    """Each value with the one `shift` rows before it (after it, where negative)."""
    if shift > 0:
        return values[shift:], values[:-shift]
    return values[:shift], values[-shift:]


def _matches(context: Context, x: Floats, y: Floats, group: npt.NDArray[np.intp], shift: int) -> bool:
    if len(x) <= 2 * abs(shift):
        return False
    (here, there), (own_x, _), (own_y, other_y) = _pair(group, shift), _pair(x, shift), _pair(y, shift)
    same = (here == there) & np.isfinite(own_x) & np.isfinite(other_y)
    if same.sum() < max(20, 0.3 * len(x)):
        return False
    own_x, own_y, other_y = own_x[same], own_y[same], other_y[same]
    if context.dataset.task == "regression":
        if len(np.unique(other_y[:200])) < 10:
            return False
        return bool(
            np.isclose(own_x, other_y, rtol=1e-9, atol=0).mean() > 0.95 and (own_y == other_y).mean() < 0.9
        )
    # Classes agree by chance, and in a file sorted by class almost always.
    return bool((own_x == other_y).mean() > 0.995 and (own_y == other_y).mean() < 0.9)


def _finding(
    context: Context, name: Any, shift: int, order: npt.NDArray[np.intp], group: npt.NDArray[np.intp]
) -> Finding | None:
    if shift > 0 and "time" in context.split.strategy:
        return None  # at the time of a row, the target of the row before it is known
    codes = context.codes[order]
    (own, other), (here, there), (position, _) = _pair(codes, shift), _pair(group, shift), _pair(order, shift)
    rows = position[(here == there) & (own != other) & (own >= 0) & (other > 0)]
    when = "before" if shift > 0 else "after"
    how = "split by time" if shift > 0 else "leave it out, it is not known when predicting"
    return Finding(
        check="lagged-target",
        severity="critical",
        message=(
            f'Column "{name}" is the target of the row {abs(shift)} {when}: {len(rows):,} rows hold the '
            "target of a row of "
            f"another part that is not train; {how}."
        ),
        columns=(str(name),),
        rows=context.ids(rows),
        affected=len(rows),
        details={"shift": shift},
    )
