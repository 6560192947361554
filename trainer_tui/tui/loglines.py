"""What a log line looks like: its level and its timestamp, by the words at its start."""

from __future__ import annotations

import re
from typing import Literal

Level = Literal["", "error", "warning", "debug"]

_LOOK_AT = 240
"""Characters at a line's start that are looked at."""

_ERROR = re.compile(
    r"\b(?:ERROR|CRITICAL|FATAL)\b"
    r"|\b[A-Za-z]{1,40}(?:Error|Exception|Interrupt)(?::|$)"
    r"|^\W{0,3}(?:error|fatal|Traceback \(most recent call last\)):"
)
_WARNING = re.compile(r"\bWARN(?:ING)?\b|\b[A-Za-z]{0,40}Warning:|^\W{0,3}warning:")
_DEBUG = re.compile(r"\b(?:DEBUG|TRACE)\b")
_STAMP = re.compile(r"^\[?(?:\d{4}-\d\d-\d\d[ T])?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?")


def level_of(line: str) -> Level:
    """How loud a line is. A word such as `error` alone is no error: metrics carry it in their names."""
    head = line[:_LOOK_AT]
    if _ERROR.search(head):
        return "error"
    if _WARNING.search(head):
        return "warning"
    return "debug" if _DEBUG.search(head) else ""


def stamp_length(line: str) -> int:
    """How many characters the timestamp at the line's start takes; 0 when there is none."""
    match = _STAMP.match(line[:48])
    return match.end() if match else 0


def found_in(line: str, needle: str) -> list[tuple[int, int]]:
    """Where a text stands in a line, upper and lower case alike."""
    if not needle:
        return []
    low, wanted = line.lower(), needle.lower()
    if len(low) != len(line):  # a letter whose lower case is longer: positions would be wrong
        low, wanted = line, needle
    places, at = [], low.find(wanted)
    while at >= 0:
        places.append((at, at + len(wanted)))
        at = low.find(wanted, at + len(wanted))
    return places
