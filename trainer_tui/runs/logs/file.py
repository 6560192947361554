"""Reading a log anywhere, in bounded pieces. Never mapped into memory: a truncation would kill the reader."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from trainer_tui.runs.plain import open_plain

HEAD = 1 << 16
"""Bytes of one line that are read at its start."""
TAIL = 1 << 15
"""Bytes of a longer line that are read at its end: the newest frame of a progress bar stands there."""

_FIRST, _LARGEST = 1 << 14, 1 << 22


@dataclass(frozen=True, slots=True)
class RawLine:
    """One line, without its newline, cut where it is long."""

    start: int
    length: int
    head: bytes
    tail: bytes = b""
    """The end of a line longer than `HEAD`; empty for others."""
    finished: bool = True
    """Whether its newline is written."""

    @property
    def next(self) -> int:
        """Offset behind the line and its newline."""
        return self.start + self.length + self.finished


class LogFile:
    """A log as it was opened; another file under its name is another one. It is closed with its last user."""

    def __init__(self, path: Path) -> None:
        """Raises OSError when it cannot be opened."""
        self.path = path
        self._descriptor = -1
        self._descriptor = open_plain(path)

    def __del__(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def size(self) -> int:
        """Bytes it has now."""
        return os.fstat(self._descriptor).st_size

    def read(self, offset: int, length: int) -> bytes:
        """Bytes at `offset`; fewer at the end. Raises OSError."""
        return os.pread(self._descriptor, length, offset)

    def read_into(self, buffer: bytearray, offset: int, at: int = 0, length: int | None = None) -> int:
        """Read into `buffer` from index `at` on, at most `length` bytes; returns how many. Raises OSError."""
        with memoryview(buffer) as view, view[at : None if length is None else at + length] as room:
            return os.preadv(self._descriptor, [room], offset)


class LogReader:
    """Steps through the lines of one file as long as it was when `refresh` was called. For one thread."""

    def __init__(self, file: LogFile) -> None:
        self.file = file
        self.size = file.size()
        self._at, self._window = 0, b""

    def refresh(self) -> int:
        """Look how long the file is now."""
        self.size = self.file.size()
        self._window = b""
        return self.size

    def read(self, offset: int, length: int) -> bytes:
        """Bytes before the end as it is known."""
        length = min(length, self.size - offset)
        if length <= 0 or offset < 0:
            return b""
        inside = offset - self._at
        if not 0 <= inside <= len(self._window) - length:
            self._at = max(0, offset - _FIRST)
            span = min(max(length, 4 * _FIRST) + offset - self._at, self.size - self._at)
            self._window = self.file.read(self._at, span)
            inside = offset - self._at
        return self._window[inside : inside + length]

    def start_of(self, offset: int) -> int:
        """Where the line begins that holds this byte."""
        end, step = min(offset, self.size), _FIRST
        while end > 0:
            begin = max(0, end - step)
            place = self.read(begin, end - begin).rfind(b"\n")
            if place >= 0:
                return begin + place + 1
            end, step = begin, min(step * 4, _LARGEST)
        return 0

    def end_of(self, offset: int) -> int:
        """Where the line ends that holds this byte: at its newline, or at the end of the file."""
        at, step = offset, _FIRST
        while at < self.size:
            data = self.read(at, step)
            place = data.find(b"\n")
            if place >= 0:
                return at + place
            if not data:
                break  # it was cut meanwhile
            at, step = at + len(data), min(step * 4, _LARGEST)
        return min(at, self.size)

    def after(self, start: int) -> int | None:
        """Where the next line begins; None when there is none."""
        end = self.end_of(start) + 1
        return end if end < self.size else None

    def before(self, start: int) -> int | None:
        """Where the line before begins; None at the first."""
        return self.start_of(start - 1) if start > 0 else None

    def last(self) -> int | None:
        """Where the last line begins; None in an empty file."""
        return self.start_of(self.size - 1) if self.size else None

    def line(self, start: int) -> RawLine:
        """The line that begins there."""
        end = self.end_of(start)
        length = end - start
        tail = self.read(end - TAIL, TAIL) if length > HEAD else b""
        return RawLine(start, length, self.read(start, min(length, HEAD)), tail, end < self.size)
