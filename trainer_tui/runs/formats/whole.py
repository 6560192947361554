"""A foreign history read from its start to its end, as it stands now."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from trainer_tui.runs.formats.detect import recognise
from trainer_tui.runs.formats.rows import Merger, Row
from trainer_tui.runs.formats.sources import FORMATS, Source, UnknownFormatError, open_source
from trainer_tui.runs.history import History


@dataclass(frozen=True, slots=True)
class Whole:
    """What was found at a path."""

    path: Path
    format: str
    title: str
    """The format in words."""
    history: History


def read_whole(path: Path) -> Whole:
    """The history at a path. Raises OSError when it cannot be read, UnknownFormatError when it is none."""
    found = recognise(path)
    source = open_source(found.format, found.path)
    try:
        history = _history(_rows(source))
        dialect = source.format.partition(": ")[2]
    finally:
        source.close()
    if not history.rows:
        raise UnknownFormatError(f"{found.path} is {FORMATS[found.format].title}, without a row so far")
    title = FORMATS[found.format].title + (f" ({dialect})" if dialect else "")
    return Whole(found.path, found.format, title, history)


def _rows(source: Source) -> Iterable[Row]:
    merger = Merger()
    while True:
        yield from merger.feed(source.poll())
        if not source.behind:
            break
    yield from merger.feed(source.finish())
    yield from merger.flush()


def _history(rows: Iterable[Row]) -> History:
    history = History()
    for row in rows:
        for name in [name for name in row if name not in history.columns]:
            history.columns[name] = array("d", [math.nan]) * history.rows
        for name, values in history.columns.items():
            values.append(row.get(name, math.nan))
        history.rows += 1
    return history
