"""The list of diary entries: ten thousand of which only those in sight are drawn, with a filter above."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Input

from trainer_tui.tui.diary.rows import LINES, EntryRow, lines_of


class EntryFilter(Input):
    """What to look for; the list follows each key."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "to_list", "To the list", show=False, id="diary-filter.down")
    ]

    class Left(Message):
        """The list is to have the keys."""

    def action_to_list(self) -> None:
        """Go to the list."""
        self.post_message(self.Left())


class EntryList(ScrollView, can_focus=True):
    """Two lines an entry, and a cursor that stays on its entry while others come."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="diary-list.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="diary-list.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="diary-list.page-up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="diary-list.page-down"),
        Binding("home,g", "edge(False)", "To the first entry", show=False, id="diary-list.top"),
        Binding("end,G", "edge(True)", "To the last entry", show=False, id="diary-list.end"),
        Binding("slash", "filter", "Filter", key_display="/", id="diary-list.filter"),
        Binding("enter", "open", "Open", id="diary-list.open"),
    ]

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "entries--dim",
        "entries--good",
        "entries--warning",
        "entries--bad",
        "entries--cursor",
    }

    class Opened(Message):
        """An entry is to be shown in the editor."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    class Asked(Message):
        """The filter is wanted."""

    def __init__(self) -> None:
        super().__init__(id="entries", classes="pane")
        self.rows: tuple[EntryRow, ...] = ()
        self.waiting = "reading the diary …"
        self.shown: int | None = None
        self._row = 0

    # ------------------------------------------------------------------ content

    @property
    def current(self) -> EntryRow | None:
        """The entry under the cursor."""
        return self.rows[self._row] if self._row < len(self.rows) else None

    def show(self, rows: tuple[EntryRow, ...], waiting: str) -> None:
        """Show other rows; `waiting`: what to say where there are none."""
        here = self.current
        self.rows, self.waiting = rows, waiting
        numbers = [row.number for row in rows]
        if here is not None and here.number in numbers:
            self._row = numbers.index(here.number)
        else:
            self._row = min(self._row, max(0, len(rows) - 1))
        self._resized()
        self.go(self._row)
        self.refresh()

    def mark(self, number: int) -> None:
        """Say which entry is in the editor, and put the cursor on it."""
        self.shown = number
        self.go(next((at for at, row in enumerate(self.rows) if row.number == number), self._row))
        self.refresh()

    def _resized(self) -> None:
        size = Size(self.scrollable_content_region.width, LINES * len(self.rows))
        if size != self.virtual_size:
            # Assigned the usual way it would lay out the whole screen anew (see RunsTable).
            self.set_reactive(ScrollView.virtual_size, size)
            self._scroll_update(size)

    def on_resize(self) -> None:
        self._resized()
        self.go(self._row)

    # ------------------------------------------------------------------ moving

    def go(self, row: int) -> None:
        """Put the cursor on a row, and that in sight."""
        self._row = max(0, min(row, len(self.rows) - 1))
        top, height = self.scroll_offset.y, max(LINES, self.scrollable_content_region.height)
        if LINES * self._row < top:
            self.scroll_to(y=LINES * self._row, animate=False, immediate=True)
        elif LINES * (self._row + 1) > top + height:
            self.scroll_to(y=LINES * (self._row + 1) - height, animate=False, immediate=True)
        self.refresh()

    def action_move(self, step: int) -> None:
        """An entry up or down."""
        self.go(self._row + step)

    def action_page(self, step: int) -> None:
        """A page up or down."""
        self.go(self._row + step * max(1, self.size.height // LINES - 1))

    def action_edge(self, last: bool) -> None:
        """To the first or the last entry."""
        self.go(len(self.rows) - 1 if last else 0)

    def action_filter(self) -> None:
        """Type what to look for."""
        self.post_message(self.Asked())

    def action_open(self) -> None:
        """Show the entry under the cursor in the editor."""
        if self.current is not None:
            self.post_message(self.Opened(self.current.number))

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        row = (self.scroll_offset.y + at.y) // LINES if at is not None else len(self.rows)
        if row < len(self.rows):
            self.go(row)
            self.action_open()

    # ------------------------------------------------------------------ drawing

    def render_line(self, y: int) -> Strip:
        at, width, base = self.scroll_offset.y + y, self.scrollable_content_region.width, self.rich_style
        row, half = divmod(at, LINES)
        if row >= len(self.rows):
            text = self.waiting if y == 0 and not self.rows else ""
            dim = base + self.get_component_rich_style("entries--dim", partial=True)
            return Strip([Segment(text, dim)]).crop_extend(0, width, base)
        entry = self.rows[row]
        if row == self._row and self.has_focus:
            base += self.get_component_rich_style("entries--cursor", partial=True)
        pieces = lines_of(entry, width, entry.number == self.shown)[half]
        segments = [
            Segment(
                text,
                base
                if tone == "plain"
                else base + self.get_component_rich_style(f"entries--{tone}", partial=True),
            )
            for text, tone in pieces
        ]
        return Strip(segments).crop_extend(0, width, base)
