"""Stepping through what is shown of a log: all its lines, bars folded, or only the lines that match.

A place is the byte offset at which a line begins. It needs no index, so the end of 10 GB is shown at once.
"""

from __future__ import annotations

from collections import OrderedDict

from trainer_tui.runs.logs.file import LogReader
from trainer_tui.runs.logs.fold import is_bar, is_done, newest_frame
from trainer_tui.runs.logs.hits import LogHits, Pending
from trainer_tui.tui.log.rows import Look, Row, rows_of

_LONGEST_RUN = 2000
"""Lines that one run of bars hides; a longer run is shown in pieces."""
_KEEP = 400

Place = int | None | Pending


class Layout:
    """The shown lines of one file. For one thread."""

    def __init__(self, reader: LogReader, look: Look, hits: LogHits | None = None) -> None:
        """`hits`: only these lines are shown."""
        self.reader = reader
        self.look = look
        self.hits = hits
        self._rows: OrderedDict[int, tuple[Row, ...]] = OrderedDict()

    # ------------------------------------------------------------------ stepping

    def settle(self, offset: int) -> Place:
        """The shown line that holds this byte, or the next one, or the last."""
        offset = max(0, min(offset, self.reader.size - 1))
        if not self.reader.size:
            return None
        start = self.reader.start_of(offset)
        if self.hits is not None:
            place = self.hits.after(start - 1)
            return self.hits.before(start) if place is None else place
        return self._run_end(start)

    def after(self, start: int) -> Place:
        """The shown line after this one."""
        if self.hits is not None:
            return self.hits.after(start)
        place = self.reader.after(start)
        return None if place is None else self._run_end(place)

    def before(self, start: int) -> Place:
        """The shown line before this one."""
        if self.hits is not None:
            return self.hits.before(start)
        if self.look.fold and self._is_bar(start):
            start, _ = self._run_start(start)
        return self.reader.before(start)

    def last(self) -> Place:
        """The last shown line."""
        if self.hits is not None:
            return self.hits.before(self.reader.size)
        return self.reader.last()

    def first(self) -> Place:
        """The first shown line."""
        return self.settle(0)

    def _is_bar(self, start: int, going_on: bool = False) -> bool:
        """`going_on`: and one that has not come to its end."""
        frame = newest_frame(self.reader.line(start))
        return is_bar(frame) and not (going_on and is_done(frame))

    def _run_end(self, start: int) -> int:
        """The newest picture of the bar that begins here: it stands for all those before."""
        if not self.look.fold:
            return start
        for _ in range(_LONGEST_RUN):
            if not self._is_bar(start, going_on=True):
                return start
            after = self.reader.after(start)
            if after is None or not self._is_bar(after):
                return start
            start = after
        return start

    def _run_start(self, start: int) -> tuple[int, int]:
        """The first of the bars that end here, and how many there are before this one."""
        for hidden in range(_LONGEST_RUN):
            before = self.reader.before(start)
            if before is None or not self._is_bar(before, going_on=True):
                return start, hidden
            start = before
        return start, _LONGEST_RUN

    # ------------------------------------------------------------------ rows

    def rows(self, start: int) -> tuple[Row, ...]:
        """The rows of the shown line that begins there."""
        kept = self._rows.get(start)
        if kept is not None:
            return kept
        line = self.reader.line(start)
        hidden = ""
        if self.hits is None and self.look.fold and is_bar(newest_frame(line)):
            _, count = self._run_start(start)
            if count:
                more = "+" if count == _LONGEST_RUN else ""
                hidden = f"⋯ {count:,}{more} line{'' if count == 1 else 's'} of bars above"
        rows = rows_of(line, self.look, hidden)
        if line.finished:
            self._rows[start] = rows
            if len(self._rows) > _KEEP:
                self._rows.popitem(last=False)
        return rows

    def down(self, top: int, sub: int, height: int) -> list[Row]:
        """Up to `height` rows from row `sub` of the line at `top` on."""
        rows = list(self.rows(top)[sub:])
        place = self.after(top) if len(rows) < height else None
        while isinstance(place, int):
            rows += self.rows(place)
            place = self.after(place) if len(rows) < height else None
        return rows[:height]

    def up(self, bottom: int, height: int, end: int | None = None) -> list[Row]:
        """Up to `height` rows that end with the line at `bottom`, or with the row before its row `end`."""
        rows = list(self.rows(bottom)[:end])
        place = self.before(bottom) if len(rows) < height else None
        while isinstance(place, int):
            rows[:0] = self.rows(place)
            place = self.before(place) if len(rows) < height else None
        return rows[-height:] if height else []
