"""Diary text that is not in the diary yet, on disk: what is being typed outlives its process.

Each process that writes an entry has a file of its own for it, `.drafts/entry-7-<process>.json` beside the
diary, removed once the diary has the text. What a process left there that is gone is somebody's lost text.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trainer_tui.runs.clock import utc_now
from trainer_tui.runs.files import read_json, replace_atomic
from trainer_tui.runs.plain import make_folders
from trainer_tui.runs.process import ProcessIdentity, host_name, training_identity

FOLDER = ".drafts"


@dataclass(frozen=True, slots=True)
class Draft:
    """One entry as somebody left it."""

    number: int
    base: str
    """The entry as the diary had it when the writing began."""
    text: str
    time: str
    """UTC stamp of the last change."""
    path: Path


class Drafts:
    """The drafts beside one diary."""

    def __init__(self, diary: Path) -> None:
        self.folder = diary.parent / FOLDER
        self._me = ProcessIdentity.of(os.getpid())

    def path(self, number: int) -> Path:
        """Our file for an entry."""
        started = self._me.start_time if self._me is not None else 0
        return self.folder / f"entry-{number}-{host_name()}-{os.getpid()}-{started}.json"

    def keep(self, number: int, base: str, text: str) -> None:
        """Write our draft of an entry. Raises OSError when it cannot be written."""
        make_folders(self.folder)
        writer = {**(asdict(self._me) if self._me else {}), "host": host_name()}
        document = {"number": number, "base": base, "text": text, "time": utc_now(), "writer": writer}
        replace_atomic(self.path(number), _encoded(document))

    def drop(self, paths: Iterable[Path]) -> None:
        """Remove drafts whose text the diary has. One that cannot be removed is only offered once more."""
        for path in paths:
            _remove(path)
        _remove_folder(self.folder)

    def abandoned(self, number: int) -> list[Draft]:
        """What processes that are gone left of an entry, oldest first."""
        found = [_draft(path) for path in self.folder.glob(f"entry-{number}-*.json")]
        return sorted((draft for draft in found if draft is not None), key=lambda draft: draft.time)


def _encoded(document: dict[str, Any]) -> bytes:
    import json

    # In ASCII, so that bytes of the diary that are no text (lone surrogates here) pass through unchanged.
    return json.dumps(document).encode("ascii")


def _draft(path: Path) -> Draft | None:
    """The draft in a file; None when it is none, or when its writer still runs and keeps it."""
    document = read_json(path) or {}
    writer = document.get("writer")
    try:
        if isinstance(writer, dict) and _writes_still(writer):
            return None
        number, base, text = int(document["number"]), str(document["base"]), str(document["text"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return Draft(number, base, text, str(document.get("time", "")), path)


def _writes_still(writer: dict[str, Any]) -> bool:
    # Of a process on another machine nothing is known: text shown twice is better than text lost.
    identity = training_identity(writer) if writer.get("host") == host_name() else None
    try:
        return identity is not None and identity.is_alive()
    except OSError:
        return False


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def _remove_folder(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return  # others have drafts there, or it was never made
