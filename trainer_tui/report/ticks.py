"""Where an axis gets its numbers, and how they are written."""

from __future__ import annotations

import math

from trainer_tui.report.blocks import Chart
from trainer_tui.runs.units import bytes_text

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_SMALLEST = 1e-300
"""A distance below which a step between two ticks is no number any more."""

_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


def linear(low: float, high: float, count: int) -> list[float]:
    """Round numbers between two values, `count` at most, about."""
    span = high - low
    if not math.isfinite(span) or span < _SMALLEST:
        return [low]
    raw = span / max(1, count)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next((s * power for s in _STEPS if s * power >= raw * (1 - 1e-9)), 10 * power)
    return _multiples(low, high, step)


def decades(low: float, high: float, count: int) -> list[float]:
    """Powers of ten between two positive values; 2 and 5 times them where there is room."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = max(1, math.ceil((last - first) / max(1, count)))
    for factors in ((1, 2, 5), (1, 3), (1,)):
        ticks = [f * 10.0**p for p in range(first, last + 1, every) for f in factors if every == 1 or f == 1]
        found = [tick for tick in ticks if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]
        if len(found) <= count + 1:
            break
    return found if len(found) > 1 else linear(low, high, count)


def seconds(low: float, high: float, count: int) -> list[float]:
    """Round times."""
    raw = (high - low) / max(1, count)
    step = next((s for s in _SECONDS if s >= raw), None) if high - low >= 1 else None
    return linear(low, high, count) if step is None else _multiples(low, high, float(step))


def powers_of_two(low: float, high: float, count: int) -> list[float]:
    """Round sizes in bytes."""
    span = high - low
    if not math.isfinite(span) or span < _SMALLEST:
        return [low]
    step = 2.0 ** math.ceil(math.log2(span / max(1, count)))
    return _multiples(low, high, step)


def x_label(chart: Chart, value: float) -> str:
    """A number below the axis."""
    return time_label(value) if chart.x_unit == "seconds" else number_label(value)


def y_label(chart: Chart, value: float) -> str:
    """A number beside the axis."""
    if chart.y_unit == "bytes":
        return bytes_text(value).replace(".0 ", " ")
    return f"{value:g} %" if chart.y_unit == "percent" else number_label(value)


def number_label(value: float) -> str:
    """At most about seven characters."""
    if value == 0:
        return "0"
    text = f"{value:.4g}"
    return text.replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")


def time_label(value: float) -> str:
    """`1:30:00`, `2:30`, `45 s`."""
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def _multiples(low: float, high: float, step: float) -> list[float]:
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [n * step for n in range(first, min(last, first + 50) + 1)]
