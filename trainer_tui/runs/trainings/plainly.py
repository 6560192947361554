"""Values out of documents that anybody may have written: of the form that is expected, or the default."""

from __future__ import annotations

import math
from typing import Any

from trainer_tui.runs.text import clean

LONGEST = 600
"""Characters of a sentence."""

MOST = 10_000
"""Entries of one list that are taken."""

LARGEST = 1e300
"""Larger numbers are none: sums of them would not be finite."""


def text(value: Any, limit: int = LONGEST) -> str:
    """A clean text of one line; of a number its digits; empty for everything else."""
    if isinstance(value, str):
        return clean(value, limit)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return clean(short(value), limit)


def number(value: Any) -> float | None:
    """A finite number, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < LARGEST else None  # nan compares false


def count(value: Any) -> int:
    """A whole number that is not negative; 0 for everything else."""
    found = number(value)
    return int(found) if found is not None and found >= 0 else 0


def table(value: Any) -> dict[str, Any]:
    """A JSON object, at most `MOST` entries of it; empty for everything else."""
    if not isinstance(value, dict):
        return {}
    return value if len(value) <= MOST else dict(list(value.items())[:MOST])


def rows(value: Any) -> list[Any]:
    """A JSON list, at most `MOST` entries of it; empty for everything else."""
    return value[:MOST] if isinstance(value, list) else []


def texts(value: Any, limit: int = 100) -> tuple[str, ...]:
    """The texts and numbers of a list."""
    return tuple(found for each in rows(value) if (found := text(each, limit)))


def numbers(value: Any) -> dict[str, float]:
    """The finite numbers of an object, by their clean names."""
    found = {clean(str(key), 100): number(each) for key, each in table(value).items()}
    return {key: each for key, each in found.items() if each is not None}


def points(value: Any) -> tuple[tuple[float, float], ...]:
    """The pairs of finite numbers in a list of pairs."""
    found = []
    for pair in rows(value):
        if isinstance(pair, list) and len(pair) == 2:
            x, y = number(pair[0]), number(pair[1])
            if x is not None and y is not None:
                found.append((x, y))
    return tuple(found)


def short(value: float) -> str:
    """A number in at most five digits that tell; a whole one with all of them."""
    if isinstance(value, int) or (math.isfinite(value) and value == int(value) and abs(value) < 1e9):
        return f"{int(value)}" if abs(value) < 1e15 else f"{float(min(value, LARGEST)):.5g}"
    return f"{value:.5g}"
