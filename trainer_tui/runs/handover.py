"""Whose `training_history.csv` it is: the script's own, or what the supervisor translates into it.

`translation.json` beside the table says that it is the supervisor's. A script that logs a history of its own
takes the table over: from then on the translation lies aside and nobody but the script writes the table.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trainer_tui.runs.plain import open_plain

MARK = "translation.json"
ASIDE = "training_history.translated.csv"

PATIENCE_S = 0.5
"""So long does a training wait for a supervisor that is just writing; it may have been stopped meanwhile."""


def mark_of(table: Path) -> Path:
    """The file that says that a table is translated: its source and format."""
    return table.with_name(MARK)


def claim(table: Path) -> None:
    """Make a translated table the caller's: it is put aside. Raises OSError where the folder refuses."""
    mark = mark_of(table)
    if not mark.exists():
        return
    with _held(mark, PATIENCE_S):
        with suppress(FileNotFoundError):
            os.replace(table, table.with_name(ASIDE))
        mark.unlink(missing_ok=True)


@contextmanager
def while_ours(table: Path) -> Iterator[bool]:
    """Whether a table is (still) the supervisor's; nobody claims it within the block."""
    mark = mark_of(table)
    with _held(mark, None):
        yield mark.exists()


@contextmanager
def _held(mark: Path, patience_s: float | None) -> Iterator[None]:
    try:
        descriptor = open_plain(mark, os.O_RDWR)
    except FileNotFoundError:
        yield
        return
    try:
        with suppress(OSError):  # where the file system has no locks
            _lock(descriptor, patience_s)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, patience_s: float | None) -> None:
    if patience_s is None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(0.01)
