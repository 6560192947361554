"""The wire format of protocol buffers: the fields of a message, without its schema."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(number, value) of each field, an int for varints, else raw bytes; ends where it makes no sense."""
    at, end = 0, len(message)
    while at < end:
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            if at > end:
                return
            yield tag >> 3, value
            continue
        if kind == _BYTES:
            size, at = _varint(message, at)
        elif kind == _FIXED64:
            size = 8
        elif kind == _FIXED32:
            size = 4
        else:
            return  # groups are of the past; anything else is no message
        if at + size > end:
            return
        yield tag >> 3, message[at : at + size]
        at += size


def first(message: bytes, number: int) -> int | bytes | None:
    """The first field of this number; None when there is none."""
    return next((value for found, value in fields(message) if found == number), None)


def text(value: int | bytes | None) -> str:
    """A field of text."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def signed(value: int) -> int:
    """A varint as the int64 it stands for."""
    return value - (1 << 64) if value >= 1 << 63 else value


def real(value: int | bytes | None) -> float | None:
    """A float or double field."""
    if isinstance(value, bytes) and len(value) in (4, 8):
        return float(struct.unpack("<f" if len(value) == 4 else "<d", value)[0])
    return None


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """(value, place after it); a place behind the end when it is cut off or too long to be one."""
    value = shift = 0
    while at < len(message) and shift < 64:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (1 << 64) - 1, at
        shift += 7
    return 0, len(message) + 1
