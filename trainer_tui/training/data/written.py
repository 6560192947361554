"""Numbers and dates that are written as text: `1,234.5`, `1.234,5`, `45 %`, `€ 12`, `31.12.2024`.

A column is read as numbers or dates only if every value is one; what could be two things is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

LOOK = 200
"""Values that are tried before a million are."""


@dataclass(frozen=True, slots=True)
class NumberForm:
    """A way to write numbers; `plain` makes one that Python reads."""

    name: str
    pattern: re.Pattern[str]
    plain: Callable[[str], str]


def _same(text: str) -> str:
    return text


def _no_commas(text: str) -> str:
    return text.replace(",", "")


def _comma_is_point(text: str) -> str:
    return text.replace(",", ".")


def _points_out(text: str) -> str:
    return text.replace(".", "").replace(",", ".")


_SPACES = str.maketrans("", "", " '\u00a0\u202f\u2009")


def _spaces_out(text: str) -> str:
    return text.translate(_SPACES).replace(",", ".")


_EXPONENT = r"(?:[eE][+-]?\d+)?"
PLAIN = NumberForm(
    "plain", re.compile(rf"[+-]?(?:\d+\.?\d*|\.\d+){_EXPONENT}|[+-]?inf(?:inity)?", re.IGNORECASE), _same
)
THOUSANDS = NumberForm(
    "a comma between thousands", re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"), _no_commas
)
DECIMAL_COMMA = NumberForm(
    "a decimal comma", re.compile(rf"[+-]?(?:\d+,?\d*|,\d+){_EXPONENT}", re.IGNORECASE), _comma_is_point
)
EUROPEAN = NumberForm(
    "points between thousands and a decimal comma",
    re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?"),
    _points_out,
)
SPACED = NumberForm(
    "spaces or apostrophes between thousands",
    re.compile(r"[+-]?(?:\d{1,3}(?:[ '\u00a0\u202f\u2009]\d{3})+|\d+)(?:[.,]\d+)?"),
    _spaces_out,
)
FORMS: tuple[NumberForm, ...] = (PLAIN, THOUSANDS, DECIMAL_COMMA, EUROPEAN, SPACED)
COMMA_FORMS: tuple[NumberForm, ...] = (PLAIN, DECIMAL_COMMA, EUROPEAN, THOUSANDS, SPACED)
"""The order in a file whose fields are separated by semicolons."""

_CODE = re.compile(r"0\d+")
_MARK = re.compile(r"^\s*([$€£¥])\s*|\s*([%€£¥])\s*$")


def numbers(texts: Sequence[str], decimal_comma: bool) -> tuple[npt.NDArray[np.float64], str] | None:
    """The numbers behind all these texts and how they are written (empty: plainly); None if one is no
    number."""
    texts, mark = _unmarked(texts)
    if any(_CODE.fullmatch(text) for text in texts):
        return None
    forms = COMMA_FORMS if decimal_comma else FORMS
    for form in forms:
        if all(form.pattern.fullmatch(text) for text in texts[:LOOK]) and all(
            map(form.pattern.fullmatch, texts)
        ):
            values = np.array([float(form.plain(text)) for text in texts], dtype=np.float64)
            how = " and ".join(part for part in ("" if form is PLAIN else form.name, mark) if part)
            return values, how
    return None


def is_number(text: str) -> bool:
    """Whether a text is a number that is plainly written."""
    return bool(PLAIN.pattern.fullmatch(text.strip()))


def _unmarked(texts: Sequence[str]) -> tuple[Sequence[str], str]:
    """Without a currency or per cent sign, if all have the same one."""
    found = {match.group().strip() if (match := _MARK.search(text)) else "" for text in texts[:LOOK]}
    if len(found) != 1 or found == {""}:
        return texts, ""
    mark = found.pop()
    bare = []
    for text in texts:
        match = _MARK.search(text)
        if match is None or match.group().strip() != mark:
            return texts, ""
        bare.append(_MARK.sub("", text, count=1).strip())
    return bare, f"the sign {mark}, which was taken off"


_ISO = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_PARTS = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:[T ](\d{1,2}:\d{2}(?::\d{2})?))?")
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?:[T ](\d{1,2}:\d{2}(?::\d{2})?))?")

AMBIGUOUS = "dates in which day and month cannot be told apart"


def dates(texts: Sequence[str]) -> tuple[npt.NDArray[Any] | None, str] | None:
    """The dates (datetime64[us], UTC where there is a zone) and how they are written; None: not all are
    dates.

    (None, AMBIGUOUS): every value could be day-month or month-day.
    """
    for pattern, rewrite in ((_ISO, _iso), (_YEAR_FIRST, _year_first)):
        if all(map(pattern.fullmatch, texts[:LOOK])) and all(map(pattern.fullmatch, texts)):
            return _parsed([rewrite(text) for text in texts], "")
    if not (all(map(_PARTS.fullmatch, texts[:LOOK])) and all(map(_PARTS.fullmatch, texts))):
        return None
    matches = [match for text in texts if (match := _PARTS.fullmatch(text))]
    day_first = any(int(match[1]) > 12 for match in matches) or any(match[2] == "." for match in matches)
    month_first = any(int(match[3]) > 12 for match in matches)
    if day_first and month_first:
        return None
    if not day_first and not month_first:
        return None, AMBIGUOUS
    day, month = (1, 3) if day_first else (3, 1)
    rewritten = [f"{m[4]}-{m[month]:0>2}-{m[day]:0>2}T{m[5] or '00:00'}" for m in matches]
    return _parsed(rewritten, "day before month" if day_first else "month before day")


def _iso(text: str) -> str:
    date, sign, rest = text.partition("T") if "T" in text else text.partition(" ")
    year, month, day = date.split("-")
    return f"{year}-{month:0>2}-{day:0>2}{'T' if sign else ''}{rest.replace(',', '.')}"


def _year_first(text: str) -> str:
    match = _YEAR_FIRST.fullmatch(text)
    return f"{match[1]}-{match[2]:0>2}-{match[3]:0>2}T{match[4] or '00:00'}" if match else text


def _parsed(texts: list[str], how: str) -> tuple[npt.NDArray[Any], str] | None:
    import pandas as pd

    try:
        moments = pd.to_datetime(pd.Series(texts, dtype=object), format="ISO8601", utc=True)
    except (ValueError, OverflowError):
        return None
    return moments.dt.tz_localize(None).to_numpy().astype("datetime64[us]"), how
