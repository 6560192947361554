"""The list of runs: ten thousand rows of which only those in sight are ever drawn."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from trainer_tui.runs.catalog.shortlist import Order
from trainer_tui.runs.catalog.summary import RunSummary
from trainer_tui.tui.runs.reader import RunsPicture
from trainer_tui.tui.runs.rows import Place, cells, column_at, header, layout
from trainer_tui.tui.styles import styled


class RunsHeader(Widget):
    """The names of the columns; a click sorts by one."""

    class Chosen(Message):
        """A column was clicked."""

        def __init__(self, column: str) -> None:
            super().__init__()
            self.column = column

    def __init__(self) -> None:
        super().__init__(id="runs-header")
        self.order = Order()

    def show(self, order: Order) -> None:
        """Say what the list is sorted by."""
        if order != self.order:
            self.order = order
            self.refresh()

    def render(self) -> object:  # type: ignore[override]
        return styled(header(layout(self.size.width - 1), self.order))

    def on_click(self, event: events.Click) -> None:
        column = column_at(layout(self.size.width - 1), event.x)
        if column is not None:
            self.post_message(self.Chosen(column))


class RunsTable(ScrollView, can_focus=True):
    """Rows with a cursor that stays on its run while others come and go."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="runs.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="runs.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="runs.page-up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="runs.page-down"),
        Binding("home,g", "edge(False)", "To the first run", show=False, id="runs.top"),
        Binding("end,G", "edge(True)", "To the last run", show=False, id="runs.end"),
    ]

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "runs--dim",
        "runs--good",
        "runs--warning",
        "runs--bad",
        "runs--blind",
        "runs--cursor",
    }

    class Moved(Message):
        """The cursor stands on another run, or its run is another one by now."""

    class Opened(Message):
        """The run under the cursor was double-clicked."""

    class Scrolled(Message):
        """Other rows are in sight."""

    def __init__(self) -> None:
        super().__init__(id="runs-table")
        self.picture = RunsPicture()
        self.marked: set[str] = set()
        self.waiting = "looking for runs …"
        self._row = 0
        self._key: str | None = None
        self._places: tuple[Place, ...] = ()
        self._width = 0

    # ------------------------------------------------------------------ content

    @property
    def current(self) -> RunSummary | None:
        """The run under the cursor."""
        rows = self.picture.rows
        return rows[self._row] if self._row < len(rows) else None

    @property
    def in_sight(self) -> list[str]:
        """Keys of the rows that can be seen."""
        top = self.scroll_offset.y
        return [run.key for run in self.picture.rows[top : top + self.size.height]]

    def show(self, picture: RunsPicture) -> None:
        """Show another picture; only rows that look different are drawn again."""
        before, self.picture = self.picture, picture
        old, old_row, old_top = self.current_of(before), self._row, self.scroll_offset.y
        asked_anew = before.wish != picture.wish
        if asked_anew:
            self._row, self._key = 0, None
        elif self._key is not None:
            self._row = picture.at.get(self._key, min(self._row, max(0, len(picture.rows) - 1)))
        self._resized()
        if asked_anew:
            self.scroll_to(y=0, animate=False, immediate=True)
        elif self._row != old_row and 0 <= old_row - old_top < self.size.height:
            self.scroll_to(y=max(0, old_top + self._row - old_row), animate=False, immediate=True)
        top = self.scroll_offset.y
        if top != old_top or self._row != old_row or not picture.rows:
            self.refresh()
        else:
            for y in range(top, top + self.size.height):
                if before.rows[y : y + 1] != picture.rows[y : y + 1]:
                    self.refresh_line(y)
        if self.current != old:
            self.post_message(self.Moved())
        self.post_message(self.Scrolled())

    def current_of(self, picture: RunsPicture) -> RunSummary | None:
        """The run under the cursor in a picture before this one."""
        return picture.rows[self._row] if self._row < len(picture.rows) else None

    def mark(self, key: str) -> None:
        """Mark a run, or take its mark away."""
        self.marked ^= {key}
        self.refresh()

    def unmark(self) -> None:
        """Take all marks away."""
        self.marked = set()
        self.refresh()

    def _resized(self) -> None:
        size = Size(self.size.width, len(self.picture.rows))
        if size != self.virtual_size:
            # Assigned the usual way it would lay out the whole screen anew. The scrollbar is always there
            # (runs.tcss), so that no other widget's place depends on this size.
            self.set_reactive(ScrollView.virtual_size, size)
            self._scroll_update(size)

    # ------------------------------------------------------------------ moving

    def go(self, row: int) -> None:
        """Put the cursor on a row, and that in sight."""
        last = len(self.picture.rows) - 1
        if last < 0:
            return
        before, self._row = self._row, max(0, min(row, last))
        run = self.current
        # At the top it stays at the top, whatever newer run comes: nobody has chosen that one.
        self._key = run.key if run is not None and self._row else None
        top, height = self.scroll_offset.y, max(1, self.size.height)
        if self._row < top:
            self.scroll_to(y=self._row, animate=False, immediate=True)
        elif self._row >= top + height:
            self.scroll_to(y=self._row - height + 1, animate=False, immediate=True)
        self.refresh_line(before)
        self.refresh_line(self._row)
        self.post_message(self.Moved())

    def hold(self) -> None:
        """Keep the cursor on its run from now on, at the top too."""
        self._key = self.current.key if self.current is not None else None

    def action_move(self, step: int) -> None:
        """A row up or down."""
        self.go(self._row + step)

    def action_page(self, step: int) -> None:
        """A page up or down."""
        self.go(self._row + step * max(1, self.size.height - 1))

    def action_edge(self, last: bool) -> None:
        """To the first or the last run."""
        self.go(len(self.picture.rows) - 1 if last else 0)

    def on_click(self, event: events.Click) -> None:
        row = self.scroll_offset.y + event.y
        if row < len(self.picture.rows):
            self.go(row)
            self.hold()
            if event.chain == 2:
                self.post_message(self.Opened())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.post_message(self.Scrolled())

    def on_resize(self) -> None:
        self._resized()
        self.post_message(self.Scrolled())

    # ------------------------------------------------------------------ drawing

    def render_line(self, y: int) -> Strip:
        row, width, base = self.scroll_offset.y + y, self.scrollable_content_region.width, self.rich_style
        rows = self.picture.rows
        if row >= len(rows):
            if y == 0 and not rows:
                dim = base + self.get_component_rich_style("runs--dim", partial=True)
                return Strip([Segment(f"   {self.waiting}", dim)]).crop_extend(0, width, base)
            return Strip.blank(width, base)
        if width != self._width:
            self._width, self._places = width, layout(width)
        run, cursor = rows[row], row == self._row
        if cursor:
            base += self.get_component_rich_style("runs--cursor", partial=True)
        now = datetime.now().astimezone()
        segments = [
            Segment(text, base if tone == "plain" else base + self._style(tone))
            for text, tone in cells(run, self._places, now, run.key in self.marked, cursor)
        ]
        return Strip(segments).crop_extend(0, width, base)

    def _style(self, tone: str) -> Style:
        return self.get_component_rich_style(f"runs--{tone}", partial=True)
