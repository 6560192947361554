"""Columns that name a row, or name what several rows belong to."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trainer_tui.training.finding import Finding
from trainer_tui.training.leakage.context import Context

Floats = npt.NDArray[np.float64]

LEAST_ROWS = 20
HASH = re.compile(r"^[0-9A-Za-z_\-:.]*$")
SKILL = 0.9
"""How much of the target's variance the other rows of the same value must explain."""
ADVANTAGE = 0.3
"""… and how much more than the rows of the values next to it do: else it is an honest quantity."""


def id_like(context: Context) -> list[Finding]:
    """Columns with another value in each row that number or name the rows."""
    found = []
    n = len(context.dataset)
    if n < LEAST_ROWS:
        return []
    for name in context.names:
        series = context.dataset.X[name]
        values = context.column(name)
        why = _numbered(values) if context.is_number(name) else _named(series, values)
        if not why:
            continue
        link = _rank_correlation(values, context.y)
        related = (
            f", and it goes with the target (rank correlation {link:.2f})"
            if abs(link) > 5 / np.sqrt(n)
            else ""
        )
        found.append(
            Finding(
                check="id-like",
                severity="warning",
                message=(
                    f'Column "{name}" {why}{related}: leave it out (--drop {name}), '
                    "it means nothing for new rows."
                ),
                columns=(str(name),),
                affected=n,
                details={"rank_correlation_with_target": link},
            )
        )
    return found


def _numbered(values: Floats) -> str:
    head = values[:1000]
    if not np.isfinite(head).all() or (head != np.floor(head)).any() or len(np.unique(head)) < len(head):
        return ""
    if not np.isfinite(values).all() or (values != np.floor(values)).any():
        return ""
    steps = np.diff(values)
    if (steps > 0).all() or (steps < 0).all():
        return "counts the rows: it grows or falls from each row to the next"
    if values.max() - values.min() < 1.5 * len(values) and len(np.unique(values)) == len(values):
        return "is a number of its own for each row"
    return ""


def _named(series: pd.Series, values: Floats) -> str:
    if series.dtype.kind in "Mm":
        return ""
    known = values[np.isfinite(values)]
    if len(known) < LEAST_ROWS or known.max() + 1 < 0.95 * len(known):
        return ""
    some = [str(text) for text in series.dropna().iloc[:200]]
    plain = np.mean([bool(HASH.match(text)) for text in some])
    return "has a name of its own for each row" if plain > 0.9 else ""


def _rank_correlation(values: Floats, y: Floats) -> float:
    known = np.flatnonzero(np.isfinite(values) & np.isfinite(y))
    if len(known) > 200_000:
        known = known[:: len(known) // 200_000 + 1]
    if len(known) < 3:
        return 0.0
    a, b = (pd.Series(v[known]).rank().to_numpy() for v in (values, y))
    return float(np.corrcoef(a, b)[0, 1]) if a.std() and b.std() else 0.0


def hidden_groups(context: Context) -> list[Finding]:
    """A column like an undeclared patient id: its values are shared by rows of several parts, and by few
    enough rows, which have the same target, though the rows of the next values do not."""
    found = []
    for name in context.names:
        if context.dataset.X[name].dtype.kind in "Mm":
            continue
        values = context.column(name)
        if not _whole(values[:1000]) or not _whole(values):
            continue
        finding = _hidden(context, name, values)
        if finding:
            found.append(finding)
    return found


def _whole(values: Floats) -> bool:
    known = values[np.isfinite(values)]
    return len(known) > 0 and bool((known == np.floor(known)).all())


def _hidden(context: Context, name: Any, values: Floats) -> Finding | None:
    used = np.isfinite(values) & np.isfinite(context.y) & (context.codes >= 0)
    codes, labels = pd.factorize(values[used], sort=True)
    n, k = len(codes), len(labels)
    if k < max(LEAST_ROWS, n / 100) or n < 2 * k:
        return None
    parts = context.codes[used]
    in_train = np.zeros(k, dtype=bool)
    in_train[codes[parts == 0]] = True
    crossing = (parts > 0) & in_train[codes]
    if crossing.sum() < 0.1 * (parts > 0).sum():
        return None
    mates, neighbours = _skill(codes, k, context.indicators()[used], ordered=context.is_number(name))
    if mates < SKILL or mates - max(neighbours, 0.0) < ADVANTAGE:
        return None
    rows = np.flatnonzero(used)[crossing]
    return Finding(
        check="hidden-group",
        severity="warning",
        message=(
            f'Column "{name}" looks like the name of what rows belong to: {k:,} values for {n:,} rows, '
            "rows with the same "
            f"value have the same target ({mates:.0%} of its variance), and {len(rows):,} rows outside "
            "of train share "
            f"their value with train: name it as group (--group {name}) or leave it out."
        ),
        columns=(str(name),),
        rows=context.ids(rows),
        affected=len(rows),
        details={"values": k, "explained_by_same_value": mates, "explained_by_next_values": neighbours},
    )


def _skill(codes: npt.NDArray[np.intp], k: int, y: Floats, ordered: bool) -> tuple[float, float]:
    """R² of predicting a row by the others with its value, and by those of the values next to it."""
    counts = np.bincount(codes, minlength=k).astype(np.float64)
    alone = counts[codes] < 2
    rest = [0.0, 0.0]
    whole = 0.0
    for column in y.T:
        sums = np.bincount(codes, weights=column, minlength=k)
        mean = column.mean()
        whole += float(((column - mean)[~alone] ** 2).sum())
        by_mates = (sums[codes] - column) / np.maximum(counts[codes] - 1, 1)
        rest[0] += float(((column - by_mates)[~alone] ** 2).sum())
        around_sum = np.convolve(sums, [1, 1, 0, 1, 1], mode="same")
        around = around_sum / np.maximum(np.convolve(counts, [1, 1, 0, 1, 1], mode="same"), 1)
        by_next = around[codes] if ordered else np.full(len(codes), mean)
        rest[1] += float(((column - by_next)[~alone] ** 2).sum())
    if whole <= 0:
        return 0.0, 0.0
    return 1 - rest[0] / whole, 1 - rest[1] / whole
