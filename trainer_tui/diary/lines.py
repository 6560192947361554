"""Markdown lines as the diary needs them: which are text, and which are code or comments."""

from __future__ import annotations

import difflib
from bisect import bisect_left
from typing import Literal, NamedTuple

from trainer_tui.diary.blocks import Block, survey
from trainer_tui.diary.headings import bare, newline_of, split

Kind = Literal["text", "fence", "code", "comment"]


class Line(NamedTuple):
    """One line of a text, its ending included."""

    offset: int
    """Characters before it."""
    raw: str
    kind: Kind
    """`fence`: a fence's first or last line; `code`: what lies between; `comment`: of several lines."""


def scan(text: str) -> list[Line]:
    """Every line of `text` with its place and kind; their `raw` joined is `text`."""
    lines: list[Line] = []
    offset = 0
    blocks = iter(survey(text).blocks)
    block = next(blocks, None)
    for raw in split(text):
        while block is not None and offset >= block.end:
            block = next(blocks, None)
        lines.append(Line(offset, raw, _kind(block, offset)))
        offset += len(raw)
    return lines


def _kind(block: Block | None, offset: int) -> Kind:
    if block is None or offset < block.start:
        return "text"
    if block.mark == "<":
        return "comment"
    return "code" if block.inner <= offset < block.stop else "fence"


def closed(text: str) -> str:
    """`text` with an end added to every fence and comment that has none.

    Such a block would otherwise swallow what a writer adds further down. Everything else stays as it was.
    """
    opened = [block for block in survey(text).blocks if not block.closed]
    if not opened:
        return text
    raws = split(text)
    offsets = [0]
    for raw in raws:
        offsets.append(offsets[-1] + len(raw))
    newline = newline_of(text)
    for block in reversed(opened):
        place = bisect_left(offsets, block.stop)
        while not raws[place - 1].strip():
            place -= 1
        if raws[place - 1] == bare(raws[place - 1]):
            raws[place - 1] += newline
        # The ending of the line before: a CR put before a line feed would become one ending with it.
        raws.insert(place, block.closer + raws[place - 1][len(bare(raws[place - 1])) :])
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
