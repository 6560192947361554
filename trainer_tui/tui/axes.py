"""Ticks of the plot's axes: few, at round numbers, and powers of ten where the axis holds logarithms."""

from __future__ import annotations

import math
from collections.abc import Sequence

from textual_plot import AxisFormatter

_SMALLEST = 1e-300
"""Steps of a span below it would be too small for a float."""


class Axis(AxisFormatter):
    """Up to `most` ticks; with `log_scale` the values are decimal logarithms of what the labels say."""

    def __init__(self, most: int, *, log_scale: bool = False) -> None:
        self.most = max(1, most)
        self.log_scale = log_scale

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 8) -> list[float]:
        """Multiples of 1, 2 or 5 times a power of ten inside the limits."""
        count = min(self.most, max_ticks)
        span = max_ - min_
        if not math.isfinite(span) or span < _SMALLEST:
            return [min_]
        power = 10.0 ** math.floor(math.log10(span / count))
        steps = (m * power for m in (1.0, 2.0, 5.0, 10.0, 20.0))
        step = next((s for s in steps if span / s <= count), 20.0 * power)
        first = math.ceil(min_ / step)
        return [n * step for n in range(first, first + count + 1) if n * step <= max_ + step * 1e-9]

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        """At most seven characters each."""
        if self.log_scale:
            return [f"{10.0**tick:.2g}" for tick in ticks]
        return [_label(tick) for tick in ticks]


def _label(value: float) -> str:
    text = f"{value:.5g}"
    return text if len(text) <= 7 else f"{value:.1e}"
