"""Numbers as cells of a table: four digits that tell, the decimal points below each other."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

WIDEST_NAME = 16
NARROWEST = 5

_WHOLE = 1e15
"""Whole numbers from here on are no more exact in a double."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a column is written."""

    name: str
    """Clean; may be cut to the width."""
    whole: bool = False
    """Whether every value is a whole number: then all digits are shown."""
    left: int = 1
    """Characters before the decimal point."""
    right: int = 0
    """Characters from the decimal point on."""

    @property
    def width(self) -> int:
        """Cells of the terminal."""
        return max(self.left + self.right, min(len(self.name), WIDEST_NAME), NARROWEST)

    @property
    def head(self) -> str:
        """The name in this width."""
        name = self.name if len(self.name) <= self.width else self.name[: self.width - 1] + "…"
        return name.rjust(self.width)

    def cell(self, value: float) -> str:
        """A value in this width, its decimal point below the others."""
        before, after = halves(value, self.whole)
        return (before + after.ljust(self.right)).rjust(self.width)[-max(self.width, len(before + after)) :]

    def fits(self, value: float) -> bool:
        """Whether a value can be written without moving the others."""
        before, after = halves(value, self.whole)
        return len(before) <= self.width - self.right and len(after) <= self.right

    def widened(self, value: float) -> Look:
        """The look with room for one more value."""
        before, after = halves(value, self.whole)
        return replace(self, left=max(self.left, len(before)), right=max(self.right, len(after)))


def halves(value: float, whole: bool) -> tuple[str, str]:
    """A number as text, cut before its decimal point or exponent."""
    if not math.isfinite(value):
        return f"{value}", ""
    if whole and abs(value) < _WHOLE:
        return f"{value:.0f}", ""
    text = f"{value:.4g}"
    cut = next((n for n, character in enumerate(text) if character in ".e"), len(text))
    return text[:cut], text[cut:]


def look_of(name: str, whole: bool, sample: Iterable[float]) -> Look:
    """The look that has room for a sample of the column's values."""
    look = Look(name, whole)
    for value in sample:
        if not math.isnan(value):
            look = look.widened(value) if not look.fits(value) else look
            before, after = halves(value, whole)
            if len(before) > look.left or len(after) > look.right:
                look = look.widened(value)
    return look
