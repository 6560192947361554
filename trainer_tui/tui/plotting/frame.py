"""Which part of the plane a plot shows, and the ticks of its axes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from trainer_tui.tui.axes import Axis
from trainer_tui.tui.plotting.picture import View
from trainer_tui.tui.plotting.raster import Window
from trainer_tui.tui.plotting.traces import Piece

_FAR = 1e4
"""What is so many times larger than the middle value is left off a linear axis: it would hide the rest."""

_FEW = 20
_LARGEST = 1.7e308

_TIME_STEPS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 21600, 43200, 86400)
"""Seconds between two ticks of a time axis."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What is shown."""

    window: Window
    hints: tuple[str, ...] = ()


def frame_of(pieces: list[Piece], span: tuple[float, float], log: bool, view: View) -> Frame:
    """The window around these pieces (of linear values), as far as the user did not choose it."""
    values = np.concatenate([piece.y for piece in pieces]) if pieces else np.zeros(0)
    inside = np.concatenate([piece.x for piece in pieces]) if pieces else np.zeros(0)
    near = values[(inside >= span[0]) & (inside <= span[1])]
    values = near if len(near) else values
    hints = []
    if log:
        if (values <= 0).any():
            hints.append("values ≤ 0 have no place on a logarithmic axis")
        values = np.log10(values[values > 0])
    else:
        sizes = np.abs(values)
        middle = float(np.median(sizes)) if len(sizes) >= _FEW else 0.0
        far = sizes > _FAR * middle if middle > 0 else np.zeros(len(sizes), dtype=bool)
        if far.any():
            worst = float(values[far][np.argmax(sizes[far])])
            hints.append(f"values up to {worst:.4g} are off the axis: L shows them")
            values = values[~far]
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    if low == high:
        room = max(abs(low) * 0.05, 1e-300) if not log and low else 0.5
        low, high = low - room, high + room
    else:
        room = (high / 2 - low / 2) * 0.04
        low, high = max(low - room, -_LARGEST), min(high + room, _LARGEST)
    bottom = low if view.bottom is None else view.bottom
    top = high if view.top is None else view.top
    return Frame(
        Window(*span, bottom, top if top > bottom else bottom + max(abs(bottom) * 1e-9, 1e-300)), tuple(hints)
    )


def as_logarithms(pieces: list[Piece]) -> list[Piece]:
    """Decimal logarithms; a line breaks where a value is not positive."""
    result = []
    for piece in pieces:
        positive = piece.y > 0
        if positive.all():
            result.append(Piece(piece.x, np.log10(piece.y), piece.points))
            continue
        edges = np.flatnonzero(np.diff(np.concatenate(([False], positive, [False])).astype(np.int8)))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            result.append(Piece(piece.x[start:end], np.log10(piece.y[start:end]), piece.points))
    return result


def y_ticks(window: Window, log: bool, most: int) -> list[tuple[float, str]]:
    """(value on the axis, label) of each tick."""
    if log:
        return _log_ticks(max(window.bottom, -300.0), min(window.top, 300.0), most)
    axis = Axis(most)
    ticks = axis.get_ticks(window.bottom, window.top, most)
    return list(zip(ticks, axis.get_labels_for_ticks(ticks), strict=True))


def _log_ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Ticks at round numbers between two decimal logarithms, as many of them as there is room for."""
    decades = range(math.floor(low), math.ceil(high) + 1)
    for digits in (range(1, 10), (1, 2, 5), (1, 3), (1,)):
        if len(decades) > 2 * most and len(digits) > 1:
            continue
        values = [(math.log10(d) + n, float(f"{d}e{n}")) for n in decades for d in digits]
        inside = [(tick, value) for tick, value in values if low <= tick <= high]
        if len(inside) <= most:
            break
    if len(inside) < 2:
        axis = Axis(most, log_scale=True)
        ticks = axis.get_ticks(low, high, most)
        return [(tick, f"{10.0**tick:.4g}") for tick in ticks]
    apart = -(-len(inside) // most)
    return [(tick, f"{value:.4g}") for tick, value in inside[::apart]]


def x_ticks(window: Window, time_axis: bool, most: int) -> list[tuple[float, str]]:
    """(x, label) of each tick."""
    if not time_axis:
        axis = Axis(most)
        ticks = axis.get_ticks(window.left, window.right, most)
        return [
            (tick, _whole(tick) or label)
            for tick, label in zip(ticks, axis.get_labels_for_ticks(ticks), strict=True)
        ]
    span = window.right - window.left
    step = next((s for s in _TIME_STEPS if span / s <= most), math.ceil(span / most / 86400) * 86400)
    first = math.ceil(window.left / step)
    return [
        (n * step, span_text(n * step)) for n in range(first, first + most + 1) if n * step <= window.right
    ]


def span_text(seconds: float) -> str:
    """`0:45`, `12:05`, `3:07:20`; seconds since the start."""
    if not math.isfinite(seconds) or abs(seconds) > 1e12:
        return f"{seconds:.3g}"
    sign, whole = ("-", -round(seconds)) if seconds < -0.5 else ("", round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}:{minutes:02d}:{rest:02d}" if hours else f"{sign}{minutes}:{rest:02d}"


def _whole(value: float) -> str:
    return f"{value:.0f}" if value == round(value) and abs(value) < 1e9 else ""
