"""Times of log lines, and the place in a log at which a time is reached."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_LOOK_AT = 300
_LINES = 400
"""Lines behind a place that are asked for a time; tracebacks and bars have none."""
DAY = 86_400.0

_STAMP = re.compile(
    rb"(?<!\d)(\d{4})[-/](\d\d)[-/](\d\d)[T _](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,6}))?\d*(Z|[+-]\d\d:?\d\d)?"
)
_CLOCK = re.compile(rb"(?:^|[\[( ])(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,6}))?(?![\d<])")
_EPOCH = re.compile(rb'"(?:ts|time|timestamp|t|created)": ?(1\d{9})(\.\d{1,9})?\d*[,}]')


@dataclass(frozen=True, slots=True)
class Moment:
    """When a line was written, by its own words."""

    seconds: float
    """Since 1970 as the log's clock counts, its zone taken off; without a date, since midnight."""
    dated: bool


def time_of(line: bytes) -> Moment | None:
    """The first time in the beginning of a line; None without one."""
    head = line[:_LOOK_AT]
    if match := _STAMP.search(head):
        try:
            year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
            moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            return None
        return Moment(moment.timestamp() + _fraction(match.group(7)), True)
    if match := _EPOCH.search(head):
        return Moment(float(match.group(1)) + float(match.group(2) or 0), True)
    if match := _CLOCK.search(head[:80]):
        hour, minute, second = (int(part) for part in match.groups()[:3])
        if hour < 24 and minute < 60 and second < 62:
            return Moment(hour * 3600.0 + minute * 60 + second + _fraction(match.group(4)), False)
    return None


def _fraction(digits: bytes | None) -> float:
    return float(b"0." + digits) if digits else 0.0


_ASKED = re.compile(
    r"(?:(?P<date>\d{4}-\d\d-\d\d)(?:[T ](?=\d)|$))?(?:(?P<clock>\d{1,2}:\d\d(?::\d\d)?)(?:[.,]\d+)?Z?)?"
)
_AGO = re.compile(r"-\s*(?P<number>\d{1,6}(?:\.\d+)?)\s*(?P<unit>s|sec|m|min|h|d)")
_UNITS = {"s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": DAY}


def asked_time(text: str, last: Moment) -> Moment | None:
    """The moment that a person means by `14:02`, `2026-01-25 14:02`, `-10m`; None when it is none.

    `last`: the time of the log's last line. A time of day without a date is its last one before that.
    """
    text = text.strip()
    if match := _AGO.fullmatch(text):
        return Moment(last.seconds - float(match["number"]) * _UNITS[match["unit"]], last.dated)
    match = _ASKED.fullmatch(text)
    if match is None or not (match["date"] or match["clock"]):
        return None
    try:
        parts = [int(part) for part in (match["clock"] or "0:00").split(":")]
        of_day = timedelta(hours=parts[0], minutes=parts[1], seconds=parts[2] if len(parts) > 2 else 0)
        if parts[0] > 23 or parts[1] > 59:
            return None
        if match["date"]:
            date = datetime.strptime(match["date"], "%Y-%m-%d").replace(tzinfo=UTC)
            return Moment((date + of_day).timestamp(), True)
    except ValueError:
        return None
    seconds = of_day.total_seconds()
    if last.dated:
        seconds += last.seconds - last.seconds % DAY
        if seconds > last.seconds:
            seconds -= DAY
    return Moment(seconds, last.dated)


Line = Callable[[int], bytes]
Step = Callable[[int], int | None]


def moment_from(
    start: int | None, line: Line, step: Step, limit: int | None = None
) -> tuple[int, Moment] | None:
    """The first line with a time among those from `start` on in the direction of `step`, and its time."""
    for _ in range(_LINES):
        if start is None or (limit is not None and start >= limit):
            return None
        if moment := time_of(line(start)):
            return start, moment
        start = step(start)
    return None


def place_of(
    wanted: Moment, size: int, start_of: Callable[[int], int], line: Line, after: Step
) -> int | None:
    """Where the first line begins that was written at `wanted` or later, if times only ever rise.

    The last line with a time when all are earlier; None when no line has a time of this kind.
    """
    low, high = 0, size
    best: int | None = None
    seen: int | None = None
    while low < high:
        middle = (low + high) // 2
        start = start_of(middle)
        if start < low:
            start = after(start) or high
        found = moment_from(start, line, after, high) if start < high else None
        if found is None:
            high = middle
            continue
        place, moment = found
        if moment.dated != wanted.dated:
            return None
        if moment.seconds >= wanted.seconds:
            best, high = place, min(middle, place)
        else:
            seen, low = place, place + 1
    return best if best is not None else seen
