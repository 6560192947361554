"""Which lines of a log match a search: counted for each chunk, exact places found again on demand.

However many lines match, what is kept is one number a chunk. A line belongs to the chunk in which it begins;
of a line longer than `REACH` only that much is searched.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterator

from trainer_tui.runs.logs.file import LogFile
from trainer_tui.runs.logs.search import Pattern

CHUNK = 1 << 20
"""Bytes that are searched in one go: a fraction of a millisecond."""
REACH = 1 << 20
"""Bytes behind a chunk that are read to end its last line."""

_UNKNOWN = -1
_STEP = 1 << 12
_KEEP = 6


class Pending:
    """What is returned for what is not known yet: a chunk on the way was not searched."""


PENDING = Pending()

_Places = tuple[int, "array[int]"]


class LogHits:
    """The matching lines of one file, as far as they were searched for.

    One thread calls `scan`; others ask meanwhile.
    """

    def __init__(self, file: LogFile, pattern: Pattern) -> None:
        self.file = file
        self.pattern = pattern
        self.size = 0
        """Bytes of the file that are to be searched; see `grow`."""
        self.total = 0
        """Matching lines found so far."""
        self.scanned = 0
        """Chunks searched so far."""
        self._counts = array("l")
        self._stale: set[int] = set()
        self._mine = threading.local()
        self._places: OrderedDict[int, _Places] = OrderedDict()
        self.grow(file.size())

    @property
    def chunks(self) -> int:
        """Chunks there are."""
        return len(self._counts)

    @property
    def complete(self) -> bool:
        """Whether the whole file was searched."""
        return self.scanned >= self.chunks and not self._stale

    def grow(self, size: int) -> bool:
        """The file has this size now; True when there is more to search.

        Its last chunks are searched again: a line in them may have been unfinished. Until then they stand as
        they were.
        """
        if size <= self.size:
            return False
        if self.size:
            again = range(max(0, self.size - 1 - REACH) // CHUNK, self.chunks)
            self._stale.update(chunk for chunk in again if self.is_known(chunk))
        self.size = size
        self._counts.extend([_UNKNOWN] * ((size + CHUNK - 1) // CHUNK - self.chunks))
        return True

    def is_known(self, chunk: int) -> bool:
        """Whether this chunk was searched."""
        return 0 <= chunk < self.chunks and self._counts[chunk] != _UNKNOWN

    def scan(self, chunk: int) -> bool:
        """Search one chunk, if that is needed: True then. Raises OSError."""
        before = self._counts[chunk]
        if before != _UNKNOWN and chunk not in self._stale:
            return False
        count = len(self._search(chunk))
        self._counts[chunk] = count
        self._stale.discard(chunk)
        self.total += count - max(0, before)
        self.scanned += before == _UNKNOWN
        return True

    def order(self, origin: int, forward: bool) -> Iterator[int]:
        """Chunks in the order in which a person wants to know them: from where they are, then the rest."""
        here = max(0, min(origin // CHUNK, self.chunks - 1))
        if not self.chunks:
            return
        if forward:
            yield from range(here, self.chunks)
            yield from range(here)
        else:
            yield from range(here, -1, -1)
            yield from range(self.chunks - 1, here, -1)

    # ------------------------------------------------------------------ asking

    def after(self, offset: int) -> int | Pending | None:
        """The first matching line that begins behind `offset`; None when there is none."""
        chunk = max(0, offset + 1) // CHUNK
        while chunk < self.chunks:
            if not self.is_known(chunk):
                return PENDING
            if self._counts[chunk]:
                places = self.places(chunk)
                at = bisect_right(places, offset)
                if at < len(places):
                    return places[at]
            chunk += 1
        return None

    def before(self, offset: int) -> int | Pending | None:
        """The last matching line that begins before `offset`; None when there is none."""
        if offset <= 0:
            return None
        chunk = min((offset - 1) // CHUNK, self.chunks - 1)
        while chunk >= 0:
            if not self.is_known(chunk):
                return PENDING
            if self._counts[chunk]:
                places = self.places(chunk)
                at = bisect_left(places, offset)
                if at:
                    return places[at - 1]
            chunk -= 1
        return None

    def number(self, start: int) -> int | None:
        """Which of all matches begins there, from 1; None while not everything is searched."""
        chunk = start // CHUNK
        if not self.complete or chunk >= self.chunks:
            return None
        return sum(self._counts[:chunk]) + bisect_right(self.places(chunk), start)

    def places(self, chunk: int) -> array[int]:
        """Where the matching lines of a searched chunk begin."""
        kept = self._places.get(chunk)
        if kept is not None and kept[0] == self._end(chunk):
            return kept[1]
        found = self._search(chunk)
        self._places[chunk] = (self._end(chunk), found)
        while len(self._places) > _KEEP:
            self._places.popitem(last=False)
        return found

    # ------------------------------------------------------------------ searching

    def _end(self, chunk: int) -> int:
        return min(self.size, (chunk + 1) * CHUNK + REACH)

    def _search(self, chunk: int) -> array[int]:
        begin = chunk * CHUNK
        lead = 1 if begin else 0  # the byte before tells whether a line begins at the chunk's first
        buffer = self._buffer()
        length = self._fill(buffer, begin - lead, min(self.size, begin + CHUNK), self._end(chunk))
        first = buffer.find(b"\n", 0, length) + 1 if lead else 0
        found: array[int] = array("Q")
        if first or not lead:
            starts = self.pattern.matching_lines(buffer, first, length)
            found.extend(begin - lead + start for start in starts if start < CHUNK + lead)
        return found

    def _fill(self, buffer: bytearray, begin: int, border: int, end: int) -> int:
        """Read from `begin` to the end of the line that crosses `border`, no further than `end`."""
        length = self.file.read_into(buffer, begin, 0, border - begin)
        if length < border - begin or not length or buffer[length - 1] == 10:
            return length
        step = _STEP
        while begin + length < end:
            if len(buffer) < length + step:
                buffer.extend(bytes(length + step - len(buffer)))
            read = self.file.read_into(buffer, begin + length, length, min(step, end - begin - length))
            place = buffer.find(b"\n", length, length + read)
            if place >= 0:
                return place
            if not read:
                break
            length, step = length + read, step * 4
        return length

    def _buffer(self) -> bytearray:
        """Room for a chunk and the end of its last line; fresh memory would cost more than the search."""
        buffer: bytearray | None = getattr(self._mine, "buffer", None)
        if buffer is None or len(buffer) > 2 * CHUNK:
            buffer = self._mine.buffer = bytearray(CHUNK + 1 + _STEP)
        return buffer
