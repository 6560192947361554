"""How an entry says which run and incident it is about: an HTML comment that no reader sees."""

from __future__ import annotations

import re
from typing import NamedTuple

from trainer_tui.diary.document import Entry
from trainer_tui.diary.headings import bare
from trainer_tui.diary.lines import scan

_MARKER = re.compile(r" {0,3}<!-- run: (\S+)(?: incident: (\S+))? -->\s*$")
# What would end the comment or the value; everything else stays readable.
_UNSAFE = re.compile(r"[\s\x00-\x1f\x7f-\x9f%<>\ud800-\udfff]")


class Marker(NamedTuple):
    """The run and incident of an entry; `incident` is None for a note on a run that passed."""

    run: str
    incident: str | None

    @property
    def model(self) -> str:
        """`model_3` of `model_3/007-full`."""
        return self.run.rpartition("/")[0]


def quoted(value: str) -> str:
    """A value as it may stand in a comment."""
    quoted = _UNSAFE.sub(
        lambda found: "".join(f"%{b:02X}" for b in found[0].encode("utf-8", "replace")), value
    )
    return quoted or "-"


def marker_line(run: str, incident: str | None) -> str:
    """The comment, e.g. `<!-- run: model_3/007-full incident: log:1234 -->`."""
    tail = f" incident: {quoted(incident)}" if incident else ""
    return f"<!-- run: {quoted(run)}{tail} -->"


def marker_of(entry: Entry) -> Marker | None:
    """The marker in the entry's head; comments in its sections or in fences are none."""
    rows = (bare(line.raw) for line in scan(entry.head) if line.kind == "text")
    return next((mark for row in rows if (mark := marker_in(row)) is not None), None)


def marker_in(row: str) -> Marker | None:
    """The marker that a line is, or None."""
    found = _MARKER.match(row)
    return Marker(found[1], found[2]) if found else None


def about(entry: Entry, run: str, incident: str | None) -> bool:
    """Whether the entry was opened for this incident (None: for this run's note)."""
    return marker_of(entry) == Marker(quoted(run), quoted(incident) if incident else None)


def field_line(text: str, name: str) -> tuple[int, int] | None:
    """Where the text behind the first `**Name**:` (or `**Name:**`) begins and ends, without the line ending.

    None if there is no such line outside of code and comments.
    """
    pattern = re.compile(rf" {{0,3}}\*\*{re.escape(name)}(?::\*\*|\*\*[ \t]*:)", re.IGNORECASE)
    if not pattern.search(text):
        return None
    for line in scan(text):
        found = pattern.match(line.raw) if line.kind == "text" else None
        if found:
            return line.offset + found.end(), line.offset + len(bare(line.raw))
    return None


def field_value(entry: Entry, name: str) -> str | None:
    """The text behind `**Name**:` (or `**Name:**`), the entry's head first; None if there is no such line."""
    found = field_line(entry.text, name)
    return entry.text[found[0] : found[1]].strip() if found else None


def is_about_run(entry: Entry, run: str) -> bool:
    """Whether marker or `**Run**:` line name this run."""
    mark = marker_of(entry)
    if mark:
        return mark.run == quoted(run)
    named = (field_value(entry, "Run") or "").replace("`", " ").split()
    return named[:1] == [run]


def is_about_model(entry: Entry, model: str) -> bool:
    """Whether marker or `**Model**:` line name this model."""
    mark = marker_of(entry)
    if mark and mark.model == quoted(model):
        return True
    return (field_value(entry, "Model") or "").strip("` ") == model
