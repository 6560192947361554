"""From a line of the log to the rows that are drawn: clean, coloured, wrapped, marked, noted where cut."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len, get_character_cell_size

from trainer_tui.runs.logs.ansi import Span, parse
from trainer_tui.runs.logs.file import HEAD, RawLine
from trainer_tui.runs.logs.fold import frames, newest_frame
from trainer_tui.runs.logs.search import Pattern
from trainer_tui.tui.loglines import Level, level_of

LONGEST = 4096
"""Characters of one line that are shown."""
MOST_FRAMES = 200
"""Frames of one line that are shown one by one, the newest."""

Marks = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Look:
    """How lines are to be laid out."""

    width: int = 80
    wrap: bool = False
    fold: bool = True
    pattern: Pattern | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the screen."""

    start: int
    """Where its line begins in the log: what it is known by."""
    sub: int = 0
    """Which row of its line."""
    column: int = 0
    """Characters of the line before this row."""
    text: str = ""
    level: Level = ""
    colours: tuple[Span, ...] = ()
    """The log's own, characters of this row."""
    found: Marks = ()
    note: str = ""
    """What is not shown, e.g. `⋯ 312 bars`; stands behind the text."""


def rows_of(line: RawLine, look: Look, hidden: str = "") -> tuple[Row, ...]:
    """The rows of one line; `hidden` says how many lines are folded into it."""
    every = frames(line) if not look.fold else ()
    if len(every) > 1:
        rows: list[Row] = []
        for frame in every[-MOST_FRAMES:]:
            rows += _rows(line, frame, look, "", len(rows))
        return tuple(rows)
    shown = newest_frame(line)
    note = hidden or _frames_note(line, shown)
    if line.length > HEAD:
        note = f"{note}  ⋯ a line of {line.length / 1e6:,.1f} MB".strip()
    return _rows(line, shown, look, note, 0)


def _frames_note(line: RawLine, shown: bytes) -> str:
    if len(shown) >= line.length - 1 or b"\r" not in line.head:
        return ""
    many = len(frames(line))
    more = "+" if line.length > HEAD else ""
    return f"⋯ {many:,}{more} frames" if many > 1 else ""


def _rows(line: RawLine, data: bytes, look: Look, note: str, sub: int) -> tuple[Row, ...]:
    text, colours = parse(data[: LONGEST * 8].decode("utf-8", "replace"), LONGEST)
    text = text.rstrip()
    found = look.pattern.spans(text) if look.pattern is not None else ()
    level = level_of(text) if not colours else ""
    if not look.wrap or (len(text) * 2 <= look.width and not note):
        return (Row(line.start, sub, 0, text, level, _inside(colours, 0, len(text)), found, note),)
    rows: list[Row] = []
    for first, last in _cuts(text, look.width - 1):
        marks = tuple(
            (max(a, first) - first, min(b, last) - first) for a, b in found if a < last and b > first
        )
        own = _inside(colours, first, last)
        rows.append(Row(line.start, sub + len(rows), first, text[first:last], level, own, marks))
    last_row = rows[-1]
    rows[-1] = Row(
        last_row.start,
        last_row.sub,
        last_row.column,
        last_row.text,
        level,
        last_row.colours,
        last_row.found,
        note,
    )
    return tuple(rows)


def _inside(colours: tuple[Span, ...], first: int, last: int) -> tuple[Span, ...]:
    return tuple(
        (max(a, first) - first, min(b, last) - first, s) for a, b, s in colours if a < last and b > first
    )


def _cuts(text: str, width: int) -> list[tuple[int, int]]:
    """Pieces of at most `width` cells."""
    width = max(2, width)
    if cell_len(text) == len(text):
        return [(at, min(at + width, len(text))) for at in range(0, max(1, len(text)), width)]
    cuts, first, cells = [], 0, 0
    for index, character in enumerate(text):
        size = get_character_cell_size(character)
        if cells + size > width:
            cuts.append((first, index))
            first, cells = index, 0
        cells += size
    cuts.append((first, len(text)))
    return cuts
