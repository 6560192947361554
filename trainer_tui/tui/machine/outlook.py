"""When the job's memory will reach its limit: the slope, how sure it is, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainer_tui.failures.flags import growth, robust
from trainer_tui.runs.units import bytes_text
from trainer_tui.tui.pictures import Tone
from trainer_tui.tui.words import about_text

GROUP_S = 10.0
START_UP_S = 300.0
"""Imports, data and compilation fill memory in this time: that is no growth."""

LEAST_GROUPS = 24
LONGEST_S = 3 * 3600.0
"""The past that a slope is taken from."""

SOON_S = 12 * 3600.0
_POINTS = 48


@dataclass(frozen=True, slots=True)
class Outlook:
    """The growth of the job's memory, in bytes a second, with the ends of its 99 % interval."""

    rate: float
    low: float
    high: float
    steady: bool
    """Whether it grows steadily: only then there is a forecast."""
    free: float
    """Bytes to the limit."""
    to_come: float = math.inf
    """Bytes that are still to come if the growth goes on to slow down."""

    @property
    def reaches_s(self) -> float | None:
        """Seconds until the limit; None where it is not reached at this rate."""
        return self.free / self.rate if self.steady and self.to_come > self.free else None


def outlook_of(elapsed: Sequence[float], rss: Sequence[float], free: float) -> Outlook | None:
    """The outlook from samples of the job's resident memory; None while there are too few of them.

    `elapsed`: seconds since the process started. `free`: bytes of memory that nobody uses.
    """
    groups = _groups(np.asarray(elapsed, dtype=np.float64), np.asarray(rss, dtype=np.float64))
    if len(groups) < LEAST_GROUPS or not math.isfinite(free):
        return None
    seen = growth.steady(groups, GROUP_S)
    size = max(1, len(groups) // _POINTS)
    points = [sum(groups[i : i + size]) / size for i in range(len(groups) % size, len(groups), size)]
    slope = robust.sen_slope(points)
    low, high = slope.low / (GROUP_S * size), slope.high / (GROUP_S * size)
    if seen is None:
        return Outlook(slope.value / (GROUP_S * size), low, high, False, free)
    return Outlook(seen.value, min(seen.low, low), max(high, seen.value), True, free, seen.to_come)


def outlook_words(outlook: Outlook | None, limit: float) -> list[tuple[str, Tone]]:
    """One line about it."""
    if outlook is None:
        minutes = (START_UP_S + LEAST_GROUPS * GROUP_S) / 60
        return [("job memory ", "plain"), (f"a forecast needs {minutes:.0f} minutes of samples", "dim")]
    rate = f"{_signed(outlook.rate)}/min"
    sure = f" (99 %: {_signed(outlook.low)} to {_signed(outlook.high)})"
    if _signed(outlook.low) == _signed(outlook.high):
        sure = " (99 % sure)"
    if not outlook.steady:
        return [("job memory ", "plain"), (f"{rate}{sure}: no steady growth", "dim")]
    seconds = outlook.reaches_s
    if seconds is None:
        return [("job memory ", "plain"), (f"{rate}{sure}: it slows down before the limit", "plain")]
    tone: Tone = "warning" if seconds < SOON_S else "plain"
    sign = "▲ " if seconds < SOON_S else ""
    about, soonest = about_text(seconds), about_text(outlook.free / outlook.high)
    earliest = f", in {soonest} at the earliest" if soonest != about else ""
    # What matters first: on a narrow screen the end is cut off.
    reaches = f": limit of {bytes_text(limit)} in about {about}{earliest}"
    return [(f"{sign}job memory {rate}{reaches}", tone), (sure, "dim")]


def _groups(elapsed: np.ndarray, rss: np.ndarray) -> list[float]:
    """Means of ten seconds, in order; those of the start-up and of long ago are left out."""
    count = min(len(elapsed), len(rss))
    elapsed, rss = elapsed[len(elapsed) - count :], rss[len(rss) - count :]
    finite = np.isfinite(elapsed) & np.isfinite(rss)
    elapsed, rss = elapsed[finite], rss[finite]
    if not len(elapsed):
        return []
    late = elapsed >= max(START_UP_S, elapsed[-1] - LONGEST_S)
    number = np.floor(elapsed[late] / GROUP_S).astype(np.int64)
    if not len(number):
        return []
    number -= number.min()
    if number.min() < 0 or number.max() > 10 * LONGEST_S / GROUP_S:
        return []  # a clock that leapt
    sums, counts = np.bincount(number, rss[late]), np.bincount(number)
    return [float(value) for value in sums[counts > 0] / counts[counts > 0]]


def _signed(rate: float) -> str:
    """Bytes a minute with their sign."""
    if not math.isfinite(rate):
        return "?"
    return f"{'+' if rate >= 0 else ''}{bytes_text(rate * 60)}"
