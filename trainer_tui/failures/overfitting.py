"""Overfitting: validation loss rises while training loss falls, apart from noise and slow wandering.

The last 12 groups of 1, 2, 4, ... 32 rows are looked at, so that a fast and a slow rise are both seen. A
rise counts when it is steady, larger than the curve's noise and than any rise before it, above the curve's
bottom, and still there half a window later.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean

from trainer_tui.failures import curves

SCALES = (1, 2, 4, 8, 16, 32)
_STEADY = 0.8
"""Kendall's tau of the validation groups; without a past to compare with it must be _STEADY_AT_FIRST."""
_STEADY_AT_FIRST = 0.9
_FALLING = 0.6
_NOISE_TIMES = 2.0
_PAST_TIMES = 2.0
_SHARE = 0.05
"""How far above the bottom of its curve the validation loss must be."""


@dataclass(frozen=True, slots=True)
class Rise:
    """A rise of the validation loss, in the loss's own unit, over so many rows."""

    from_: float
    to: float
    rows: int


@dataclass(slots=True)
class Pair:
    """One validation loss and its training loss, row by row."""

    val: deque[float] = field(default_factory=lambda: deque(maxlen=curves.BINS * max(SCALES)))
    train: deque[float] = field(default_factory=lambda: deque(maxlen=curves.BINS * max(SCALES)))
    count: int = 0
    well: bool = False
    """The validation loss is as low as it has ever been."""
    doubts: dict[int, tuple[Rise, int]] = field(default_factory=dict)
    """By scale: a rise that is being watched, and the row count when it was first seen."""

    def feed(self, val: float, train: float) -> Rise | None:
        """Takes one row; the rise of the validation loss if this row settles that there is one."""
        self.val.append(val)
        self.train.append(train)
        self.count += 1
        self.well = self.count % 4 == 0 and self.count >= curves.BINS and _at_bottom(self.val)
        if self.well:
            self.doubts.clear()
            return None
        settled = None
        for width in SCALES:
            if len(self.val) >= curves.BINS * width and self.count % width == 0:
                settled = self._watch(width) or settled
        return settled

    def _watch(self, width: int) -> Rise | None:
        if width not in self.doubts:
            if rise := _rising(self.val, self.train, width):
                self.doubts[width] = (rise, self.count)
            return None
        rise, since = self.doubts[width]
        now = curves.tail(self.val, 4 * width)
        if now < rise.to - 0.25 * (rise.to - rise.from_):  # it only wandered, and came back
            del self.doubts[width]
        elif self.count - since >= rise.rows // 2:
            return Rise(rise.from_, now, rise.rows + self.count - since)
        return None


def _rising(val: Sequence[float], train: Sequence[float], width: int) -> Rise | None:
    up, down = curves.binned(val, width), curves.binned(train, width)
    third = curves.BINS // 3
    rise = Rise(fmean(up[:third]), fmean(up[-third:]), curves.BINS * width)
    has_past = len(val) >= 2 * rise.rows
    if curves.trend(up) < (_STEADY if has_past else _STEADY_AT_FIRST) or curves.trend(down) > -_FALLING:
        return None
    height = rise.to - rise.from_
    bottom = curves.lowest(val, width)
    seen = (
        height > _NOISE_TIMES * max(curves.noise(up), curves.wander(val, width))
        and height > _PAST_TIMES * curves.largest_rise(val, width)
        and rise.to > bottom + _SHARE * abs(bottom)
        and -curves.rise(down) > curves.noise(down)
    )
    return rise if seen else None


def _at_bottom(val: Sequence[float]) -> bool:
    bottom = curves.lowest(val, 1)
    return curves.tail(val, 4) <= bottom + 0.005 * abs(bottom)
