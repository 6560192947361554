"""From the columns of a history to the lines of a plot: grouped, thinned out, with gaps. Needs numpy."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from trainer_tui.runs.history import History
from trainer_tui.runs.text import clean
from trainer_tui.tui.pictures import Curve, PlotPicture

_SPLITS = ("train", "training", "val", "valid", "validation", "eval", "dev", "test")
_DASH, _DASH_PERIOD = 4.0, 8.0
"""Terminal columns that a dash covers, and from dash to dash."""

_LARGEST = 1e4
"""What is so many times larger than the median is as good as infinite: no axis shows both."""

_UNDRAWABLE = 1e300
"""No further from zero, so that the length of an axis is a number."""

_FEW, _DWARFS = 20, 6.0
"""From so many values on, a largest one that is so many times the median asks for a logarithmic axis."""

Floats = NDArray[np.float64]


def groups(metrics: list[str], main: str) -> list[list[str]]:
    """Metrics that belong on one plot (`train_loss` and `val_loss`), the group of the main metric first."""
    found: dict[str, list[str]] = {}
    for name in metrics:
        found.setdefault(_split(name)[1].lower(), []).append(name)

    def rank(members: list[str]) -> int:
        return 0 if main in members else 1 if any("loss" in name.lower() for name in members) else 2

    return sorted(found.values(), key=rank)


def plot_of(history: History, main: str, choice: int, columns: int, log_scale: bool | None) -> PlotPicture:
    """The picture of one group of metrics, thinned to about `columns` terminal columns.

    `log_scale` None: logarithmic where a linear axis would press most of the curve flat.
    """
    all_groups = groups(history.metrics(), main)
    if not history.rows or not all_groups:
        return PlotPicture(waiting="waits for the first row of training_history.csv")
    index = choice % len(all_groups)
    x = np.array(history.steps(), dtype=np.float64)
    columns_of_group = [np.array(history.columns[name], dtype=np.float64) for name in all_groups[index]]
    largest = _largest(np.concatenate(columns_of_group))
    if log_scale is None:
        log_scale = spans_magnitudes(np.concatenate(columns_of_group))
    curves, bad_at, off_at = [], None, None
    for number, (name, raw) in enumerate(zip(all_groups[index], columns_of_group, strict=True)):
        bad_at = _earlier(bad_at, _broken_at(x, raw))
        beyond = np.abs(raw) > largest
        off_at = _earlier(off_at, float(x[beyond.argmax()]) if beyond.any() else None)
        raw[beyond | (np.abs(raw) > _UNDRAWABLE)] = math.nan
        y = np.where(raw > 0, np.log10(np.where(raw > 0, raw, 1.0)), math.nan) if log_scale else raw
        pieces = list(_pieces(*thin(x, y, columns)))
        if number % 2:
            pieces = list(_dashed(pieces, columns))
        label = _split(name)[0] or name
        curves.append(
            Curve(
                clean(label, 30),
                tuple((tuple(a), tuple(b)) for a, b in pieces),
                history.last(name),
                number % 2 == 1,
            )
        )
    return PlotPicture(
        title=clean(_split(all_groups[index][0])[1], 40),
        curves=tuple(curves),
        step=clean(history.step_column or "row", 20),
        log_scale=log_scale,
        index=index,
        groups=len(all_groups),
        bad_at=bad_at,
        off_at=off_at,
    )


def _largest(values: Floats) -> float:
    """From where on a value is off every useful axis, as those of an exploding loss are."""
    sizes = np.abs(values[np.isfinite(values)])
    middle = float(np.median(sizes)) if len(sizes) >= _FEW else 0.0
    return _LARGEST * middle if middle > 0 else math.inf


def spans_magnitudes(values: Floats) -> bool:
    """Whether the largest value dwarfs the middle one, as a loss that fell early or exploded late does."""
    finite = values[np.isfinite(values)]
    if len(finite) < _FEW or finite.min() <= 0:
        return False
    return bool(finite.max() > _DWARFS * np.median(finite))


def thin(x: Floats, y: Floats, columns: int) -> tuple[Floats, Floats]:
    """At most about `2 * columns` points: the lowest and the highest of each column, gaps kept as NaN."""
    if len(y) <= 2 * columns:
        return x, y
    edges = np.linspace(0, len(y), columns + 1).astype(int)
    keep_x: list[float] = []
    keep_y: list[float] = []
    for start, end in pairwise(edges):
        part = y[start:end]
        finite = np.flatnonzero(np.isfinite(part))
        if not len(finite):
            keep_x.append(x[start])
            keep_y.append(math.nan)
            continue
        values = part[finite]
        for at in sorted({int(finite[values.argmin()]), int(finite[values.argmax()])}):
            keep_x.append(x[start + at])
            keep_y.append(part[at])
    return np.array(keep_x), np.array(keep_y)


def _pieces(x: Floats, y: Floats) -> Iterator[tuple[list[float], list[float]]]:
    """The runs of finite points."""
    finite = np.isfinite(x) & np.isfinite(y)
    changes = np.flatnonzero(np.diff(np.concatenate(([False], finite, [False])).astype(np.int8)))
    for start, end in zip(changes[::2], changes[1::2], strict=True):
        yield x[start:end].tolist(), y[start:end].tolist()


def _dashed(
    pieces: list[tuple[list[float], list[float]]], columns: int
) -> Iterator[tuple[list[float], list[float]]]:
    """Each piece cut into dashes, so that two lines differ where there are no colours."""
    if not pieces:
        return
    low, high = min(min(xs) for xs, _ in pieces), max(max(xs) for xs, _ in pieces)
    unit = (high - low) / max(1, columns)
    for xs, ys in pieces:
        x, y = np.array(xs), np.array(ys)
        if unit <= 0 or len(x) < 2 or np.any(np.diff(x) <= 0):
            yield xs, ys  # a resumed run steps back: no dashes there
            continue
        starts = np.arange(x[0], x[-1], unit * _DASH_PERIOD)
        ends = np.minimum(starts + unit * _DASH, x[-1])
        for start, end in zip(starts, ends, strict=True):
            inside = (x > start) & (x < end)
            at = np.concatenate(([start], x[inside], [end]))
            yield at.tolist(), np.interp(at, x, y).tolist()


def _split(name: str) -> tuple[str, str]:
    """`train_loss` → (`train`, `loss`); a name without such a prefix belongs to no split."""
    head, mark, rest = name.partition("/") if "/" in name else name.partition("_")
    if mark and rest and head.lower() in _SPLITS:
        return head, rest
    return "", name


def _broken_at(x: Floats, y: Floats) -> float | None:
    """Where a column that had values was first infinite, or is NaN to its end."""
    finite = np.flatnonzero(np.isfinite(y))
    infinite = np.flatnonzero(np.isinf(y))
    candidates = [int(infinite[0])] if len(infinite) else []
    if len(finite) and finite[-1] + 1 < len(y):
        candidates.append(int(finite[-1]) + 1)
    return float(x[min(candidates)]) if candidates else None


def _earlier(one: float | None, other: float | None) -> float | None:
    known = [value for value in (one, other) if value is not None and math.isfinite(value)]
    return min(known, default=None)
