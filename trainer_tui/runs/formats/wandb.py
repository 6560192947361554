"""W&B's local run files: the records of a `run-ID.wandb`, framed as in a LevelDB log, 32 KiB blocks."""

from __future__ import annotations

import json
import struct

from trainer_tui.runs.files import NOT_JSON
from trainer_tui.runs.formats.rows import Row, column, number_of
from trainer_tui.runs.formats.wire import fields, first, text

MAGIC = b":W&B"
FILE_HEAD = 7
BLOCK = 32 << 10
HEAD = 7
"""Bytes before a piece of a record: checksum, length, and whether it is the whole, or which part of it."""

LARGEST_READ = 4 << 20
"""A longer record is no row of numbers."""

_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_HISTORY = 2
"""Number of the field `history` in W&B's `Record`."""


class WandbParser:
    """Takes the bytes of a run file as they come; a torn end waits for its rest."""

    def __init__(self) -> None:
        self._rest = b""
        self._used = 0  # bytes of it that are done with: cutting each piece off would copy all the others
        self._at = 0
        self._record = b""
        self._headed = False
        self.broken = False

    def feed(self, data: bytes) -> list[Row]:
        """The rows that were logged."""
        rows: list[Row] = []
        self._rest += data
        if not self._headed and len(self._rest) >= FILE_HEAD:
            self._headed = True
            self.broken = not self._rest.startswith(MAGIC)
            self._pass(FILE_HEAD)
        while self._headed and not self.broken and (piece := self._piece()) is not None:
            kind, content = piece
            if kind in (_WHOLE, _FIRST):
                self._record = b""
            if len(self._record) <= LARGEST_READ:
                self._record += content
            if kind in (_WHOLE, _LAST) and len(self._record) <= LARGEST_READ:
                rows += _rows(self._record)
                self._record = b""
        self._rest = b"" if self.broken else self._rest[self._used :]
        self._used = 0
        return rows

    def finish(self) -> list[Row]:
        """A record that was cut off says nothing."""
        return []

    def _piece(self) -> tuple[int, bytes] | None:
        room = BLOCK - self._at % BLOCK
        if room < HEAD:
            if len(self._rest) - self._used < room:
                return None
            self._pass(room)
        if len(self._rest) - self._used < HEAD:
            return None
        _, length, kind = struct.unpack_from("<IHB", self._rest, self._used)
        if kind not in (_WHOLE, _FIRST, _MIDDLE, _LAST) or HEAD + length > BLOCK - self._at % BLOCK:
            self.broken = True
            return None
        begin = self._used + HEAD
        if len(self._rest) < begin + length:
            return None
        self._pass(HEAD + length)
        return kind, self._rest[begin : begin + length]

    def _pass(self, count: int) -> None:
        self._used += count
        self._at += count


def _rows(record: bytes) -> list[Row]:
    history = first(record, _HISTORY)
    if not isinstance(history, bytes):
        return []
    row: Row = {}
    for number, entry in fields(history):
        if number == 1 and isinstance(entry, bytes):
            _take(entry, row)
        elif number == 2 and isinstance(entry, bytes):
            step = first(entry, 1)
            row.setdefault("step", float(step if isinstance(step, int) else 0))
    return [row] if row else []


def _take(item: bytes, row: Row) -> None:
    name, nested, value = "", [], b""
    for number, content in fields(item):
        if number == 1:
            name = text(content)
        elif number == 2:
            nested.append(text(content))
        elif number == 16 and isinstance(content, bytes):
            value = content
    name = name or ".".join(nested)
    if name.startswith("_") and name not in ("_step", "_runtime", "_timestamp"):
        return
    try:
        said = number_of(json.loads(value))  # it writes NaN and Infinity, as words or in quotes
    except NOT_JSON:
        return
    if name and said is not None:
        row[column(name)] = said
