"""Single lines of Markdown: their endings, and which of them are headings.

Only what CommonMark says about ATX headings is followed. Everything here looks at one line and knows nothing
of fences and comments around it: `blocks` does.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
_HEADING = re.compile(r"\ufeff? {0,3}(#{1,6})(?=[ \t]|$)")
_ENTRY = re.compile(r"[\W_]*dev\s+diary\s+entry\s*[#№]?\s*(\d{1,9})(?!\d)", re.IGNORECASE)


class Heading(NamedTuple):
    """An ATX heading: `level` from 1 to 6 and its title without the marks."""

    level: int
    title: str


def bare(raw: str) -> str:
    """A line without its ending."""
    return raw.rstrip("\r\n")


def split(text: str) -> list[str]:
    """The lines with their endings (LF, CRLF or CR); joining them gives `text` back."""
    return _LINE.findall(text)


def count_lines(text: str, start: int, end: int) -> int:
    """How many lines end between two places, both at the beginning of a line."""
    return text.count("\n", start, end) + text.count("\r", start, end) - text.count("\r\n", start, end)


def newline_of(text: str) -> str:
    """The ending of the first line; a line feed where there is none."""
    first = _LINE.match(text)
    return (first[0][len(bare(first[0])) :] if first else "") or "\n"


def with_newlines(text: str, newline: str) -> str:
    """`text` with one kind of line ending."""
    return "".join(bare(raw) + newline if raw != bare(raw) else raw for raw in split(text))


def heading(raw: str) -> Heading | None:
    """The heading on this line, or None."""
    line = bare(raw)
    found = _HEADING.match(line)
    if not found:
        return None
    title = line[found.end() :].strip(" \t")
    unmarked = title.rstrip("#")
    if unmarked != title and (not unmarked or unmarked[-1] in " \t"):
        title = unmarked.rstrip(" \t")
    return Heading(len(found[1]), title)


def entry_number(raw: str) -> int | None:
    """N of a line `## Dev Diary Entry #N` (emoji before and a title behind are fine), else None."""
    head = heading(raw)
    found = _ENTRY.match(head.title) if head and head.level == 2 else None
    return int(found[1]) if found else None
