"""`dev_diary.md` as a lossless document: cut into entries that join to the very same bytes.

An entry begins at `## Dev Diary Entry #N` and ends before the next entry or before another heading
of the second level (such as `## Hyperparameter Search Log`), whose text belongs to no entry. A
heading of the first level does not end an entry: it is far more often a comment of code pasted
without a fence.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import islice, pairwise

from trainer_tui.diary.blocks import line_end, survey
from trainer_tui.diary.headings import count_lines, entry_number, heading, newline_of
from trainer_tui.diary.sections import Section, section_kind, sections_of


@dataclass(frozen=True, slots=True)
class Entry:
    """One struggle (or note) in the diary."""

    number: int
    title_line: str
    text: str
    """Heading and everything up to `end`, trailing blank lines included."""
    after: str
    """Text between this entry and the next that belongs to neither."""
    start: int
    """Characters of the diary before it."""
    end: int
    line: int
    """1-based line of its heading in the diary."""

    @property
    def sections(self) -> tuple[Section, ...]:
        """Its sections in the order of the text."""
        return sections_of(self.text)

    @property
    def head(self) -> str:
        """What stands above the first section: heading, marker, date, phase."""
        sections = self.sections
        return self.text[: sections[0].start] if sections else self.text


@dataclass(frozen=True, slots=True)
class Diary:
    """A whole diary; `text` and `to_bytes()` give back what was parsed.

    It is kept in pieces: putting ten thousand entries together costs more than changing one of them.
    """

    preamble: str
    """What stands above the first entry."""
    entries: tuple[Entry, ...]
    breaks: tuple[int, ...] = (0,)
    """Where an entry or another heading of the second level begins, and where the text ends; ascending."""
    is_open: bool = False
    """Whether somewhere a fence or a comment is never closed."""

    @property
    def text(self) -> str:
        """The diary's whole text."""
        return self.preamble + "".join(entry.text + entry.after for entry in self.entries)

    @property
    def length(self) -> int:
        """Characters of the whole text."""
        return self.breaks[-1]

    @property
    def newline(self) -> str:
        """The ending of its first line."""
        return newline_of(self.preamble or (self.entries[0].text if self.entries else ""))

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands in it."""
        return not self.entries and not self.preamble.strip("\ufeff \t\r\n")

    def between(self, start: int, end: int) -> str:
        """The text from one place to another."""
        end = min(end, self.length)
        first = bisect_right(self.entries, start, key=lambda entry: entry.start) - 1
        found = [] if first >= 0 else [self.preamble[start:end]]
        for entry in islice(self.entries, max(first, 0), None):
            if entry.start >= end:
                break
            piece = entry.text + entry.after
            found.append(piece[max(start - entry.start, 0) : end - entry.start])
        return "".join(found)

    def to_bytes(self) -> bytes:
        """The diary as it stands in the file."""
        return encode(self.text)

    def find(self, number: int) -> Entry | None:
        """The first entry of this number, or None."""
        return next((entry for entry in self.entries if entry.number == number), None)

    @property
    def next_number(self) -> int:
        """One more than the largest number in use."""
        return max((entry.number for entry in self.entries), default=0) + 1


def decode(data: bytes) -> str:
    """UTF-8; bytes that are none are kept as lone surrogates, so that `encode` gives them back."""
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The opposite of `decode`; surrogates that no file can hold become U+FFFD."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return re.sub("[\ud800-\udc7f\udd00-\udfff]", "\ufffd", text).encode("utf-8", "surrogateescape")


def parse(data: bytes | str) -> Diary:
    """The diary in `data`. Never fails: whatever is no entry is kept as text around the entries."""
    text = decode(data) if isinstance(data, bytes) else data
    found = survey(text)
    starts: list[tuple[int, str, int | None]] = []
    for at in found.heads:
        raw = text[at : line_end(text, at)]
        number = entry_number(raw)
        head = heading(raw)
        # A known section written one level too high still belongs to its entry.
        if number is not None or (head is not None and section_kind(head.title) == "other"):
            starts.append((at, raw, number))
    breaks = (*(start[0] for start in starts), len(text))
    spans = [
        (number, raw, start, end)
        for (start, raw, number), end in zip(starts, breaks[1:], strict=True)
        if number is not None
    ]
    bounds = [span[2] for span in spans] + [len(text)]
    entries = []
    line, counted = 1, 0
    for (number, raw, start, end), (_, following) in zip(spans, pairwise(bounds), strict=True):
        line += count_lines(text, counted, start)
        counted = start
        entries.append(Entry(number, raw, text[start:end], text[end:following], start, end, line))
    return Diary(text[: bounds[0]], tuple(entries), breaks, found.is_open)


def edited(diary: Diary, start: int, end: int, new: str) -> Diary:
    """The diary with `new` from `start` to `end` (characters), every other character as it was.

    The same as parsing the whole text again; where every fence and comment is closed, only the neighbourhood
    is, so that a save costs the same in a diary of ten thousand entries.
    """
    if diary.is_open:
        return parse(diary.between(0, start) + new + diary.between(end, diary.length))
    entries = diary.entries
    first = bisect_right(entries, start, key=lambda entry: entry.start) - 1
    last = max(bisect_left(entries, end, key=lambda entry: entry.start), first + 1)
    above = entries[first].start if first >= 0 else 0
    below = entries[last].start if last < len(entries) else diary.length
    shift = len(new) - (end - start)
    region = diary.between(above, start) + new + diary.between(end, below)
    part = parse(region)
    edge = diary.between(above - 1, above) if above else ""
    begins = part.entries[0].start == 0 if part.entries else False
    if (
        part.is_open
        or (first >= 0 and not begins)  # what is left of it follows the entry before
        or _are_glued(edge, region)
        or (last < len(entries) and _are_glued(edge + region, entries[last].text))
    ):
        return parse(diary.between(0, start) + new + diary.between(end, diary.length))
    line = entries[first].line - 1 if first >= 0 else 0
    old = diary.between(above, below)
    lines = count_lines(region, 0, len(region)) - count_lines(old, 0, len(old))
    rest = entries[last:]
    if shift or lines:
        rest = tuple(_moved(entry, shift, lines) for entry in rest)
    breaks = (
        *diary.breaks[: bisect_left(diary.breaks, above)],
        *(at + above for at in part.breaks[:-1]),
        *(at + shift for at in diary.breaks[bisect_left(diary.breaks, below) :]),
    )
    moved = (_moved(entry, above, line) for entry in part.entries)
    preamble = diary.preamble if first >= 0 else part.preamble
    return Diary(preamble, (*entries[: max(first, 0)], *moved, *rest), breaks)


def _are_glued(before: str, after: str) -> bool:
    """Whether `after`, which is to begin a line, does not: an ending is missing, or is half of another."""
    if not before:
        return False
    return before[-1] not in "\r\n" or (before[-1] == "\r" and after[:1] == "\n")


def _moved(entry: Entry, characters: int, lines: int) -> Entry:
    e = entry
    return Entry(
        e.number, e.title_line, e.text, e.after, e.start + characters, e.end + characters, e.line + lines
    )


def replace_entry(diary: Diary, entry: Entry, text: str) -> Diary:
    """The diary with this entry's text replaced and every other character as it was."""
    return edited(diary, entry.start, entry.end, text)
