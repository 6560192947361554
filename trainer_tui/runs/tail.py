"""Following a growing file by bytes: truncation, rotation and replacement are noticed, nothing is mapped or held."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_OVERLAP = 64
"""Bytes before the offset that are compared, to notice a file replaced by another of at least the same size."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes read at `offset`; `change` says what happened to the file before them."""

    offset: int
    data: bytes
    change: str = ""
    """Empty, `truncated`, `rotated` or `replaced`: reading began again at 0."""


class Tail:
    """Reads what is appended to a file; keeps it open, so that a rotated file is read to its end first.

    `offset` counts bytes in the present file, `generation` how often it began anew.
    """

    def __init__(self, path: Path, offset: int = 0, generation: int = 0) -> None:
        self.path = path
        self.offset = offset
        self.generation = generation
        self._descriptor: int | None = None
        self._last = b""

    def read(self, limit: int = 1 << 20) -> Chunk:
        """Up to `limit` new bytes; empty when there are none.

        Raises OSError when the file exists and cannot be read; a file that does not exist yet is empty.
        """
        if self._descriptor is None and not self._open():
            return Chunk(self.offset, b"")
        assert self._descriptor is not None
        change = ""
        size = os.fstat(self._descriptor).st_size
        if size < self.offset:
            change = self._begin_again("truncated")
        elif size > self.offset and not self._continues():
            change = self._begin_again("replaced")
        data = os.pread(self._descriptor, limit, self.offset)
        if not data and self.rotated():
            self.close()
            change = self._begin_again("rotated")
            if self._open():
                data = os.pread(self._descriptor, limit, 0)
        chunk = Chunk(self.offset, data, change)
        self.offset += len(data)
        self._last = (self._last + data[-_OVERLAP:])[-_OVERLAP:]
        return chunk

    def has_more(self) -> bool:
        """Whether bytes wait to be read."""
        return self._descriptor is not None and os.fstat(self._descriptor).st_size > self.offset

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> bool:
        try:
            self._descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        if self.offset and not self._last:
            start = max(0, self.offset - _OVERLAP)
            self._last = os.pread(self._descriptor, self.offset - start, start)
        return True

    def _continues(self) -> bool:
        assert self._descriptor is not None
        before = self._last
        return os.pread(self._descriptor, len(before), self.offset - len(before)) == before

    def rotated(self) -> bool:
        """Whether the path names another file by now than the one that is open."""
        if self._descriptor is None:
            return False
        try:
            now = os.stat(self.path)
        except FileNotFoundError:
            return False  # moved away; the new one is not there yet
        opened = os.fstat(self._descriptor)
        return (now.st_dev, now.st_ino) != (opened.st_dev, opened.st_ino)

    def _begin_again(self, change: str) -> str:
        self.offset = 0
        self.generation += 1
        self._last = b""
        return change
