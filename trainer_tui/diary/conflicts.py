"""Two versions of one text, both kept: how they stand in the file, and where some still wait for a person.

Ours are HTML comments around both versions with one quoted line above, so that a rendered diary shows both
and who reads it knows why. Git's own marks, which a merge leaves in a file, are recognised and left alone.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from trainer_tui.diary.headings import bare, split, with_newlines
from trainer_tui.diary.lines import closed, scan

_BEGIN = "<!-- conflict: the file's version -->"
_MIDDLE = "<!-- conflict: the editor's version -->"
_END = "<!-- conflict: end -->"
_NOTE = (
    "> **Conflict**: two versions of this section follow, the file's and the editor's. "
    "Keep what is needed of both, then delete this line and the comments around them."
)


class Conflict(NamedTuple):
    """Two versions in one text; offsets in characters, at the beginning of lines."""

    start: int
    middle: int
    """Where the second version's comment begins."""
    end: int
    line: int
    """0-based line where it begins."""
    theirs: str
    mine: str


class GitConflict(NamedTuple):
    """From `<<<<<<<` to behind the line of `>>>>>>>`."""

    start: int
    end: int
    line: int
    """0-based line where it begins."""


def conflict_block(theirs: str, mine: str, newline: str) -> str:
    """Both versions of a section's body, between comments; ends in a line ending."""
    parts = [_BEGIN, _NOTE, "", _whole(theirs), _MIDDLE, "", _whole(mine), _END]
    return "".join(with_newlines(part, newline) + newline for part in parts)


def _whole(version: str) -> str:
    """A version that cannot reach beyond its own end, without blank lines around."""
    rows = split(closed(version))
    while rows and not rows[-1].strip():
        rows.pop()
    while rows and not rows[0].strip():
        rows.pop(0)
    return bare("".join(rows))


def conflicts_of(text: str) -> list[Conflict]:
    """The conflicts of ours that wait in a text, outside of code."""
    found: list[Conflict] = []
    begin = middle = None
    for index, line in enumerate(scan(text)):
        if line.kind != "text":
            continue
        row = bare(line.raw).strip()
        if row == _BEGIN:
            begin, middle = (line.offset, line.offset + len(line.raw), index), None
        elif row == _MIDDLE and begin is not None:
            middle = line.offset, line.offset + len(line.raw)
        elif row == _END and begin is not None and middle is not None:
            theirs = text[begin[1] : middle[0]]
            shown = split(theirs)
            if shown and bare(shown[0]) == _NOTE:
                theirs = "".join(shown[1:])
            end = line.offset + len(line.raw)
            mine = text[middle[1] : line.offset]
            found.append(Conflict(begin[0], middle[0], end, begin[2], theirs, mine))
            begin = middle = None
    return found


def marker_lines(text: str) -> list[int]:
    """0-based lines that hold a comment of ours, whole conflicts or what an editor left of one."""
    return [
        index
        for index, line in enumerate(scan(text))
        if line.kind == "text" and bare(line.raw).strip() in (_BEGIN, _MIDDLE, _END)
    ]


def git_conflicts(text: str) -> list[GitConflict]:
    """Git's marks in a text: three lines in their order, wherever they stand; none where one is missing."""
    if "<<<<<<<" not in text:
        return []
    found: list[GitConflict] = []
    offset = 0
    begin: tuple[int, int] | None = None
    halved = False
    for index, raw in enumerate(split(text)):
        row = bare(raw)
        if re.match(r"<{7}(?: |$)", row):
            begin, halved = (offset, index), False
        elif row == "=======" and begin is not None:
            halved = True
        elif begin is not None and halved and re.match(r">{7}(?: |$)", row):
            found.append(GitConflict(begin[0], offset + len(raw), begin[1]))
            begin = None
        offset += len(raw)
    return found
