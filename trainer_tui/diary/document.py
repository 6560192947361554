"""`dev_diary.md` as a lossless document: cut into entries and sections that join to the very same bytes.

An entry begins at `## Dev Diary Entry #N` and ends before the next entry or before another heading
of the second level (such as `## Hyperparameter Search Log`), whose text belongs to no entry. A
heading of the first level does not end an entry: it is far more often a comment of code pasted
without a fence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from trainer_tui.diary.lines import entry_number, heading, scan

SectionKind = Literal["struggle", "investigation", "fix", "why", "next", "other"]

SECTION_TITLES: dict[SectionKind, str] = {
    "struggle": "The Struggle",
    "investigation": "The Investigation",
    "fix": "The Fix",
    "why": "The Why (Physical Interpretation)",
    "next": "Actionable Next Steps",
}
"""The sections of an entry in their order."""

_KNOWN: tuple[tuple[re.Pattern[str], SectionKind], ...] = (
    (re.compile(r"(the struggle\b.*|struggle)$"), "struggle"),
    (re.compile(r"(the investigation\b.*|investigation)$"), "investigation"),
    (re.compile(r"(the fix\b.*|fix)$"), "fix"),
    (re.compile(r"(the why\b.*|why( physical interpretation)?)$"), "why"),
    (re.compile(r"((the )?actionable next steps\b.*|(the )?next steps)$"), "next"),
)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an entry, from its heading to the next one."""

    kind: SectionKind
    title_line: str
    text: str
    """Heading and body."""
    start: int
    """Characters of the entry before it."""
    end: int
    line: int
    """0-based line of its heading in the entry."""

    @property
    def body(self) -> str:
        """The text below the heading."""
        return self.text[len(self.title_line) :]


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
    """A whole diary; `text` and `to_bytes()` give back what was parsed."""

    preamble: str
    entries: tuple[Entry, ...]
    breaks: tuple[int, ...] = ()
    """Where an entry or another heading of the second level begins, and where the text ends; ascending."""

    @property
    def text(self) -> str:
        """The diary's whole text."""
        return self.preamble + "".join(entry.text + entry.after for entry in self.entries)

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
    return re.sub("[\ud800-\udc7f\udd00-\udfff]", "\ufffd", text).encode("utf-8", "surrogateescape")


def section_kind(title: str) -> SectionKind:
    """Which section a heading's title names; emoji, numbers and punctuation around it do not matter."""
    words = re.sub(r"[\W_]+", " ", title).strip().lower().lstrip("0123456789 ")
    return next((kind for pattern, kind in _KNOWN if pattern.match(words)), "other")


def sections_of(text: str) -> tuple[Section, ...]:
    """The sections of an entry's text.

    Headings of the third level begin one; a known name (`The Fix`) does so at the second and fourth too.
    """
    marks: list[tuple[int, int, str, SectionKind]] = []
    for index, line in enumerate(scan(text)):
        head = heading(line.raw) if line.kind == "text" else None
        if head is None or not 2 <= head.level <= 4 or entry_number(line.raw) is not None:
            continue
        kind = section_kind(head.title)
        if kind != "other" or head.level == 3:
            marks.append((line.offset, index, line.raw, kind))
    ends = [mark[0] for mark in marks[1:]] + [len(text)] * bool(marks)
    return tuple(
        Section(kind, raw, text[start:end], start, end, index)
        for (start, index, raw, kind), end in zip(marks, ends, strict=True)
    )


def parse(data: bytes | str) -> Diary:
    """The diary in `data`. Never fails: whatever is no entry is kept as text around the entries."""
    text = decode(data) if isinstance(data, bytes) else data
    starts: list[tuple[int, int, str, int | None]] = []
    for index, line in enumerate(scan(text)):
        head = heading(line.raw) if line.kind == "text" else None
        if head is None or head.level != 2:
            continue
        number = entry_number(line.raw)
        # A known section written one level too high still belongs to its entry.
        if number is not None or section_kind(head.title) == "other":
            starts.append((line.offset, index, line.raw, number))
    breaks = (*(start[0] for start in starts), len(text))
    spans = [
        (number, raw, start, end, index)
        for (start, index, raw, number), end in zip(starts, breaks[1:], strict=True)
        if number is not None
    ]
    bounds = [span[2] for span in spans] + [len(text)]
    entries = tuple(
        Entry(number, raw, text[start:end], text[end:following], start, end, index + 1)
        for (number, raw, start, end, index), (_, following) in zip(spans, pairwise(bounds), strict=True)
    )
    return Diary(text[: bounds[0]], entries, breaks)


def replace_entry(diary: Diary, entry: Entry, text: str) -> Diary:
    """The diary with this entry's text replaced and every other character as it was."""
    whole = diary.text
    return parse(whole[: entry.start] + text + whole[entry.end :])


def replace_section(diary: Diary, entry: Entry, section: Section, text: str) -> Diary:
    """The diary with one section (heading and body) replaced and every other character as it was."""
    return replace_entry(diary, entry, entry.text[: section.start] + text + entry.text[section.end :])
