"""Following a growing file by bytes; that it was truncated, rotated or replaced is noticed."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path

from trainer_tui.runs.plain import open_plain

_OVERLAP = 64
"""Bytes before the offset that are compared, to notice a file rewritten with at least as much in it."""


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

    def __init__(
        self, path: Path, offset: int = 0, generation: int = 0, *, largest: int | None = None
    ) -> None:
        """`largest`: bytes beyond which the file is refused."""
        self.path = path
        self.offset = offset
        self.generation = generation
        self._descriptor: int | None = None
        self._last = b""
        self._modified = 0
        self._change = ""
        self._largest = largest

    def read(self, limit: int = 1 << 20) -> Chunk:
        """Up to `limit` new bytes; empty when there are none.

        Raises OSError when the file exists and cannot be read; a file that does not exist yet is empty.
        """
        if self._descriptor is None and not self._open():
            return Chunk(self.offset, b"")
        assert self._descriptor is not None
        status = os.fstat(self._descriptor)
        if self._largest is not None and status.st_size > self._largest:
            raise OSError(errno.EFBIG, f"it is larger than {self._largest >> 20} MiB", str(self.path))
        if status.st_size < self.offset:
            self._begin_again("truncated")
        elif (status.st_size, status.st_mtime_ns) != (self.offset, self._modified) and not self._continues():
            self._begin_again("replaced")
        self._modified = status.st_mtime_ns
        data = os.pread(self._descriptor, limit, self.offset)
        if not data and self.rotated():
            # The writer may have added its last words just before it turned to the new file.
            data = os.pread(self._descriptor, limit, self.offset)
            if not data and self._turn():
                data = os.pread(self._descriptor, limit, 0)
        chunk = Chunk(self.offset, data, self._change)
        self._change = ""
        self._advance(data)
        return chunk

    def skip(self, keep: int) -> bool:
        """Pass over what waits, all but its last `keep` bytes; False when no more than that waits."""
        if self._descriptor is None:
            return False
        offset = os.fstat(self._descriptor).st_size - keep
        if offset <= self.offset:
            return False
        self.offset = offset
        self._last = self._before()
        return True

    def pass_hole(self) -> int:
        """Pass over the hole of a sparse file that reading has come into; how many bytes that were.

        A log that was cut while its writer stood far behind its end has one, of any size.
        """
        if self._descriptor is None or self._last.strip(b"\0"):
            return 0
        passed = max(0, hole_at(self._descriptor, self.offset) - _OVERLAP)
        if passed:
            self.offset += passed
            self._last = self._before()
        return passed

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> bool:
        try:
            self._descriptor = open_plain(self.path)
        except FileNotFoundError:
            return False
        if self.offset and not self._last:
            self._last = self._before()
        return True

    def _turn(self) -> bool:
        """Let the old file go and open the new one; False when that is gone again."""
        old = self._descriptor
        assert old is not None
        try:
            # Should this fail, we are still with the old file and try again later.
            self._descriptor = open_plain(self.path)
        except FileNotFoundError:
            return False
        os.close(old)
        self._begin_again("rotated")
        return True

    def _before(self) -> bytes:
        """The bytes just before the offset."""
        assert self._descriptor is not None
        start = max(0, self.offset - _OVERLAP)
        return os.pread(self._descriptor, self.offset - start, start)

    def _advance(self, data: bytes) -> None:
        self.offset += len(data)
        self._last = (self._last + data[-_OVERLAP:])[-_OVERLAP:]

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

    def _begin_again(self, change: str) -> None:
        # Kept until a chunk carries it: should reading fail now, the next call still says so.
        self._change = change
        self.offset = 0
        self.generation += 1
        self._last = b""


def hole_at(descriptor: int, offset: int) -> int:
    """Bytes of the hole of a sparse file from `offset` on; 0 where there is none, or nobody can tell.

    Moves the position of the descriptor.
    """
    try:
        return os.lseek(descriptor, offset, os.SEEK_DATA) - offset
    except (AttributeError, OSError) as error:
        if getattr(error, "errno", None) != errno.ENXIO:
            return 0
    return max(0, os.fstat(descriptor).st_size - offset)  # nothing but the hole is left
