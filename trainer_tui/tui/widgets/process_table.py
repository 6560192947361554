"""The processes of the job: a table with a cursor; only rows that changed are drawn anew."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from trainer_tui.runs.units import bytes_text
from trainer_tui.tui.machine.tree import Order, Row

_HEAD = (("pid", 7), ("CPU %", 7), ("memory", 10), ("threads", 8), ("state", 7))
"""Name and width of each column; what is left belongs to the command."""

_SORTED = {"cpu": "CPU %", "memory": "memory", "tree": "command"}
_ORDER_OF = {"CPU %": "cpu", "memory": "memory", "pid": "tree", "command": "tree"}


class ProcessTable(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows `Row`s; the first line is the header."""

    COMPONENT_CLASSES = {
        "processes--base",
        "processes--head",
        "processes--dim",
        "processes--warning",
        "processes--cursor",
    }

    class HeadClicked(Message):
        """A column's name was clicked."""

        def __init__(self, order: Order) -> None:
            super().__init__()
            self.order = order

    def __init__(self) -> None:
        super().__init__(id="processes")
        self.rows: tuple[Row, ...] = ()
        self.order: Order = "tree"
        self.waiting = ""
        self.pid: int | None = None
        """The process under the cursor: the cursor stays with it when the order changes."""
        self._styles: dict[str, Style] = {}

    # ------------------------------------------------------------------ content

    def show(self, rows: tuple[Row, ...], order: Order, waiting: str = "") -> None:
        """Show other rows, or why there are none."""
        before = self.rows
        whole = order != self.order or waiting != self.waiting or len(rows) != len(before)
        self.rows, self.order, self.waiting = rows, order, waiting
        if self.pid is None or all(row.process.pid != self.pid for row in rows):
            self.pid = rows[0].process.pid if rows else None
        if whole:
            self.virtual_size = Size(self.size.width, len(rows) + 1)
            self.refresh()
            return
        for number, (old, new) in enumerate(zip(before, rows, strict=True)):
            if old != new:
                self._refresh_row(number)

    @property
    def cursor(self) -> int:
        """The row of the cursor."""
        return next((n for n, row in enumerate(self.rows) if row.process.pid == self.pid), 0)

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self.rows[self.cursor] if self.rows else None

    def go(self, number: int) -> None:
        """Put the cursor on a row and bring it into sight."""
        if not self.rows:
            return
        number = max(0, min(number, len(self.rows) - 1))
        before = self.cursor
        self.pid = self.rows[number].process.pid
        self._refresh_row(before)
        self._refresh_row(number)
        room = max(1, self.size.height - 1)
        if number < self.scroll_offset.y:
            self.scroll_to(y=number, animate=False)
        elif number >= self.scroll_offset.y + room:
            self.scroll_to(y=number - room + 1, animate=False)

    @property
    def leaf(self) -> int:
        """Rows of a page."""
        return max(1, self.size.height - 2)

    def _refresh_row(self, number: int) -> None:
        y = number - self.scroll_offset.y + 1
        if 1 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    # ------------------------------------------------------------------ events

    def on_resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self.rows) + 1)

    def on_click(self, event: events.Click) -> None:
        if event.y > 0:
            self.go(event.y - 1 + self.scroll_offset.y)
            return
        at = 0
        for name, width in _HEAD:
            if at <= event.x < at + width and name in _ORDER_OF:
                self.post_message(self.HeadClicked(_ORDER_OF[name]))  # type: ignore[arg-type]
                return
            at += width
        if event.x >= at:
            self.post_message(self.HeadClicked("tree"))

    # ------------------------------------------------------------------ drawing

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self._style("base")
        if not self.rows:
            text = self.waiting if y == 0 else ""
            return Strip([Segment(f" {text}", self._style("dim"))]).crop_extend(0, width, base)
        if y == 0:
            return Strip(self._head()).crop_extend(0, width, self._style("head"))
        number = y - 1 + self.scroll_offset.y
        if number >= len(self.rows):
            return Strip.blank(width, base)
        strip = Strip(self._cells(self.rows[number])).crop_extend(0, width, base)
        if self.rows[number].process.pid == self.pid:
            # In one style: what is dim would be a blot in the reversed row.
            return Strip([Segment(strip.text, base + self._style("cursor"))], width)
        return strip

    def _head(self) -> list[Segment]:
        style, segments = self._style("head"), []
        for name, width in _HEAD:
            mark = "▼" if name == _SORTED[self.order] else " "
            segments.append(Segment(f"{name:>{width - 1}}{mark}", style))
        tree = "▼" if self.order == "tree" else ""
        segments.append(Segment(f" command{tree}", style))
        return segments

    def _cells(self, row: Row) -> list[Segment]:
        process, base, dim = row.process, self._style("base"), self._style("dim")
        cpu = f"{process.cpu:.1f}" if process.cpu is not None else "–"
        odd = process.state in ("held", "zombie", "waits")
        texts = (str(process.pid), cpu, bytes_text(process.rss), str(process.threads), process.state)
        segments = []
        for (name, width), text in zip(_HEAD, texts, strict=True):
            style = self._style("warning") if name == "state" and odd else dim if name == "pid" else base
            segments.append(Segment(f"{text:>{width - 1}} ", style))
        room = self.size.width - sum(width for _, width in _HEAD) - cell_len(row.branch) - 1
        segments.append(Segment(f" {row.branch}", dim))
        segments.append(Segment(process.command[: max(0, room)], base))
        return segments

    def _style(self, name: str) -> Style:
        if name not in self._styles:
            partial = self.get_component_rich_style(f"processes--{name}", partial=True)
            self._styles[name] = partial if name == "cursor" else self.rich_style + partial
        return self._styles[name]

    def notify_style_update(self) -> None:
        self._styles.clear()
        super().notify_style_update()
