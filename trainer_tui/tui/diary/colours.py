"""What is what in a line of Markdown, for the editor: headings, labels, code, comments, quotes, lists."""

from __future__ import annotations

import re
from typing import Literal

from trainer_tui.diary.lines import scan

Colour = Literal["heading", "label", "code", "comment", "quote", "mark"]
LineKind = Literal["text", "fence", "code", "comment"]

Span = tuple[int, int, Colour]
"""(first column, column behind the last, what it is)."""

_LONG = 2000
"""A longer line, an embedded picture say, stays plain."""

_WHOLE: tuple[tuple[re.Pattern[str], Colour], ...] = (
    (re.compile(r" {0,3}#{1,6}(?:\s|$)"), "heading"),
    (re.compile(r" {0,3}>"), "quote"),
    (re.compile(r" {0,3}<!--.*-->\s*$"), "comment"),
)
_INSIDE: tuple[tuple[re.Pattern[str], Colour], ...] = (
    (re.compile(r"<!--.*?-->"), "comment"),
    (re.compile(r"`[^`\n]+`"), "code"),
    (re.compile(r"\*\*[^*\n]+\*\*"), "label"),
    (re.compile(r"^\s*(?:[-*+]|\d+[.)])(?=\s)"), "mark"),
    (re.compile(r"^\s*\|[\s:|-]+\|\s*$"), "comment"),
)


def kinds(text: str) -> tuple[LineKind, ...]:
    """What each line of a text is: only a look at the whole tells code from text."""
    return tuple(line.kind for line in scan(text))


def spans(line: str, kind: LineKind) -> list[Span]:
    """What to colour in a line."""
    if not line or len(line) > _LONG:
        return []
    if kind in ("fence", "comment"):
        return [(0, len(line), "comment")]
    if kind == "code":
        return [(0, len(line), "code")]
    whole = next((colour for pattern, colour in _WHOLE if pattern.match(line)), None)
    if whole is not None:
        return [(0, len(line), whole)]
    return [
        (found.start(), found.end(), colour)
        for pattern, colour in _INSIDE
        for found in pattern.finditer(line)
    ]
