r"""Bytes as pieces: lines, and the frames of progress bars, which end with a carriage return.

Everything works on ranges of a buffer, so that a large one is never copied.
"""

from __future__ import annotations

import sys

from trainer_tui.failures.clean import LINE_LIMIT, PIECE_LIMIT

_STRIDE = 8192
_LARGE = 1 << 16


def count_lines(buffer: bytes, start: int, stop: int) -> int:
    """Line ends in buffer[start:stop].

    numpy counts several times faster than bytes do; it is used where somebody has imported it already.
    """
    numpy = sys.modules.get("numpy")
    if stop - start < _LARGE or not hasattr(numpy, "count_nonzero"):
        return buffer.count(b"\n", start, stop)
    assert numpy is not None
    return int(numpy.count_nonzero(numpy.frombuffer(buffer, numpy.uint8, stop - start, start) == 10))


def first_end(buffer: bytes, start: int) -> int:
    r"""Index of the first `\n` or `\r` from `start` on, -1 if there is none."""
    newline = buffer.find(b"\n", start)
    carriage = buffer.find(b"\r", start, len(buffer) if newline < 0 else newline)
    return newline if carriage < 0 else carriage


def after_last_end(buffer: bytes, start: int, stop: int) -> int:
    r"""Index behind the last `\n` or `\r` in buffer[start:stop]; `start` if there is none."""
    newline = buffer.rfind(b"\n", start, stop) + 1
    return max(start, newline, buffer.rfind(b"\r", max(start, newline), stop) + 1)


def long_piece(buffer: bytes, start: int, stop: int) -> int:
    """Start of the first piece in buffer[start:stop] that is longer than PIECE_LIMIT, -1 if there is none."""
    while stop - start > PIECE_LIMIT + 1:
        last = after_last_end(buffer, start, start + PIECE_LIMIT + 1)
        if last == start:
            return start
        start = last
    return -1


def pieces_before(buffer: bytes, start: int, stop: int, count: int) -> list[bytes]:
    """The last `count` non-empty pieces of buffer[start:stop], newest first, each cut to LINE_LIMIT."""
    pieces: list[bytes] = []
    while stop > start and len(pieces) < count:
        cut = after_last_end(buffer, start, max(start, stop - _STRIDE))
        chunk = buffer[cut:stop].replace(b"\r", b"\n").split(b"\n")
        pieces += [piece[:LINE_LIMIT] for piece in reversed(chunk) if piece]
        stop = cut
    return pieces[:count]


class Starts:
    """Offset in `raw` of its n-th line; the line ends are looked up only as far as asked."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._found = 0
        self._start = 0

    def __call__(self, number: int) -> int:
        while self._found < number:
            self._start = self._raw.index(b"\n", self._start) + 1
            self._found += 1
        return self._start
