"""How an entry says which run and incident it is about: an HTML comment that no reader sees."""

from __future__ import annotations

import re
from typing import NamedTuple

from trainer_tui.diary.document import Entry
from trainer_tui.diary.lines import bare, scan

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


def _quote(value: str) -> str:
    quoted = _UNSAFE.sub(
        lambda found: "".join(f"%{b:02X}" for b in found[0].encode("utf-8", "replace")), value
    )
    return quoted or "-"


def marker_line(run: str, incident: str | None) -> str:
    """The comment, e.g. `<!-- run: model_3/007-full incident: log:1234 -->`."""
    tail = f" incident: {_quote(incident)}" if incident else ""
    return f"<!-- run: {_quote(run)}{tail} -->"


def marker_of(entry: Entry) -> Marker | None:
    """The marker in the entry's head; comments in its sections or in fences are none."""
    for line in scan(entry.head):
        found = _MARKER.match(bare(line.raw)) if line.kind == "text" else None
        if found:
            return Marker(found[1], found[2])
    return None


def about(entry: Entry, run: str, incident: str | None) -> bool:
    """Whether the entry was opened for this incident (None: for this run's note)."""
    return marker_of(entry) == Marker(_quote(run), _quote(incident) if incident else None)


def field_value(entry: Entry, name: str) -> str | None:
    """The text behind `**Name**:` (or `**Name:**`), the entry's head first; None if there is no such line."""
    pattern = re.compile(rf" {{0,3}}\*\*{re.escape(name)}(?::\*\*|\*\*[ \t]*:)(.*)", re.IGNORECASE)
    for line in scan(entry.text):
        found = pattern.match(bare(line.raw)) if line.kind == "text" else None
        if found:
            return found[1].strip()
    return None


def is_about_run(entry: Entry, run: str) -> bool:
    """Whether marker or `**Run**:` line name this run."""
    mark = marker_of(entry)
    if mark:
        return mark.run == _quote(run)
    named = (field_value(entry, "Run") or "").replace("`", " ").split()
    return named[:1] == [run]


def is_about_model(entry: Entry, model: str) -> bool:
    """Whether marker or `**Model**:` line name this model."""
    mark = marker_of(entry)
    if mark and mark.model == _quote(model):
        return True
    return (field_value(entry, "Model") or "").strip("` ") == model
