"""TensorBoard's event files: scalars out of TFRecords.

Numbers of fields: `event.proto`, `summary.proto`, `tensor.proto` in tensorboard/compat/proto.
"""

from __future__ import annotations

import struct

from trainer_tui.runs.formats.rows import Row, column
from trainer_tui.runs.formats.wire import fields, first, real, signed, text

HEAD = 12
"""Bytes before a record's data: its length, and a checksum of that."""

FOOT = 4
LARGEST_READ = 1 << 20
"""A scalar is small: a longer record (an image, a graph) is passed over without being kept."""

LARGEST = 1 << 32
"""No record is longer; a length that says so is no length."""

_DT_FLOAT, _DT_DOUBLE, _DT_INT32, _DT_INT64 = 1, 2, 3, 9
_CONTENT = {_DT_FLOAT: "<f", _DT_DOUBLE: "<d", _DT_INT32: "<i", _DT_INT64: "<q"}
_VALUES = {_DT_FLOAT: 5, _DT_DOUBLE: 6, _DT_INT32: 7, _DT_INT64: 10}
"""Type of a tensor → the number of the field with its values."""


class EventsParser:
    """Takes the bytes of an event file as they come; a torn record waits for its rest.

    After a length whose checksum is wrong nothing more is read: there is no telling where the next record is.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._skip = 0
        self.broken = False

    def feed(self, data: bytes) -> list[Row]:
        """The rows with a scalar, in the order they were written; `wall_time` among their columns."""
        rows: list[Row] = []
        if self.broken:
            return rows
        passed = min(self._skip, len(data))
        self._skip -= passed
        data = self._rest + data[passed:]
        at = 0
        while len(data) - at >= HEAD:
            length, check = struct.unpack_from("<QI", data, at)
            if length > LARGEST or masked_crc(data[at : at + 8]) != check:
                self.broken = True
                at = len(data)
                break
            end = at + HEAD + length + FOOT
            if length > LARGEST_READ:
                self._skip = max(0, end - len(data))
                at = min(end, len(data))
                continue
            if end > len(data):
                break
            row = _row(data[at + HEAD : end - FOOT])
            if row:
                rows.append(row)
            at = end
        self._rest = data[at:]
        return rows

    def finish(self) -> list[Row]:
        """A record that was cut off says nothing."""
        return []


def is_event_file(head: bytes) -> bool:
    """Whether a file that begins so is one: its first record says `brain.Event:` and a version."""
    return (
        len(head) > HEAD
        and masked_crc(head[:8]) == struct.unpack_from("<I", head, 8)[0]
        and b"brain.Event" in head
    )


def _row(event: bytes) -> Row:
    row: Row = {}
    wall, step = 0.0, 0
    for number, value in fields(event):
        if number == 1:
            wall = real(value) or 0.0
        elif number == 2 and isinstance(value, int):
            step = signed(value)
        elif number == 5 and isinstance(value, bytes):
            for inner, entry in fields(value):
                if inner == 1 and isinstance(entry, bytes):
                    _take(entry, row)
    return {"step": float(step), "wall_time": wall, **row} if row else {}


def _take(entry: bytes, row: Row) -> None:
    tag, value = "", None
    for number, content in fields(entry):
        if number == 1:
            tag = text(content)
        elif number == 2:
            value = real(content)
        elif number == 8 and isinstance(content, bytes):
            value = _scalar(content)
    if tag and value is not None and not tag.startswith("_hparams_"):
        row[column(tag)] = value


def _scalar(tensor: bytes) -> float | None:
    """The number in a tensor of one number; None for any other tensor."""
    kind = first(tensor, 1)
    if not isinstance(kind, int) or kind not in _CONTENT or not _holds_one(first(tensor, 2)):
        return None
    content = first(tensor, 4)
    form = _CONTENT[kind]
    if isinstance(content, bytes) and content:
        return float(struct.unpack(form, content)[0]) if len(content) == struct.calcsize(form) else None
    value = first(tensor, _VALUES[kind])
    if isinstance(value, int):
        return float(signed(value))
    if kind in (_DT_FLOAT, _DT_DOUBLE):
        return real(value)  # packed, but of one number
    return None


def _holds_one(shape: int | bytes | None) -> bool:
    """Whether every dimension is 1; a scalar has none."""
    if not isinstance(shape, bytes):
        return True
    sizes = [first(dim, 1) for number, dim in fields(shape) if number == 2 and isinstance(dim, bytes)]
    return all(size == 1 for size in sizes)


def _table() -> list[int]:
    result = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        result.append(value)
    return result


_CRC32C = _table()


def masked_crc(data: bytes) -> int:
    """TFRecord's checksum: CRC-32C, rotated by 15 bits and moved by a constant."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC32C[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
