"""The thread that goes through whole logs: it searches and counts lines, in slices that nobody feels."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from trainer_tui.runs.logs.file import LogFile
from trainer_tui.runs.logs.hits import LogHits
from trainer_tui.runs.logs.index import LineIndex, fast_count

_BUFFER = 1 << 20
_FAST_FROM = 64 << 20
"""Bytes of a log from which on counting is worth an import of numpy."""
_SLICE_S = 0.02
_TELL_S = 0.1


class Digger:
    """Searches first, then counts lines; `tell` is called when something came of it. Newest work wins."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        """`tell`: called in this thread, with a sentence when the log cannot be read, else an empty one."""
        self._tell = tell
        self._wake = threading.Event()
        self._closed = False
        self._file: LogFile | None = None
        self._index = LineIndex()
        self._hits: LogHits | None = None
        self._order: Iterator[int] = iter(())
        self._asked: tuple[LogHits | None, int, bool] = (None, 0, True)
        self._size = 0
        self._thread: threading.Thread | None = None
        self._resting = True

    def catch_up(self, file: LogFile, index: LineIndex, hits: LogHits | None, size: int) -> None:
        """Do what a few new lines need at once, in the caller's thread, if this one rests.

        Woken for each of them it would cost a second page, drawn and sent, at every beat. Raises OSError.
        """
        if not self._resting or index is not self._index or not 0 < size - index.size <= _BUFFER:
            return
        data = file.read(index.size, size - index.size)
        index.extend(data)
        if hits is not None and hits is self._hits and hits.grow(size):
            for chunk in hits.order(size, False):
                hits.scan(chunk)

    def work(
        self,
        file: LogFile | None,
        index: LineIndex,
        hits: LogHits | None,
        size: int,
        origin: int,
        forward: bool,
    ) -> None:
        """Do this from now on; `size`: bytes to go through."""
        asked = (hits, origin, forward)
        if asked == self._asked and file is self._file and index is self._index and size == self._size:
            return
        self._file, self._index, self._size, self._asked = file, index, size, asked
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="log-digger", daemon=True)
            self._thread.start()
        self._resting = False
        self._wake.set()

    def close(self) -> None:
        """End the thread."""
        self._closed = True
        self._wake.set()

    def _run(self) -> None:
        buffer = bytearray(_BUFFER)
        told = 0.0
        owed = False
        while not self._closed:
            try:
                did = self._search() or self._count(buffer)
            except OSError as error:
                self._file, self._hits = None, None
                self._tell(f"the log cannot be read: {error.strerror or error}")
                did = False
            owed |= did
            now = time.monotonic()
            if owed and (not did or now - told > _TELL_S):
                told, owed = now, False
                self._tell("")
            if not did and not owed:
                if not self._wake.is_set():
                    self._resting = True
                self._wake.wait()
                self._wake.clear()

    def _search(self) -> bool:
        """Search for a while; False when there is nothing to search."""
        hits, origin, forward = self._asked
        if hits is None:
            self._hits = None
            return False
        if hits.grow(self._size) or hits is not self._hits:
            self._hits, self._order = hits, hits.order(origin, forward)
        end, did = time.monotonic() + _SLICE_S, False
        for chunk in self._order:
            did |= hits.scan(chunk)
            if self._closed or self._asked[0] is not hits or (did and time.monotonic() > end):
                break
        return did

    def _count(self, buffer: bytearray) -> bool:
        """Count lines for a while; False when all are counted."""
        file, index = self._file, self._index
        if file is None or index.size >= self._size:
            return False
        if self._size - index.size > _FAST_FROM and index.size == 0:
            index.count = fast_count()
        end = time.monotonic() + _SLICE_S
        while index.size < self._size:
            read = min(file.read_into(buffer, index.size), self._size - index.size)
            if not read:
                return False  # it was cut; whoever follows the file will notice
            index.extend(buffer, read)
            if time.monotonic() > end:
                break
        return True
