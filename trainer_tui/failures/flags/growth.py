"""Whether something grows steadily, and how fast at the least: for forecasts of when it will be too much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from trainer_tui.failures.flags import robust

_POINTS = 48
_FADING = 0.5
"""A last third that grows by less than this share of the first one flattens."""
_STEADY = 0.7
"""Kendall's tau of the points; a staircase of many steps has it, one jump has not."""


@dataclass(frozen=True, slots=True)
class Growth:
    """A steady growth, in units a second."""

    value: float
    low: float
    """The least that the values allow: 99 % surely, and no more than the last third shows."""
    gained: float
    """How much it grew in all, in units."""
    to_come: float
    """How much more it can grow, in units, if it goes on to slow down as it does; infinite if it does not."""

    def fills(self, free: float, seconds: float) -> bool:
        """Whether it surely takes all that is free within so many seconds."""
        return free < min(self.low * seconds, self.to_come)


def steady(values: Sequence[float], seconds: float) -> Growth | None:
    """The growth of values that lie so many seconds apart; None where there is none that lasts.

    A growth that flattens has none: the slope of the last third has to bear it as well. Peaks that come
    and go do not count: the lowest quarter of each stretch is looked at.
    """
    size = max(1, len(values) // _POINTS)
    points = [_floor(values[i : i + size]) for i in range(len(values) % size, len(values), size)]
    if len(points) < 24 or robust.trend(points) < _STEADY:
        return None
    third = len(points) // 3
    whole, late = robust.sen_slope(points), robust.sen_slope(points[-third:])
    early = robust.sen_slope(points[:third]).value
    parts = [fmean(points[k * third : (k + 1) * third]) for k in range(3)]
    # A single jump, or a growth that fades: one part of the time holds nearly all of it.
    if min(parts[1] - parts[0], parts[2] - parts[1]) < 0.25 * (parts[2] - parts[0]):
        return None
    low = min(whole.low, late.value)
    if low <= 0 or late.value < _FADING * early:
        return None
    to_come = math.inf
    if late.value < early:
        # As in a filling tank: each stretch adds the same share of what the one before added.
        to_come = late.value * (len(points) - third) / math.log(early / late.value)
    step = seconds * size
    gained = median(points[-4:]) - median(points[:4])
    return Growth(min(whole.value, late.value) / step, low / step, gained, to_come)


def hours_text(seconds: float) -> str:
    """`25 minutes`, `3.4 hours`."""
    if seconds < 5400:
        return f"{max(1, round(seconds / 60))} minutes"
    return f"{seconds / 3600:.1f} hours"


def _floor(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return fmean(ordered[: max(1, len(ordered) // 4)])
