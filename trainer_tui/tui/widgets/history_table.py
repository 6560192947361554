"""The history row by row: only what is in sight is written, however long it is."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from trainer_tui.tui.tables.bench import TablePicture
from trainer_tui.tui.tables.cells import Look

_GAP = 2
"""Cells between two columns; in the second one stands the sign of a flagged cell."""


class HistoryTable(ScrollView, can_focus=True):
    """A table with a cursor on one cell. The step column stays in sight on the left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1, 0)", "Up", show=False, id="table.up"),
        Binding("down", "move(1, 0)", "Down", show=False, id="table.down"),
        Binding("left", "move(0, -1)", "Left", show=False, id="table.left"),
        Binding("right", "move(0, 1)", "Right", show=False, id="table.right"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="table.page-up"),
        Binding("pagedown,space", "page(1)", "Page down", show=False, id="table.page-down"),
        Binding("home", "screen.edge(False)", "First row", show=False, id="table.home"),
        Binding("end", "screen.edge(True)", "Last row", show=False, id="table.end"),
    ]

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "table--head",
        "table--number",
        "table--bad",
        "table--warning",
        "table--best",
        "table--cursor",
        "table--row",
        "table--dim",
        "table--plain",
    }

    class Moved(Message):
        """The cursor stands on another cell."""

    class HeadClicked(Message):
        """A column's name was clicked."""

        def __init__(self, column: int) -> None:
            super().__init__()
            self.column = column

    def __init__(self) -> None:
        super().__init__(id="history-table")
        self.picture: TablePicture | None = None
        self.place = 0
        """Line of the table on which the cursor stands."""
        self.column = 0
        self.first = 0
        """First column that is shown right of the pinned one."""
        self.following = False
        self._looks: list[Look] = []
        self._styles: dict[tuple[str, bool], Style] = {}

    # ------------------------------------------------------------------ content

    def show(self, picture: TablePicture) -> None:
        """Show another picture; following, its newest row."""
        before, self.picture = self.picture, picture
        names = [look.name for look in self._looks]
        if names != [look.name for look in picture.looks] or before is None:
            self._looks = list(picture.looks)
            self.first = 0
        else:  # a column that had to be widened stays so: the others must not jump about
            self._looks = [
                max(old, new, key=lambda look: (look.left + look.right, look.whole))
                if old.whole == new.whole
                else new
                for old, new in zip(self._looks, picture.looks, strict=True)
            ]
        self.column = max(0, min(self.column, len(self._looks) - 1))
        size = Size(self.size.width, picture.rows + 1)
        if size != self.virtual_size:
            # As in the log: assigned the usual way it would lay out the whole screen anew with each row.
            self.set_reactive(ScrollView.virtual_size, size)
            self._scroll_update(size)
        if self.following:
            self.go(picture.rows - 1)
        else:
            self.place = max(0, min(self.place, picture.rows - 1))
        self.refresh()

    @property
    def name_at_cursor(self) -> str | None:
        """The column of the history under the cursor."""
        names = list(self.picture.page.history.columns) if self.picture else []
        return names[self.column] if self.column < len(names) else None

    @property
    def row_at_cursor(self) -> int | None:
        """The 0-based row of the history under the cursor."""
        picture = self.picture
        return picture.row_at(self.place) if picture and self.place < picture.rows else None

    # ------------------------------------------------------------------ moving

    def go(self, place: int, column: int | None = None) -> None:
        """Put the cursor on a cell and bring it into sight."""
        if self.picture is None:
            return
        self.place = max(0, min(place, self.picture.rows - 1))
        if column is not None:
            self.column = max(0, min(column, len(self._looks) - 1))
        self._bring_column()
        top, height = self.scroll_offset.y, max(1, self.size.height - 1)
        if self.place < top or self.place >= top + height:
            middle = abs(self.place - top) > 2 * height
            above = height // 2 if middle else 0 if self.place < top else height - 1
            want = self.place - above
            self.scroll_to(y=max(0, min(want, self.max_scroll_y)), animate=False, immediate=True, force=True)
        self.refresh()
        self.post_message(self.Moved())

    def _bring_column(self) -> None:
        pinned = self._pinned
        if self.column == pinned:
            return
        shown = self._shown()
        if self.column < self.first:
            self.first = self.column
        while self.column not in shown and self.first < self.column:
            self.first += 1
            shown = self._shown()

    def action_move(self, down: int, right: int) -> None:
        """Move the cursor by cells."""
        if down < 0:
            self.following = False
        self.go(self.place + down, self.column + right)

    def action_page(self, down: int) -> None:
        """Move the cursor by a page."""
        if down < 0:
            self.following = False
        self.go(self.place + down * max(1, self.size.height - 2))

    def on_click(self, event: events.Click) -> None:
        column = self._column_at(event.x)
        if column is None or self.picture is None:
            return
        if event.y == 0:
            self.post_message(self.HeadClicked(column))
        elif (place := self.scroll_offset.y + event.y - 1) < self.picture.rows:
            self.following = False
            self.go(place, column)

    def on_resize(self) -> None:
        if self.following and self.picture:
            self.call_after_refresh(self.go, self.picture.rows - 1)

    # ------------------------------------------------------------------ layout

    @property
    def _gutter(self) -> int:
        rows = self.picture.rows if self.picture else 0
        return len(f"{rows:,}") + 2

    @property
    def _pinned(self) -> int | None:
        picture = self.picture
        step = picture.page.history.step_column if picture else None
        return list(picture.page.history.columns).index(step) if picture and step else None

    def _shown(self) -> list[int]:
        """The columns that are in sight, from left to right."""
        room = self.size.width - self._gutter
        pinned = self._pinned
        shown = []
        if pinned is not None:
            shown.append(pinned)
            room -= self._looks[pinned].width + _GAP
        for number in range(self.first, len(self._looks)):
            if number == pinned:
                continue
            room -= self._looks[number].width + _GAP
            if room < 0 and len(shown) > (pinned is not None):
                break
            shown.append(number)
        return shown

    def _column_at(self, x: int) -> int | None:
        at = self._gutter
        for number in self._shown():
            at += self._looks[number].width + _GAP
            if x < at:
                return number
        return None

    # ------------------------------------------------------------------ drawing

    def render_line(self, y: int) -> Strip:
        width, base, picture = self.size.width, self._base, self.picture
        if picture is None or not self._looks:
            return Strip.blank(width, base)
        if y == 0:
            return Strip(self._head(picture)).crop_extend(0, width, self._style("head"))
        place = self.scroll_offset.y + y - 1
        if place >= picture.rows:
            return Strip.blank(width, base)
        here = place == self.place
        line = base + self._style("row", partial=True) if here else base
        return Strip(self._row(picture, place, line, here)).crop_extend(0, width, line)

    def _head(self, picture: TablePicture) -> list[Segment]:
        style = self._style("head")
        names = list(picture.page.history.columns)
        segments = [Segment("row".rjust(self._gutter - 2) + "  ", style)]
        for number in self._shown():
            look, arrow = self._looks[number], " "
            if picture.wish.sort == names[number]:
                arrow = "▼" if picture.wish.falling else "▲"
            look_style = style + Style(bold=True) if number == self.column else style
            segments.append(Segment(f" {arrow}{look.head}" if arrow != " " else f"  {look.head}", look_style))
        if self._hidden():
            segments.append(Segment(" →", style))
        return segments

    def _hidden(self) -> bool:
        shown = self._shown()
        return bool(shown) and max(shown) < len(self._looks) - 1

    def _row(self, picture: TablePicture, place: int, line: Style, here: bool) -> list[Segment]:
        history, row = picture.page.history, picture.row_at(place)
        names = list(history.columns)
        head = Segment(f"{row + 1:,}".rjust(self._gutter - 2), line + self._style("number", partial=True))
        flag = picture.flags.get((row, None))
        sign = line + self._style(flag.tone if flag else "plain", partial=True)
        segments = [head, Segment(f" {flag.sign if flag else ' '}", sign)]
        for column in self._shown():
            name = names[column]
            value = history.columns[name][row]
            text, mark, tone = self._cell(picture, row, column, name, value)
            style = line + self._style(tone, partial=True)
            cursor = here and column == self.column
            number = text.lstrip()
            segments.append(Segment(f"{mark:>{_GAP + len(text) - len(number)}}", style))
            segments.append(Segment(number, style + self._style("cursor", partial=True) if cursor else style))
        return segments

    def _cell(
        self, picture: TablePicture, row: int, column: int, name: str, value: float
    ) -> tuple[str, str, str]:
        """Text, sign and tone of one cell."""
        look = self._looks[column]
        if value != value and picture.page.blanks[name][row]:
            return "·".rjust(look.width), " ", "dim"
        if not look.fits(value):
            look = self._looks[column] = look.widened(value)
            self.call_after_refresh(self.refresh)
        flag = picture.flags.get((row, name))
        if flag is not None:
            return look.cell(value), flag.sign, flag.tone
        if value - value != 0:  # nan and inf
            return look.cell(value), "✘", "bad"
        if picture.best == (row, name):
            return look.cell(value), "★", "best"
        return look.cell(value), " ", "plain"

    def _style(self, name: str, *, partial: bool = False) -> Style:
        key = (name, partial)
        if key not in self._styles:
            known = name if f"table--{name}" in self.COMPONENT_CLASSES else "plain"
            self._styles[key] = self.get_component_rich_style(f"table--{known}", partial=partial)
        return self._styles[key]

    @property
    def _base(self) -> Style:
        if ("", False) not in self._styles:
            self._styles["", False] = self.rich_style
        return self._styles["", False]

    def notify_style_update(self) -> None:
        # Looking a style up costs more than drawing with it.
        self._styles.clear()
        super().notify_style_update()
