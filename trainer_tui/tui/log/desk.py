"""Where a reader stands in a log, and the page that shows it. Pure of threads and of the screen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from trainer_tui.runs.logs.file import LogFile, LogReader
from trainer_tui.runs.logs.hits import LogHits
from trainer_tui.runs.logs.index import LineIndex
from trainer_tui.tui.log.detail import detail_of
from trainer_tui.tui.log.layout import Layout, Place
from trainer_tui.tui.log.page import Page, Said, SearchState
from trainer_tui.tui.log.rows import Look, Row


class LogDesk:
    """One reader of one log. Requests change where it stands; `build` makes the page. For one thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.height = 24
        self.look = Look()
        self.following = True
        self.cursor = -1
        self.anchor: int | None = None
        """Where a selection of lines began."""
        self.detailed = False
        self.filtered = False
        self.file: LogFile | None = None
        self.index = LineIndex()
        self.hits: LogHits | None = None
        self.incidents: tuple[int, ...] = ()
        """Offsets at which incidents were seen, rising."""
        self.wish: tuple[int, bool] | None = None
        """(from where, forward): a match that is to be gone to as soon as it is found."""
        self.origin, self.forward = 0, True
        """Where a search began, and in which direction: what is searched first."""
        self.said: list[Said] = []
        self.top, self.sub = 0, 0
        self._reader: LogReader | None = None
        self._layout: Layout | None = None

    # ------------------------------------------------------------------ the file

    def use(self, file: LogFile | None, index: LineIndex) -> None:
        """Show this file from now on; a search goes on in it."""
        self.file, self.index = file, index
        self._reader = LogReader(file) if file is not None else None
        self._layout, self.anchor, self.wish = None, None, None
        self.cursor, self.top, self.sub, self.following = -1, 0, 0, True
        pattern = self.look.pattern
        self.hits = LogHits(file, pattern) if file is not None and pattern is not None else None

    def grown(self) -> bool:
        """Look how long the file is now; True when that changed. Raises OSError."""
        if self._reader is None:
            return False
        before = self._reader.size
        self._reader.refresh()
        return self._reader.size != before

    @property
    def size(self) -> int:
        """Bytes of the log as they are known."""
        return self._reader.size if self._reader is not None else 0

    @property
    def reader(self) -> LogReader:
        """The file; only where there is one."""
        assert self._reader is not None
        return self._reader

    @property
    def layout(self) -> Layout:
        """The lines that are shown, laid out as wished."""
        hits = self.hits if self.filtered else None
        kept = self._layout
        if kept is None or kept.look != self.look or kept.hits is not hits or kept.reader is not self.reader:
            kept = self._layout = Layout(self.reader, self.look, hits)
        return kept

    def tell(self, text: str, severity: str = "information") -> None:
        """Say something to the person, once."""
        self.said.append(Said(text, severity))  # type: ignore[arg-type]

    # ------------------------------------------------------------------ moving

    def resize(self, width: int, height: int) -> None:
        """The window has this size now."""
        self.height = max(1, height)
        self.look = replace(self.look, width=max(4, width))
        if self.size and self.cursor >= 0:
            self._keep_in_sight()

    def end(self) -> None:
        """Go to the end and stay there."""
        self.following, self.wish = True, None

    def home(self) -> None:
        """Go to the first line."""
        if self.size:
            self.stand_on(self.layout.first())

    def move(self, lines: int) -> None:
        """Move the cursor by so many lines; the page follows it."""
        if not self.size:
            return
        place: Place = self.cursor
        step = self.layout.after if lines > 0 else self.layout.before
        for _ in range(abs(lines)):
            next_place = step(place) if isinstance(place, int) else None
            if not isinstance(next_place, int):
                self.following = self.following or (lines > 0 and next_place is None)
                break
            place = next_place
        else:
            self.following = False
        if isinstance(place, int):
            self.cursor, self.wish = place, None
            self._keep_in_sight()

    def scroll(self, count: int) -> None:
        """Move the page by so many rows, the cursor only as far as it must."""
        if self.size:
            row = next((i for i, r in enumerate(self._rows()) if r.start == self.cursor), None)
            self._scroll(count)
            rows = self._rows()
            if row is not None and rows and all(r.start != self.cursor for r in rows):
                self.cursor = (rows[0] if count > 0 else rows[-1]).start

    def leaf(self, pages: int) -> None:
        """Move by pages; the cursor keeps its place on the screen, or goes to the end it cannot pass."""
        if not self.size:
            return
        before = self._rows()
        row = next((i for i, r in enumerate(before) if r.start == self.cursor), 0)
        self._scroll(pages * max(1, self.height - 1))
        rows = self._rows()
        if rows:
            stuck = rows[0].start == before[0].start and rows[0].sub == before[0].sub
            self.cursor = rows[(-1 if pages > 0 else 0) if stuck else min(row, len(rows) - 1)].start

    def _scroll(self, count: int) -> None:
        layout, self.wish = self.layout, None
        if count > 0:
            rows = layout.down(self.top, self.sub, count + self.height)
            if len(rows) < count + self.height and layout.after(rows[-1].start) is None:
                self.following = True
                return
            target = rows[min(count, len(rows) - 1)]
        else:
            rows = layout.up(self.top, -count + self.sub, self.sub) if self.top or self.sub else []
            self.following = not rows and self.following
            if not rows:
                return
            target = rows[max(0, len(rows) + count)]
        self.top, self.sub, self.following = target.start, target.sub, False

    def stand_on(self, place: Place, share: float = 0.5) -> None:
        """Put the cursor on a line and the line at this share of the page's height."""
        if not isinstance(place, int):
            return
        self.cursor, self.following, self.wish = place, False, None
        rows = self.layout.up(place, int(self.height * share) + 1, 1)
        self.top, self.sub = rows[0].start, rows[0].sub

    def at_share(self, share: float) -> None:
        """Go to the line at this part of the log, 0 to 1."""
        if share >= 1:
            self.end()
        elif self.size:
            self.stand_on(self.layout.settle(int(self.size * max(0.0, share))), 0)

    def point(self, start: int) -> None:
        """Put the cursor on a line in sight."""
        if any(row.start == start for row in self._rows()):
            self.following = self.following and start == self._rows()[-1].start
            self.cursor, self.wish = start, None

    def _keep_in_sight(self) -> None:
        if self.following:
            return
        rows = self._rows()
        inside = [row for row in rows if row.start == self.cursor]
        tall = len(self.layout.rows(self.cursor))
        if inside and (len(inside) == tall or tall >= self.height):
            return
        if tall >= self.height or self.cursor < self.top or (self.cursor == self.top and self.sub):
            self.top, self.sub = self.cursor, 0
        else:
            shown = self.layout.up(self.cursor, self.height)
            self.top, self.sub = shown[0].start, shown[0].sub

    # ------------------------------------------------------------------ the page

    def _rows(self) -> list[Row]:
        """The rows in sight; where the log ends before the page does, its end stands at the bottom."""
        layout = self.layout
        if self.following:
            last = layout.last()
            if not isinstance(last, int):
                return []
            rows = layout.up(last, self.height)
            self.top, self.sub = rows[0].start, rows[0].sub
            return rows
        rows = layout.down(self.top, self.sub, self.height)
        if len(rows) < self.height and rows and layout.after(rows[-1].start) is None:
            rows = layout.up(rows[-1].start, self.height)
            self.top, self.sub = rows[0].start, rows[0].sub
        return rows

    def build(self) -> Page:
        """The page as it is now. Raises OSError."""
        if self._reader is None or not self.size:
            waiting = "waits for the log" if self._reader is None else "the log is empty so far"
            return Page(waiting=waiting, wrap=self.look.wrap, fold=self.look.fold, search=self._search())
        if self.filtered and self.hits is None:
            self.filtered = False
        rows = tuple(self._rows())
        if rows and (self.following or self.cursor < 0):
            self.cursor = rows[-1].start
        waiting = ""
        if not rows:
            complete = self.hits is None or self.hits.complete
            waiting = "no line matches" if complete else "searching"
        number = self.index.line_of(self.cursor, self.reader.read) if rows else None
        complete = self.index.size >= self.size
        return Page(
            rows=rows,
            cursor=self.cursor,
            selected=self.selected,
            marks=self._marks(rows),
            following=self.following,
            wrap=self.look.wrap,
            fold=self.look.fold,
            search=self._search(),
            line=number,
            lines=self.index.lines if complete else None,
            indexed=min(1.0, self.index.size / self.size),
            offset=rows[0].start if rows else 0,
            size=self.size,
            detail=detail_of(self.reader.line(self.cursor), number) if self.detailed and rows else None,
            waiting=waiting,
        )

    @property
    def selected(self) -> tuple[int, int] | None:
        """First and last line of the selection."""
        if self.anchor is None:
            return None
        return min(self.anchor, self.cursor), max(self.anchor, self.cursor)

    def _marks(self, rows: tuple[Row, ...]) -> frozenset[int]:
        shown = {row.start for row in rows}
        return frozenset(shown.intersection(self.incidents))

    def _search(self) -> SearchState | None:
        pattern, hits = self.look.pattern, self.hits
        if pattern is None:
            return None
        if hits is None:
            return SearchState(pattern.wanted.text, pattern.wanted.regex)
        number = hits.number(self.cursor) if self.cursor >= 0 and hits.complete else None
        if number is not None and hits.before(self.cursor + 1) != self.cursor:
            number = None  # the cursor is between two matches
        return SearchState(
            pattern.wanted.text,
            pattern.wanted.regex,
            hits.total,
            number,
            hits.scanned / hits.chunks if hits.chunks and not hits.complete else 1.0,
            self.filtered,
        )
