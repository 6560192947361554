"""Copies of sources that cost nothing twice: one file for each content, a link to it in every run."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from pathlib import Path

from trainer_tui.runs.files import replace_atomic
from trainer_tui.runs.plain import make_folders, read_plain

FOLDER = ".sources"
"""Below `output/`: one file for each content, named by its SHA-256."""

_UNUSED_S = 3600.0
"""So old must a content be that no run has before it goes: another launch may be about to link it."""


def keep(source: Path, target: Path, store: Path | None) -> bool:
    """Put the content of `source` at `target`, by a link where the disk has links; True if it is a new one.

    The kept file is read-only: an edit of one run's copy would be one of all. Raises OSError.
    """
    data = read_plain(source)
    mode = source.stat().st_mode & 0o777
    if store is None or mode & 0o044 != 0o044:  # what others may not read is not shared
        target.write_bytes(data)
        target.chmod(mode)
        return False
    kept = store / hashlib.sha256(data).hexdigest()
    new = not _holds(kept, data)
    try:
        if new:
            make_folders(store)
            replace_atomic(kept, data, fsync=False, mode=0o444)
        os.link(kept, target)
    except OSError:  # no links there, or too many of them: what is saved is space, and no launch waits for it
        target.write_bytes(data)
    return new


def forget_unused(store: Path) -> None:
    """Remove the contents that no run has any more."""
    with suppress(OSError), os.scandir(store) as found:
        for entry in found:
            status = entry.stat(follow_symlinks=False)
            if status.st_nlink == 1 and time.time() - status.st_mtime > _UNUSED_S:
                os.unlink(entry.path)


def _holds(kept: Path, data: bytes) -> bool:
    """Whether the file is there and has not been torn or edited."""
    try:
        return kept.stat().st_size == len(data) and read_plain(kept) == data
    except OSError:
        return False
