"""What is known of ended runs, kept in one file beside them, so that ten thousand are listed at once.

`output/.runs.jsonl`: one line a run, the newest line of a run counts. It is a convenience: whatever is in it
that does not fit its folder (see `Stamp`) is read again, and deleting the file costs only that reading.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

from trainer_tui.runs.catalog.summary import WHOLE, RunSummary
from trainer_tui.runs.files import NOT_JSON, LineAppender, replace_atomic
from trainer_tui.runs.plain import read_plain

FILE = ".runs.jsonl"
VERSION = 1

Stamp = tuple[int, int, int, int]
"""What changes whenever something in a run folder does: its inode and time, size and time of its events."""

_MOST = 64 << 20
"""Bytes of a file that cannot be ours any more."""

_SPARE = 1000
"""Lines that are out of date before the file is worth writing anew."""

_PORTION = 200
"""Lines that are parsed in one go: quicker than one by one, and little memory at a time."""

_NUMBERS = ("duration_s", "peak_bytes", "best", "best_at", "last", "steps", "total")
_TYPES: dict[str, Any] = {
    **dict.fromkeys(("number", "level", "changed_ns", "watch", "attempt"), int),
    **dict.fromkeys(_NUMBERS, (float, int, type(None))),
    "tags": list,
}
_FIELDS = tuple(f.name for f in fields(RunSummary))
_KINDS = tuple(_TYPES.get(name, str) for name in _FIELDS)
_TAGS = _FIELDS.index("tags")


def stamp_of(path: str) -> Stamp | None:
    """The stamp of a run folder; None when it is none. Raises OSError when it is gone."""
    folder = os.stat(path)
    if folder.st_mode & 0o170000 != 0o040000:
        return None
    try:
        events = os.stat(f"{path}/events.jsonl")
    except OSError:
        return folder.st_ino, folder.st_mtime_ns, -1, 0
    return folder.st_ino, folder.st_mtime_ns, events.st_size, events.st_mtime_ns


class CatalogCache:
    """The file, read once and appended to. Where nothing can be written, nothing is kept."""

    def __init__(self, output: Path) -> None:
        self.path = output / FILE
        self._lines = LineAppender(self.path, keep=1)

    def load(self) -> dict[str, tuple[Stamp, RunSummary]]:
        """Everything in the file that is whole, by the key of its run."""
        try:
            if self.path.stat().st_size > _MOST:
                self.path.unlink()
                return {}
            lines = read_plain(self.path).split(b"\n")
        except OSError:
            return {}
        found: dict[str, tuple[Stamp, RunSummary]] = {}
        for at in range(0, len(lines), _PORTION):
            for record in _records([line for line in lines[at : at + _PORTION] if line]):
                if (entry := _entry(record)) is not None:
                    found[entry[1].key] = entry
        if len(lines) > 2 * len(found) + _SPARE:
            self._renew(found)
        return found

    def add(self, entries: Iterable[tuple[Stamp, RunSummary]]) -> None:
        """Keep these too."""
        text = "\n".join(map(_line, entries))
        if text:
            # Several lines at once are one line of the appender's, which is as well whole or not there.
            self._lines.append(text.encode("utf-8", "replace"))

    def _renew(self, found: dict[str, tuple[Stamp, RunSummary]]) -> None:
        data = "".join(_line(entry) + "\n" for entry in found.values())
        try:
            replace_atomic(self.path, data.encode("utf-8", "replace"), fsync=False)
        except OSError:
            return  # the long file serves as well


def _line(entry: tuple[Stamp, RunSummary]) -> str:
    stamp, summary = entry
    values = [getattr(summary, name) for name in _FIELDS]
    return json.dumps([VERSION, stamp, values], separators=(",", ":"))


def _records(lines: list[bytes]) -> list[Any]:
    """The documents of the lines; all at once, unless one of them is torn."""
    try:
        found: list[Any] = json.loads(b"[" + b",".join(lines) + b"]")
        return found
    except NOT_JSON:
        whole = []
    for line in lines:
        with suppress(*NOT_JSON):
            whole.append(json.loads(line))
    return whole


def _entry(record: Any) -> tuple[Stamp, RunSummary] | None:
    """What a line holds; None when it is foreign or of another version."""
    try:
        version, (a, b, c, d), values = record
        if version != VERSION or len(values) != len(_KINDS) or not all(map(isinstance, values, _KINDS)):
            return None
        values[_TAGS] = tuple(map(str, values[_TAGS]))
        summary = RunSummary(*values)
        stamp = int(a), int(b), int(c), int(d)
    except (TypeError, ValueError, OverflowError):
        return None
    return (stamp, summary) if summary.level == WHOLE and summary.over else None
