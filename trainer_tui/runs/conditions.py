"""Ranges and conditions on numbers, as people write them in settings: `>= 0`, `0 .. 1`, `rhat < 1.05`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import NamedTuple

ALLOWED_RANGES = "'>= 0', '> 0', '<= 5', '< 5' or '0 .. 1'"
ALLOWED_CONDITIONS = "a column and a range, as in 'rhat < 1.05', 'val_loss <= 0.2' or 'ess 400 .. 100000'"

_NUMBER = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?"
_ONE_SIDED = re.compile(rf"\s*(<=|>=|<|>)\s*({_NUMBER})\s*", re.ASCII)
_BETWEEN = re.compile(rf"\s*({_NUMBER})\s*\.\.\s*({_NUMBER})\s*", re.ASCII)
_CONDITION = re.compile(rf"\s*(?P<column>\S.*?)\s*(?P<range>[<>]=?.*|(?<=\s){_NUMBER}\s*\.\..*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Range:
    """An interval of finite numbers; an end that is open excludes the limit itself."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    def __contains__(self, value: float) -> bool:
        """Whether a number lies inside; NaN and the infinities lie in no range."""
        if not math.isfinite(value):
            return False
        above = value > self.low if self.low_open else value >= self.low
        below = value < self.high if self.high_open else value <= self.high
        return above and below

    def __str__(self) -> str:
        """The form that `parse_range` reads back, where there is one."""
        low, high = format(self.low, ".17g"), format(self.high, ".17g")
        if math.isinf(self.high):
            return f"{'>' if self.low_open else '>='} {_short(low, self.low)}"
        if math.isinf(self.low):
            return f"{'<' if self.high_open else '<='} {_short(high, self.high)}"
        return f"{_short(low, self.low)} .. {_short(high, self.high)}"


class Condition(NamedTuple):
    """A range that a column of the history or of the results has to lie in."""

    column: str
    range: Range

    def __str__(self) -> str:
        return f"{self.column} {self.range}"


def parse_range(text: str) -> Range:
    """The range that a text like `>= 0` or `0 .. 1` (both ends belong to it) describes.

    Raises ValueError, naming the allowed forms, when it describes none.
    """
    if match := _ONE_SIDED.fullmatch(text):
        sign, limit = match[1], _limit(match[2], text)
        if sign.startswith(">"):
            return Range(low=limit, low_open=sign == ">")
        return Range(high=limit, high_open=sign == "<")
    if match := _BETWEEN.fullmatch(text):
        low, high = _limit(match[1], text), _limit(match[2], text)
        if low > high:
            raise ValueError(f"{text!r} is empty: write the smaller number first")
        return Range(low, high)
    raise ValueError(f"{text!r} is no range; allowed: {ALLOWED_RANGES}")


def parse_condition(text: str) -> Condition:
    """The column and the range of a text like `rhat < 1.05`.

    Raises ValueError, naming the allowed forms, when it holds none.
    """
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no condition; allowed: {ALLOWED_CONDITIONS}")
    return Condition(match["column"], parse_range(match["range"]))


def _limit(number: str, text: str) -> float:
    """A limit as a finite number; `1e999` is none."""
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is no range: {number} is too large; leave the end out that has no limit")
    return value


def _short(exact: str, value: float) -> str:
    """The shortest text that reads back as the same number."""
    short = format(value, "g")
    return short if float(short) == value else exact
