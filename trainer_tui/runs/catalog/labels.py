"""What a person says about a run after the fact: tags and a note, in `tags.json` in its folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from trainer_tui.runs.files import read_json, replace_json
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.text import clean

FILE = "tags.json"
MOST_TAGS = 20
LONGEST_TAG = 40
LONGEST_NOTE = 2000

_APART = re.compile(r"[\s,]+")


@dataclass(frozen=True, slots=True)
class Labels:
    """The tags of a run, in the order in which they were given, and its note."""

    tags: tuple[str, ...] = ()
    note: str = ""

    def with_tags(self, add: Iterable[str] = (), remove: Iterable[str] = ()) -> Labels:
        """The labels with some tags more and some fewer; the case of a tag does not tell it from another."""
        gone = {tag.casefold() for tag in remove}
        kept: dict[str, str] = {}
        for tag in (*self.tags, *add):
            if tag.casefold() not in gone:
                kept.setdefault(tag.casefold(), tag)
        return replace(self, tags=tuple(kept.values())[:MOST_TAGS])


def path_of(run: RunFolder) -> Path:
    """Where the labels of a run lie."""
    return run.path / FILE


def read_labels(run: RunFolder) -> Labels:
    """The labels of a run; none where nobody gave any, or where the file is not what we wrote."""
    document = read_json(path_of(run)) or {}
    tags = document.get("tags")
    found = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    note = document.get("note")
    told = clean(note, LONGEST_NOTE).strip() if isinstance(note, str) else ""
    return Labels(note=told).with_tags(tag for text in found for tag in split_tags(text))


def write_labels(run: RunFolder, labels: Labels) -> None:
    """Replace the labels of a run; without any, the file goes. What a newer version keeps there stays.

    Raises OSError when the disk refuses, or when the run is gone.
    """
    others = {k: v for k, v in (read_json(path_of(run)) or {}).items() if k not in ("tags", "note")}
    if labels == Labels() and not others:
        path_of(run).unlink(missing_ok=True)
    else:
        replace_json(path_of(run), {**others, "tags": list(labels.tags), "note": labels.note})


def split_tags(text: str) -> list[str]:
    """Tags as they are typed: words, with or without commas between them or `#` before them."""
    words = (clean(word, LONGEST_TAG).lstrip("#") for word in _APART.split(text))
    return [word for word in words if word]
