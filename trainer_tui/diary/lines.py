"""Markdown lines as the diary needs them: which are text, which are code or comments, which are headings.

Only what CommonMark says about fenced code, HTML comments and ATX headings is followed, and in one place left
on purpose: a fence or comment that is never closed ends at the next diary entry instead of at the end of the
file, so that one forgotten fence does not hide every later entry.
"""

from __future__ import annotations

import difflib
import re
from typing import Literal, NamedTuple

Kind = Literal["text", "fence", "code", "comment"]

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_COMMENT = re.compile(r" {0,3}<!--")
_HEADING = re.compile(r"\ufeff? {0,3}(#{1,6})(?=[ \t]|$)")
_ENTRY = re.compile(r"[\W_]*dev\s+diary\s+entry\s*[#№]?\s*(\d{1,9})(?!\d)", re.IGNORECASE)


class Line(NamedTuple):
    """One line of a text, its ending included."""

    offset: int
    """Characters before it."""
    raw: str
    kind: Kind
    """`fence`: a fence's first or last line; `code`: what lies between; `comment`: of several lines."""


class Heading(NamedTuple):
    """An ATX heading: `level` from 1 to 6 and its title without the marks."""

    level: int
    title: str


class _Block(NamedTuple):
    mark: str
    length: int

    def closed_by(self, line: str) -> bool:
        if self.mark == "<":
            return "-->" in line
        found = _FENCE.match(line)
        if not found or found[1][0] != self.mark or len(found[1]) < self.length:
            return False
        return not line[found.end() :].strip(" \t")

    @property
    def closer(self) -> str:
        return "-->" if self.mark == "<" else self.mark * self.length


def bare(raw: str) -> str:
    """A line without its ending."""
    return raw.rstrip("\r\n")


def split(text: str) -> list[str]:
    """The lines with their endings (LF, CRLF or CR); joining them gives `text` back."""
    return _LINE.findall(text)


def newline_of(text: str) -> str:
    """The ending of the first line; a line feed where there is none."""
    first = _LINE.match(text)
    return (first[0][len(bare(first[0])) :] if first else "") or "\n"


def heading(raw: str) -> Heading | None:
    """The heading on this line (which must be a `text` line), or None."""
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


def _opens(raw: str) -> _Block | None:
    line = bare(raw)
    if _COMMENT.match(line):
        return None if "-->" in line else _Block("<", 0)
    found = _FENCE.match(line)
    return _Block(found[1][0], len(found[1])) if found else None


def _walk(text: str) -> tuple[list[Line], list[tuple[int, str]]]:
    raws = split(text)
    lines: list[Line] = []
    offset = 0
    opened: list[tuple[int, str]] = []
    # Marks known to have no closing line further down: a hostile text costs one look ahead, not one a line.
    hopeless: dict[str, int] = {}

    def put(upto: int, kind: Kind) -> None:
        nonlocal offset
        while len(lines) < upto:
            raw = raws[len(lines)]
            lines.append(Line(offset, raw, kind))
            offset += len(raw)

    while (at := len(lines)) < len(raws):
        block = _opens(raws[at])
        if block is None:
            put(at + 1, "text")
            continue
        edge: Kind = "comment" if block.mark == "<" else "fence"
        inner: Kind = "comment" if block.mark == "<" else "code"
        end = None
        if block.length < hopeless.get(block.mark, block.length + 1):
            end = next((n for n in range(at + 1, len(raws)) if block.closed_by(bare(raws[n]))), None)
        put(at + 1, edge)
        if end is not None:
            put(end, inner)
            put(end + 1, edge)
            continue
        hopeless[block.mark] = block.length
        stop = next((n for n in range(at + 1, len(raws)) if entry_number(raws[n]) is not None), len(raws))
        put(stop, inner)
        opened.append((stop, block.closer))
    return lines, opened


def scan(text: str) -> list[Line]:
    """Every line of `text` with its place and kind; their `raw` joined is `text`."""
    return _walk(text)[0]


def closed(text: str) -> str:
    """`text` with an end added to every fence and comment that has none.

    Such a block would otherwise swallow what a writer adds further down. Everything else stays as it was.
    """
    lines, opened = _walk(text)
    raws = [line.raw for line in lines]
    newline = newline_of(text)
    for stop, closer in reversed(opened):
        place = stop
        while not raws[place - 1].strip():
            place -= 1
        if raws[place - 1] == bare(raws[place - 1]):
            raws[place - 1] += newline
        # The ending of the line before: a CR put before a line feed would become one ending with it.
        raws.insert(place, closer + raws[place - 1][len(bare(raws[place - 1])) :])
    return "".join(raws)


def restore_line_endings(base: str, new: str) -> str:
    """`new` with the endings that its lines had in `base`.

    Editors show a text with mixed endings but give it back with one kind; lines that were not edited get
    theirs back here, new lines keep what the editor gave them unless `base` knows one kind only.
    """
    old_lines, new_lines = split(base), split(new)
    kinds = {raw[len(bare(raw)) :] for raw in old_lines} - {""}
    if not kinds:
        return new
    if len(kinds) == 1:
        (only,) = kinds
        return "".join(bare(raw) + only if raw != bare(raw) else raw for raw in new_lines)
    matcher = difflib.SequenceMatcher(None, [*map(bare, old_lines)], [*map(bare, new_lines)], autojunk=False)
    for block in matcher.get_matching_blocks():
        for step in range(block.size):
            old, here = old_lines[block.a + step], new_lines[block.b + step]
            # A last line without an ending must not be glued to, or cut from, what follows it.
            if old != bare(old) and here != bare(here):
                new_lines[block.b + step] = old
    return "".join(new_lines)
