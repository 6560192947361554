"""The sections of an entry: named ranges of its text, which joined are the text.

A heading of the third level begins a section; a known name (`The Fix`) does so at the second and fourth too,
and underlined (setext). Each has a name that stays the same while its text is edited: `struggle`,
`investigation`, `fix`, `why`, `next`, or the words of its title (`narrative-value`); what stands above the
first is `head`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from trainer_tui.diary.headings import bare, entry_number, heading, split
from trainer_tui.diary.lines import Line, scan

SectionKind = Literal["struggle", "investigation", "fix", "why", "next", "other"]

SECTION_TITLES: dict[SectionKind, str] = {
    "struggle": "The Struggle",
    "investigation": "The Investigation",
    "fix": "The Fix",
    "why": "The Why (Physical Interpretation)",
    "next": "Actionable Next Steps",
}
"""The sections of an entry in their order."""

HEAD = "head"
"""Name of what stands above the first section."""

_KNOWN: tuple[tuple[re.Pattern[str], SectionKind], ...] = (
    (re.compile(r"(the struggle\b.*|struggle)$"), "struggle"),
    (re.compile(r"(the investigation\b.*|investigation)$"), "investigation"),
    (re.compile(r"(the fix\b.*|fix)$"), "fix"),
    (re.compile(r"(the why\b.*|why( physical interpretation)?)$"), "why"),
    (re.compile(r"((the )?actionable next steps\b.*|(the )?next steps)$"), "next"),
)
_UNDERLINE = re.compile(r" {0,3}(?:-+|=+)[ \t]*$")
_INDENTED = re.compile(r" {4}|\t")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an entry, from its heading to the next one."""

    kind: SectionKind
    title_line: str
    """Its heading; with the underline, where that makes it one."""
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

    @property
    def title(self) -> str:
        """The heading's words."""
        head = heading(self.title_line)
        return head.title if head else split(self.title_line)[0].strip()


@dataclass(frozen=True, slots=True)
class Part:
    """A named range of an entry's text."""

    name: str
    start: int
    body: int
    """Where the text below the heading begins."""
    end: int


def section_kind(title: str) -> SectionKind:
    """Which section a heading's title names; emoji, numbers and punctuation around it do not matter."""
    words = re.sub(r"[\W_]+", " ", title).strip().lower().lstrip("0123456789 ")
    return next((kind for pattern, kind in _KNOWN if pattern.match(words)), "other")


@lru_cache(maxsize=64)
def sections_of(text: str) -> tuple[Section, ...]:
    """The sections of an entry's text."""
    lines = scan(text)
    marks: list[tuple[int, int, str, SectionKind]] = []
    for index, line in enumerate(lines):
        if line.kind != "text":
            continue
        head = heading(line.raw)
        if head is None:
            kind = _underlined(lines, index)
            if kind != "other":
                marks.append((line.offset, index, line.raw + lines[index + 1].raw, kind))
        elif 2 <= head.level <= 4 and entry_number(line.raw) is None:
            kind = section_kind(head.title)
            if kind != "other" or head.level == 3:
                marks.append((line.offset, index, line.raw, kind))
    ends = [mark[0] for mark in marks[1:]] + [len(text)] * bool(marks)
    return tuple(
        Section(kind, raw, text[start:end], start, end, index)
        for (start, index, raw, kind), end in zip(marks, ends, strict=True)
    )


def _underlined(lines: list[Line], index: int) -> SectionKind:
    """The section that an underlined line names; a rule below a paragraph names none."""
    line = lines[index]
    if not line.raw.strip() or _INDENTED.match(line.raw) or index + 1 >= len(lines):
        return "other"
    if index and lines[index - 1].kind == "text" and lines[index - 1].raw.strip():
        return "other"
    below = lines[index + 1]
    if below.kind != "text" or not _UNDERLINE.match(bare(below.raw)):
        return "other"
    return section_kind(bare(line.raw))


@lru_cache(maxsize=64)
def parts_of(text: str) -> tuple[Part, ...]:
    """The ranges of an entry's text, `head` first, with a name each; joined they are the text.

    Of two sections with one name the second is `fix-2`.
    """
    sections = sections_of(text)
    first = sections[0].start if sections else len(text)
    title = split(text[:first])[:1]
    found = [Part(HEAD, 0, len("".join(title)), first)]
    taken = {HEAD}
    for section in sections:
        name = section.kind if section.kind != "other" else _slug(section.title)
        number, unique = 1, name
        while unique in taken:
            number += 1
            unique = f"{name}-{number}"
        taken.add(unique)
        found.append(Part(unique, section.start, section.start + len(section.title_line), section.end))
    return tuple(found)


def part_named(text: str, name: str) -> Part:
    """The range with this name, or with this title.

    Raises:
        KeyError: there is none; its message says which there are.
    """
    parts = parts_of(text)
    for wanted in (name.strip().lower(), _slug(name), section_kind(name)):
        for part in parts:
            if part.name == wanted:
                return part
    raise KeyError(f"no section {name!r}; it has {', '.join(part.name for part in parts)}")


def _slug(title: str) -> str:
    return re.sub(r"[\W_]+", "-", title.lower()).strip("-") or "section"


def ranges(text: str) -> dict[str, tuple[int, int]]:
    """Name → (start, end) of every part of an entry's text, in its order; the ranges touch each other."""
    parts = parts_of(text)
    assert all(one.end == two.start for one, two in pairwise(parts))
    return {part.name: (part.start, part.end) for part in parts}
