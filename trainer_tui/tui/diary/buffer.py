"""Between an entry's text and the editor's: what it shows, what comes back, and the smallest change."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

Place = tuple[int, int]
"""(line, column), both 0-based."""

_ODD = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
"""What the editor takes for the end of a line as well, and gives back as a line feed."""


def shown(text: str) -> str:
    """A text as the editor gives it back when nothing was typed."""
    if not _ODD.search(text):
        return text
    return "\n".join(text.splitlines()) + ("\n" if text[-1] in _LAST else "")


_LAST = "\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


def typed(text: str, edited: str) -> str:
    """What the editor gave back for a text, with the odd separators of the lines that were not touched."""
    if edited == shown(text):
        return text
    if not _ODD.search(text):
        return edited
    old, new = text.splitlines(keepends=True), edited.split("\n")
    bare = ["".join(line.splitlines()) for line in old]
    ends = ["\n"] * (len(new) - 1) + [""]
    for block in difflib.SequenceMatcher(None, bare, new, autojunk=False).get_matching_blocks():
        for step in range(block.size):
            at = block.b + step
            if at + 1 < len(new):
                ends[at] = old[block.a + step][len(bare[block.a + step]) :] or "\n"
    return "".join(line + end for line, end in zip(new, ends, strict=True))


@dataclass(frozen=True, slots=True)
class Change:
    """One replacement that makes one text of another."""

    insert: str
    start: Place
    end: Place


_MOST_LINES = 2000
"""Longer texts are compared as a whole: lines that are alike would take too long to pair."""


def changes(before: str, after: str) -> list[Change]:
    """Replacements that leave alone every line that stays, the last one first: make them in this order."""
    if before == after:
        return []
    old, new = _lines(before), _lines(after)
    if max(len(old), len(new)) > _MOST_LINES:
        whole = change(before, after)
        return [whole] if whole is not None else []
    found = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        piece = change("".join(old[i1:i2]), "".join(new[j1:j2])) if tag != "equal" else None
        if piece is not None:
            start, end = ((line + i1, column) for line, column in (piece.start, piece.end))
            found.append(Change(piece.insert, start, end))
    return found[::-1]


def _lines(text: str) -> list[str]:
    """Lines with their ending; the last one has none, so that nothing is ever put behind it."""
    first, last = text.split("\n")[:-1], text.rpartition("\n")[2]
    return [*(f"{line}\n" for line in first), last]


def change(before: str, after: str) -> Change | None:
    """The smallest replacement; None where the texts are equal."""
    if before == after:
        return None
    most = min(len(before), len(after))
    head = _shared(before, after, most)
    tail = _shared(before[::-1], after[::-1], most - head)
    stop = len(before) - tail
    return Change(after[head : len(after) - tail], place(before, head), place(before, stop))


def _shared(one: str, other: str, most: int) -> int:
    """How many characters two texts begin with alike, at most so many."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == other[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def place(text: str, offset: int) -> Place:
    """Line and column of a character."""
    before = text[:offset]
    return before.count("\n"), offset - before.rfind("\n") - 1
