"""Fenced code and HTML comments of several lines: where headings are only text.

What CommonMark says about both is followed, and in one place left on purpose: a block that is never closed
ends at the next diary entry instead of at the end of the file, so that one forgotten fence does not hide
every later entry. Only lines that could matter are looked at, found by one expression: ten thousand entries
are surveyed in a tenth of a second.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from trainer_tui.diary.headings import entry_number

_EOL = re.compile(r"\r\n|\n|\r")
_HEAD = r"\ufeff? {0,3}##(?=[ \t\r\n]|\Z)"
_MARK = (
    r"(?: {0,3}(?:(?P<ticks>`{3,})(?=[^`\r\n]*(?:[\r\n]|\Z))|(?P<waves>~{3,})"
    # A comment that ends on its own line is no block: headings cannot stand in it.
    r"|(?P<comment>(?=<!--)(?![^\r\n]*-->)))"
    rf"|(?P<head>{_HEAD}))"
)
_HERE, _BELOW = re.compile(_MARK), re.compile(rf"[\r\n]{_MARK}")
_HEAD_HERE, _HEAD_BELOW = re.compile(_HEAD), re.compile(rf"[\r\n]{_HEAD}")


class Block(NamedTuple):
    """Fenced code or a comment; offsets in characters, all but the last at the beginning of a line."""

    start: int
    inner: int
    """Behind the opening line."""
    stop: int
    """Where the closing line begins; the end of the block where it has none."""
    end: int
    mark: str
    """"`", "~", or "<" for a comment."""
    length: int
    closed: bool

    @property
    def closer(self) -> str:
        """What ends it."""
        return "-->" if self.mark == "<" else self.mark * self.length


class Survey(NamedTuple):
    """The blocks of a text, and its headings of the second level that stand outside of them."""

    blocks: list[Block]
    heads: list[int]

    @property
    def is_open(self) -> bool:
        """Whether a block is never closed."""
        return any(not block.closed for block in self.blocks)


def line_end(text: str, at: int) -> int:
    """Where the line behind the one at `at` begins."""
    found = _EOL.search(text, at)
    return found.end() if found else len(text)


@lru_cache(maxsize=64)
def _closing(mark: str, length: int) -> re.Pattern[str]:
    return re.compile(rf"[\r\n] {{0,3}}{mark}{{{length},}}[ \t]*(?=[\r\n]|\Z)")


def _closed_at(text: str, inner: int, mark: str, length: int) -> int | None:
    """Where the line begins that closes a block whose content begins at `inner`."""
    if mark == "<":
        found = text.find("-->", inner)
        return None if found < 0 else max(inner, 1 + _last_ending(text, inner, found))
    # The line ending in front of `inner` belongs to the opening line and may be that in front of the closer.
    hit = _closing(mark, length).search(text, max(inner - 1, 0))
    return hit.start() + 1 if hit and hit.start() + 1 >= inner else None


def _last_ending(text: str, start: int, end: int) -> int:
    return max(text.rfind("\n", start, end), text.rfind("\r", start, end))


def _next_entry(text: str, at: int) -> int:
    found = _HEAD_HERE.match(text, at)
    while True:
        if found is None:
            found = _HEAD_BELOW.search(text, at)
        if found is None:
            return len(text)
        start = found.start() + (text[found.start()] in "\r\n")
        at = line_end(text, start)
        if entry_number(text[start:at]) is not None:
            return start
        found = _HEAD_HERE.match(text, at)


def survey(text: str) -> Survey:
    """The blocks and the headings of the second level, in their order."""
    blocks: list[Block] = []
    heads: list[int] = []
    # Marks known to have no closing line further down: a hostile text costs one look ahead, not one a line.
    hopeless: dict[str, int] = {}
    at = 0
    while True:
        found = _HERE.match(text, at) or _BELOW.search(text, at)
        if found is None:
            return Survey(blocks, heads)
        start = found.start() + (text[found.start()] in "\r\n")
        at = line_end(text, start)
        if found["head"] is not None:
            heads.append(start)
            continue
        fence = found["ticks"] or found["waves"] or "<"
        mark, length = fence[0], len(fence)
        stop = None
        if length < hopeless.get(mark, length + 1):
            stop = _closed_at(text, at, mark, length)
        if stop is None:
            hopeless[mark] = length
            end = _next_entry(text, at)
            blocks.append(Block(start, at, end, end, mark, length, False))
        else:
            end = line_end(text, stop)
            blocks.append(Block(start, at, stop, end, mark, length, True))
        at = end
