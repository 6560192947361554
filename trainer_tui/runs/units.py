"""Sizes and counts for people."""

from __future__ import annotations

import math

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def bytes_text(count: float) -> str:
    """`9.8 GiB`, `212 GiB`, `0 B`; `–` when unknown."""
    if not math.isfinite(count):
        return "–"
    size, unit = abs(count), 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size /= 1024
        unit += 1
    sign = "-" if count < 0 else ""
    return f"{sign}{size:.1f} {_UNITS[unit]}" if unit and size < 100 else f"{sign}{size:.0f} {_UNITS[unit]}"


def pair_text(used: float, total: float) -> str:
    """`9.8 of 24 GiB`: the unit is said once when both have it."""
    first, second = bytes_text(used), bytes_text(total)
    if first.split()[-1] == second.split()[-1]:
        first = first.split()[0]
    return f"{first} of {second.replace('.0 ', ' ')}"


def counted(count: int, one: str, many: str) -> str:
    """`1 process`, `3 processes`."""
    return f"{count} {one if count == 1 else many}"
