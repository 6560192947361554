"""How long a row takes: slower all at once, or slower and slower."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from statistics import median

from trainer_tui.failures.flags import robust
from trainer_tui.failures.flags.curve import Curve
from trainer_tui.failures.flags.finding import Finding, Snapshot
from trainer_tui.failures.flags.pyramid import Pyramid
from trainer_tui.runs.clock import duration_text
from trainer_tui.runs.flags import Values

_ORDER = ("duration", "clock", "speed")
_SETTLING = 2
"""Rows that compile, open files and fill caches; they are not looked at."""

_GROUPS = 8
_MIN_GROUPS = 32


class Pace:
    """Seconds of each row, from the one column that tells them best."""

    def __init__(self) -> None:
        self.column = ""
        self.seconds = 0.0
        self.rows = Pyramid()
        self._skipped = 0

    def push(self, curve: Curve, value: float) -> None:
        """Take in a cell of a column of time."""
        if curve.name != self.column:
            rank = _ORDER.index(curve.kind) if curve.kind in _ORDER else len(_ORDER)
            if self.column and rank >= self._rank:
                return
            self.column, self._rank, self._skipped = curve.name, rank, 0
            self.rows, self.seconds = Pyramid(), 0.0
        before, curve.clock = curve.clock, value
        if curve.kind == "clock":
            value -= before
        elif curve.kind == "speed":
            value = 1 / value if value > 0 else math.nan
        elif _is_clock(curve):
            curve.kind = "clock"
            self.rows, self.seconds, self._skipped = Pyramid(), 0.0, 0
            return
        if not 0 <= value < math.inf:
            return
        self._skipped += 1
        if self._skipped > _SETTLING:
            self.seconds += value
            self.rows.push(value)

    _rank = len(_ORDER)


def _is_clock(curve: Curve) -> bool:
    """Whether what is called a duration is the time since the start: twelve sums in a row."""
    values = list(curve.recent)[:12]
    if curve.pyramid.count != 12 or values[0] <= 0:
        return False
    steps = [b - a for a, b in pairwise(values)]
    return min(steps) > 0 and values[-1] > 4 * values[0] and max(steps) < 4 * median(steps)


def drop(snap: Snapshot, values: Values) -> Iterable[Finding]:
    """The last groups of rows, so many seconds together, take far longer than those before."""
    pace = snap.pace
    count = pace.rows.count
    if count < 3 * _GROUPS:
        return
    # A group is as many rows as take an eighth of the time that is looked at.
    usual = median(pace.rows.whole()[1])
    level = 0
    while usual * _GROUPS * (1 << level) * values["factor"] < values["seconds"]:
        level += 1
        if count < 3 * _GROUPS << level or usual <= 0:
            return
    groups = list(pace.rows.at(level))
    before, now = groups[:-_GROUPS], groups[-_GROUPS:]
    if len(before) < 2 * _GROUPS:
        return
    base, recent = median(before), median(now)
    slow = sum(group > base * (1 + (values["factor"] - 1) / 2) for group in now)
    # Rows that differ much among themselves differ by chance too: six standard errors of a median.
    chance = math.exp(min(6 * 1.25 * robust.log_spread(before) / _GROUPS**0.5, 50.0))
    if base > 0 and recent > max(values["factor"], chance) * base and slow >= _GROUPS - 1:
        times = robust.times_text(recent, base)
        message = f"a row takes {_seconds(recent)}, {times} the {_seconds(base)} before"
        yield Finding(pace.column, message, {"seconds": recent, "before": base, "rows": _GROUPS << level})


def drift(snap: Snapshot, values: Values) -> Iterable[Finding]:
    """The time for a row grows steadily over the whole run."""
    pace = snap.pace
    if pace.seconds < values["minutes"] * 60 or pace.column == "":
        return
    width, groups = pace.rows.whole()
    if len(groups) < _MIN_GROUPS:
        return
    quarter = len(groups) // 4
    first, last = median(groups[:quarter]), median(groups[-quarter:])
    if last <= first * (1 + values["growth"] / 2) or robust.trend(groups) < 0.7:
        return
    slope = robust.sen_slope(groups)
    # Steady: the second half grows as the first one does; a step is something else.
    half = robust.sen_slope(groups[len(groups) // 2 :])
    if slope.low * len(groups) > values["growth"] * first > 0 and half.value > 0.3 * slope.value:
        message = (
            f"a row takes longer and longer: {_seconds(first)} at first, {_seconds(last)} now, "
            f"after {duration_text(pace.seconds)}"
        )
        facts = {"first": first, "now": last, "growth_a_row": slope.value / width}
        yield Finding(pace.column, message, facts)


def _seconds(value: float) -> str:
    return f"{value:.3g} s"
