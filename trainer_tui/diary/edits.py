"""Edits of one section, as pure functions on an entry's text: every byte outside of it stays.

New text takes the entry's line endings, and a fence or comment that it leaves open gets its end, so that it
cannot swallow what follows. The blank lines at a section's end, and the `**Status**` line that closes an
entry, belong to nobody's text and stay where they are.
"""

from __future__ import annotations

import re

from trainer_tui.diary.headings import bare, newline_of, split, with_newlines
from trainer_tui.diary.lines import closed, scan
from trainer_tui.diary.marker import field_line
from trainer_tui.diary.sections import HEAD, Part, part_named, parts_of, ranges

__all__ = ["append_to_section", "ranges", "replace_section", "section_text", "set_field", "set_status"]

STATUS = "Status"
_FIELD = re.compile(r" {0,3}\*\*[^*\r\n]+(?::\*\*|\*\*[ \t]*:)")


def section_text(text: str, name: str) -> str:
    """What a section says: its body without the blank lines around and without the `**Status**` line.

    `name` is a stable name (`why`) or a title. Raises KeyError when there is no such section.
    """
    start, end = _content(text, part_named(text, name))
    return text[start:end]


def replace_section(text: str, name: str, body: str) -> str:
    """The entry with another body of one section; its heading stays.

    Raises KeyError when there is no such section.
    """
    return _put(text, part_named(text, name), body)


def append_to_section(text: str, name: str, addition: str) -> str:
    """The entry with a paragraph more at the end of one section, a blank line before it.

    The hint of a section that says nothing yet stays. An addition that begins with a comment of its own, such
    as `<!-- test: model_3/008-full -->`, is taken for a machine's: no merge ever makes a conflict of it.
    Raises KeyError when there is no such section.
    """
    part = part_named(text, name)
    start, end = _content(text, part)
    kept = closed(text[start:end])
    if not kept:
        return _put(text, part, addition)
    newline = newline_of(text)
    gap = newline if kept != bare(kept) else 2 * newline
    added = _body(addition, newline)
    return text[:start] + kept + gap + added + _ending(text, end) + text[end:]


def set_status(text: str, status: str) -> str:
    """The entry with another text behind `**Status**:`; the line is added at the end where there is none."""
    return set_field(text, STATUS, status)


def set_field(text: str, name: str, value: str) -> str:
    """The entry with another text behind `**name**:`.

    A new line goes below the last such line of the entry's head, a new `**Status**` to the end of the entry.
    """
    value = " ".join(value.split())
    found = field_line(text, name)
    if found is not None:
        return text[: found[0]] + (f" {value}" if value else "") + text[found[1] :]
    line = f"**{name}**: {value}".rstrip()
    if name.lower() == STATUS.lower():
        return append_to_section(text, parts_of(text)[-1].name, line)
    head = parts_of(text)[0]
    fields = [row for row in scan(text[: head.end]) if row.kind == "text" and _FIELD.match(row.raw)]
    if not fields:
        return append_to_section(text, HEAD, line)
    at = fields[-1].offset + len(fields[-1].raw)
    newline = newline_of(text)
    ended = fields[-1].raw != bare(fields[-1].raw)
    return text[:at] + (line + newline if ended else newline + line) + text[at:]


def _content(text: str, part: Part) -> tuple[int, int]:
    """Where a section's own text begins and ends: between blank lines, above the status line."""
    rows = [row for row in scan(text[part.start : part.end]) if part.start + row.offset >= part.body]
    status = field_line(text, STATUS)
    at = len(text) if status is None or part.name == HEAD else status[0]
    stop = next((n for n, row in enumerate(rows) if part.start + row.offset + len(row.raw) > at), len(rows))
    if stop == len(rows) and at < part.end and at >= part.body:
        stop = len(rows) - 1  # the status line is the last one and has no ending
    while stop and not rows[stop - 1].raw.strip():
        stop -= 1
    begin = next((n for n, row in enumerate(rows[:stop]) if row.raw.strip()), stop)
    if not stop and rows and not rows[0].raw.strip():
        begin = stop = 1  # a blank line stays below the heading
    places = [*(part.start + row.offset for row in rows), part.end]
    return places[begin], places[stop]


def _put(text: str, part: Part, body: str) -> str:
    start, end = _content(text, part)
    newline = newline_of(text)
    new = _body(body, newline)
    before, after = text[:start], text[end:]
    if not new:
        return before + after
    gap = "" if not before or before != bare(before) else newline
    if start == end:  # it said nothing: keep it apart from what is around
        gap += newline if start == part.body else ""
    ending = _ending(text, end)
    if start == end and after and after == after.lstrip("\r\n"):
        ending += newline
    return before + gap + new + ending + after


def _body(text: str, newline: str) -> str:
    """A text without blank lines around, in one kind of line ending, its fences closed."""
    rows = split(text)
    while rows and not rows[-1].strip():
        rows.pop()
    while rows and not rows[0].strip():
        rows.pop(0)
    return bare(closed(with_newlines("".join(rows), newline)))


def _ending(text: str, end: int) -> str:
    """The line ending that a new text needs before what follows at `end`."""
    newline, after = newline_of(text), text[end:]
    if not after and text[:end] == bare(text[:end]):
        return ""  # the text ended without one
    # A carriage return alone and the line feed of a blank line would become one ending.
    return newline + "\n" if newline == "\r" and after.startswith("\n") else newline
