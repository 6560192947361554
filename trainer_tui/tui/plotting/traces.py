"""One curve: its finite points, where its line breaks, its moving average, and what of it a window shows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from tsdownsample import MinMaxDownsampler

from trainer_tui.runs.history import History

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
XAxis = Literal["step", "time", "row"]

X_AXES: tuple[XAxis, ...] = ("step", "time", "row")

SINCE_START = ("elapsed_s",)
BY_THE_CLOCK = ("wall_time", "timestamp", "time")
A_ROW = ("time_s",)
"""Columns that tell the time: since the start, by some clock, and the seconds that each row took."""

MOST_PIECES = 200
"""A line in more pieces than that is drawn as points."""

_PER_CELL = 8
"""Points kept of what falls into one column of the terminal: four lowest, four highest."""

_BLOCK = 32
"""Values whose averages are one row of a matrix product."""

_STRETCH = _BLOCK << 11
"""Values averaged at a time."""


@dataclass(frozen=True, slots=True)
class Trace:
    """The finite points of a column, in the order of its rows."""

    x: Floats
    y: Floats
    starts: Ints
    """Index of the first point of each unbroken piece."""
    rows: Ints | None = None
    """The row of each point; None: its own index."""

    def row(self, index: int) -> int:
        """The row of a point."""
        return index if self.rows is None else int(self.rows[index])


def x_values(history: History, axis: XAxis) -> tuple[Floats, str] | None:
    """The x of each row, and its name; None where the history does not tell. May be a view: see `Ledger`."""
    if axis == "row":
        return np.arange(1, history.rows + 1, dtype=np.float64), "row"
    lower = {name.lower(): name for name in history.columns}
    if axis == "step":
        name = history.step_column
        return (column(history, name), name) if name else None
    for names in (SINCE_START, BY_THE_CLOCK, A_ROW):
        found = next((lower[name] for name in names if name in lower), None)
        if found is None:
            continue
        values = column(history, found)
        if names is SINCE_START:
            return values, "time"
        known = np.where(np.isfinite(values), values, 0.0)
        if names is A_ROW:
            return np.cumsum(known), "time"
        first = values[np.isfinite(values)][:1]
        return values - (first[0] if len(first) else 0.0), "time"
    return None


def column(history: History, name: str) -> Floats:
    """A column without a copy of it."""
    return np.frombuffer(history.columns[name], dtype=np.float64, count=history.rows)


def trace_of(x: Floats, y: Floats) -> Trace:
    """The points that can be drawn.

    A column that is logged every tenth epoch is one line; a NaN where there was a value each row is a gap.
    Where the steps go back, as they do when training resumes from a checkpoint, a new piece begins.
    """
    finite = np.isfinite(x) & np.isfinite(y)
    rows: Ints | None = None
    broken = np.zeros(0, dtype=bool)
    if not finite.all():
        rows = np.flatnonzero(finite)
        x, y = x[rows], y[rows]
        apart = np.diff(rows)
        if len(apart):
            usual = float(np.median(apart))
            broken = apart > (usual if usual <= 1 else 2 * usual)
    back = x[1:] < x[:-1]
    cuts = np.flatnonzero(back | broken if len(broken) else back) + 1
    starts = np.concatenate(([0], cuts)).astype(np.int64) if len(x) else np.zeros(0, dtype=np.int64)
    return Trace(x, y, starts, rows)


def smoothed(y: Floats, weight: float) -> Floats:
    """The exponential moving average of finite values, freed of its bias to zero.

    `weight` (0 to below 1) is the share of the past: Kingma and Ba, "Adam", 2015, section 3.
    """
    if weight <= 0 or not len(y):
        return y
    # Values near the largest float would overflow in the sums.
    scale = max(1.0, float(y.max()) / 1e150, float(-y.min()) / 1e150)
    powers = weight ** np.arange(_BLOCK + 1, dtype=np.float64)
    lag = np.subtract.outer(np.arange(_BLOCK), np.arange(_BLOCK))
    inside = np.where(lag >= 0, (1 - weight) * powers[np.maximum(lag, 0)], 0.0).T
    result: Floats = np.empty(len(y))
    before = 0.0
    with np.errstate(under="ignore"):
        for start in range(0, len(y), _STRETCH):  # a stretch at a time: a curve is long, memory is short
            part = y[start : start + _STRETCH] / scale
            rest = -len(part) % _BLOCK
            averages = np.pad(part, (0, rest)).reshape(-1, _BLOCK) @ inside
            carries = []
            for end in averages[:, -1].tolist():
                carries.append(before)
                before = end + before * float(powers[_BLOCK])
            averages += np.outer(carries, powers[1:])
            result[start : start + _STRETCH] = averages.reshape(-1)[: len(part)]
        # 1 - weight**n is 1 to the last bit long before the end of a long curve.
        result[:_STRETCH] /= -np.expm1(np.arange(1, min(len(y), _STRETCH) + 1) * np.log(weight))
    result *= scale
    return result


@dataclass(frozen=True, slots=True)
class Piece:
    """Points of one unbroken line; as `points` they are not connected."""

    x: Floats
    y: Floats
    points: bool = False


def in_window(trace: Trace, y: Floats, low: float, high: float, columns: int) -> list[Piece]:
    """What lies between two values of x, thinned out to what `columns` cells can show; always copies."""
    if not len(trace.x) or columns <= 0:
        return []
    if len(trace.starts) > MOST_PIECES:
        inside = (trace.x >= low) & (trace.x <= high)
        return [Piece(trace.x[inside], y[inside], points=True)]
    ends = np.append(trace.starts[1:], len(trace.x))
    pieces = []
    for start, end in zip(trace.starts.tolist(), ends.tolist(), strict=True):
        x = trace.x[start:end]
        first = max(0, int(np.searchsorted(x, low)) - 1)
        last = min(len(x), int(np.searchsorted(x, high, side="right")) + 1)
        if first < last and x[last - 1] >= low and x[first] <= high:
            kept = _kept(x[first:last], y[start + first : start + last], low, high, columns) + start + first
            pieces.append(Piece(trace.x[kept], y[kept]))
    return pieces


def _kept(x: Floats, y: Floats, low: float, high: float, columns: int) -> Ints:
    """Indexes of the lowest and highest points of each column of cells, and of the ends."""
    if len(y) <= 2 * _PER_CELL * columns:
        return np.arange(len(y))
    # The library may be given x as well, but then it takes the whole program down where x stands still.
    edges = np.searchsorted(x, np.linspace(low, high, columns + 1)[1:-1])
    bounds = np.unique(np.concatenate(([0], edges, [len(x)])))
    sizes = np.diff(bounds)
    if len(sizes) == columns and sizes.max() <= 2 * sizes.min():
        bounds = bounds[[0, -1]]  # evenly spread: the library's own parts, of as many rows each, will do
    most = _PER_CELL * columns // (len(bounds) - 1)
    most -= most % 2
    thin = MinMaxDownsampler().downsample  # type: ignore[no-untyped-call]
    kept = [np.zeros(1, dtype=np.int64)]
    for start, end in pairwise(bounds.tolist()):
        if end - start <= most:
            kept.append(np.arange(start, end))
        else:
            part = np.ascontiguousarray(y[start:end])
            kept.append(thin(part, n_out=most).astype(np.int64) + start)
    kept.append(np.array([len(x) - 1]))
    return np.unique(np.concatenate(kept))


def nearest(trace: Trace, at: Floats) -> Ints:
    """Index of the point nearest to each x; the newest piece that reaches there wins. -1: none does."""
    found = np.full(len(at), -1, dtype=np.int64)
    if not len(trace.x):
        return found
    ends = np.append(trace.starts[1:], len(trace.x))
    pieces = list(zip(trace.starts.tolist(), ends.tolist(), strict=True))
    for start, end in pieces[-MOST_PIECES:]:
        x = trace.x[start:end]
        after = np.clip(np.searchsorted(x, at), 0, len(x) - 1)
        before = np.maximum(after - 1, 0)
        close = np.where(np.abs(x[before] - at) <= np.abs(x[after] - at), before, after)
        reach = 0.5 * float(at[1] - at[0]) if len(at) > 1 else 0.0
        inside = (at >= x[0] - reach) & (at <= x[-1] + reach)
        found[inside] = close[inside] + start
    return found
