"""A folder of TensorBoard event files: one training writes several, one a phase or a resumption."""

from __future__ import annotations

import os
import time
from pathlib import Path

from trainer_tui.runs.formats.rows import Row
from trainer_tui.runs.formats.tfevents import EventsParser
from trainer_tui.runs.tail import Tail

PREFIX = "events.out.tfevents."
PHASES = ("train", "training", "validation", "val", "valid", "eval", "evaluation", "test")
"""Folders in which a training keeps its parts apart; the tags of both are the same."""

MOST_FILES = 64
DEPTH = 2
SCAN_EVERY_S = 1.0


def base_of(folder: Path) -> Path:
    """The folder of the training, for a folder with event files."""
    return folder.parent if folder.name.lower() in PHASES else folder


class EventFolderSource:
    """All event files of one training (or one file), in the order of their wall times.

    A tag of a file in a folder below is named with it: `validation/epoch_loss`.
    """

    format = "tensorboard"

    def __init__(self, path: Path, since: float = 0.0) -> None:
        self.path = path
        self.began_anew = False
        self.behind = False
        self._since = since
        self._scan_at = 0.0
        self._files: dict[Path, tuple[Tail, EventsParser]] = {}

    def poll(self, at_most: int = 256 << 10) -> list[Row]:
        """The rows that came since. Raises OSError when a file cannot be read."""
        self.began_anew = self.behind = False
        now = time.monotonic()
        if now >= self._scan_at:
            self._scan_at = now + SCAN_EVERY_S
            self._look_for_files()
        rows: list[Row] = []
        for path, (tail, parser) in list(self._files.items()):
            chunk = tail.read(at_most)
            if chunk.change:
                parser = EventsParser()
                self._files[path] = tail, parser
                self.began_anew = True
            self.behind |= len(chunk.data) == at_most
            rows += self._named(path, parser.feed(chunk.data))
        rows.sort(key=lambda row: row["wall_time"])
        return [{name: value for name, value in row.items() if name != "wall_time"} for row in rows]

    def finish(self) -> list[Row]:
        """A record that was cut off says nothing."""
        return []

    def close(self) -> None:
        """Let go of the files."""
        for tail, _ in self._files.values():
            tail.close()

    def _look_for_files(self) -> None:
        if self.path.is_file():
            self._files.setdefault(self.path, (Tail(self.path), EventsParser()))
            return
        for path in event_files(self.path, self._since):
            if path not in self._files and len(self._files) < MOST_FILES:
                self._files[path] = Tail(path), EventsParser()

    def _named(self, path: Path, rows: list[Row]) -> list[Row]:
        place = path.parent.relative_to(self.path).as_posix() if path != self.path else "."
        if place == ".":
            return rows
        own = ("step", "wall_time")
        return [{n if n in own else f"{place}/{n}": v for n, v in row.items()} for row in rows]


def event_files(folder: Path, since: float = 0.0, depth: int = DEPTH) -> list[Path]:
    """The event files in a folder and those below it, in order of their names, that were written since."""
    found: list[Path] = []
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return []
    for entry in entries:
        try:
            if entry.name.startswith(PREFIX) and entry.stat().st_mtime >= since:
                found.append(Path(entry.path))
            elif depth and entry.is_dir(follow_symlinks=False):
                found += event_files(Path(entry.path), since, depth - 1)
        except OSError:
            continue  # it went away while we looked
    return found
