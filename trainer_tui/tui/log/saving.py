"""Writing a part of a log into a file of its own: bytes as they are, never over another file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trainer_tui.runs.logs.file import LogFile, LogReader
from trainer_tui.runs.logs.hits import LogHits
from trainer_tui.runs.logs.search import Pattern
from trainer_tui.runs.text import clean
from trainer_tui.tui.log.desk import LogDesk
from trainer_tui.tui.log.page import Said

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Portion:
    """What is to be saved: the lines from `first` to `last` (their starts), or all that match."""

    file: LogFile
    first: int = 0
    last: int = 0
    pattern: Pattern | None = None


def portion_of(desk: LogDesk) -> Portion | None:
    """What is selected, else the matching lines where only they are shown; None: neither."""
    if desk.file is None or not desk.size:
        return None
    if desk.selected is not None:
        return Portion(desk.file, *desk.selected)
    if desk.filtered and desk.look.pattern is not None:
        return Portion(desk.file, pattern=desk.look.pattern)
    return None


def save(portion: Portion, target: Path) -> Said:
    """Write it; returns what to tell. May take long: for a thread of its own."""
    name = clean(str(target), 200)
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    except FileExistsError:
        return Said(f"{name} is there already; nothing was written", "warning")
    except OSError as error:
        return Said(f"{name} cannot be written: {error.strerror}", "error")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            written = sum(stream.write(piece) for piece in _pieces(portion))
    except OSError as error:
        target.unlink(missing_ok=True)
        return Said(f"{name} cannot be written: {error.strerror}", "error")
    return Said(f"saved {written:,} bytes to {name}")


def _pieces(portion: Portion) -> Iterator[bytes]:
    reader = LogReader(portion.file)
    if portion.pattern is None:
        yield from _between(reader, portion.first, reader.end_of(portion.last) + 1)
        return
    hits = LogHits(portion.file, portion.pattern)
    for chunk in range(hits.chunks):
        hits.scan(chunk)
        for start in hits.places(chunk):
            yield from _between(reader, start, reader.end_of(start) + 1)


def _between(reader: LogReader, begin: int, end: int) -> Iterator[bytes]:
    end = min(end, reader.size)
    while begin < end:
        piece = reader.read(begin, min(_PIECE, end - begin))
        if not piece:
            return
        yield piece
        begin += len(piece)
