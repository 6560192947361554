"""Time: UTC stamps for display, and how long something took."""

from __future__ import annotations

import math
from datetime import MAXYEAR, MINYEAR, UTC, datetime

_LONGEST_S = 1e12
"""Longer is no duration of ours."""


def utc_now() -> str:
    """The time now as `2026-01-25T14:30:00.123Z`."""
    return utc_stamp(datetime.now(UTC))


def utc_stamp(moment: datetime) -> str:
    """A moment in the form of every file of ours."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_utc(stamp: str) -> datetime | None:
    """The moment of a stamp; None when it is not one."""
    try:
        moment = datetime.fromisoformat(stamp)
    except (TypeError, ValueError):
        return None
    if not MINYEAR + 1 < moment.year < MAXYEAR - 1:
        return None  # in another time zone it may be none that a computer knows
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def seconds_between(start: str, end: str) -> float | None:
    """Seconds from one stamp to the other, never negative (a clock that was set back)."""
    first, last = parse_utc(start), parse_utc(end)
    if first is None or last is None:
        return None
    return max(0.0, (last - first).total_seconds())


def duration_text(seconds: float | None) -> str:
    """`3 h 10 min`, `2 min 11 s`, `12 s` or `0.4 s`; `–` when unknown."""
    if seconds is None or not abs(seconds) < math.inf or abs(seconds) > _LONGEST_S:
        return "–"
    if 0 < seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = max(0, int(seconds + 0.05))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest:02d} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(whole / 60), 60)
    return f"{hours} h {minutes:02d} min" if minutes else f"{hours} h"
