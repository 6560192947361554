"""The plot of the Curves screen: a picture drawn cell by cell, with a crosshair; the mouse moves the view."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from trainer_tui.tui.plotting.frame import x_ticks, y_ticks
from trainer_tui.tui.plotting.marks import Mark
from trainer_tui.tui.plotting.palette import curve_colours, curve_styles
from trainer_tui.tui.plotting.picture import CurvesPicture, column_of

MARGIN = 9
"""Cells left of the plot: labels and the axis."""

BELOW = 2
"""Rows below it: the axis and its labels."""


class PlotCanvas(Widget, can_focus=True):
    """Shows a `CurvesPicture`."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "plot--frame",
        "plot--label",
        "plot--cross",
        "plot--bad",
        "plot--warning",
        "plot--plain",
        "plot--dim",
    }

    class Resized(Message):
        """There is another number of cells to draw on."""

    class Moved(Message):
        """The crosshair stands elsewhere."""

    class Zoomed(Message):
        """The wheel was turned: by `factor`, around (`across`, `up`) as parts of what is shown."""

        def __init__(self, factor: float, across: float, up: float, vertical: bool) -> None:
            super().__init__()
            self.factor, self.across, self.up, self.vertical = factor, across, up, vertical

    class Dragged(Message):
        """The plot was dragged by parts of what is shown; counted since the button went down."""

        def __init__(self, across: float, up: float) -> None:
            super().__init__()
            self.across, self.up = across, up

    class Grabbed(Message):
        """The button went down."""

    def __init__(self) -> None:
        super().__init__(id="curve-plot")
        self.picture = CurvesPicture()
        self.cross: int | None = None
        """Column of cells in which the crosshair stands."""
        self._hovering = False
        self._grabbed: tuple[int, int] | None = None
        self._x_row, self._x_line = "", ""
        self._y_labels: dict[int, str] = {}
        self._marks: dict[int, Mark] = {}
        self._ends: dict[tuple[int, int], int] = {}
        self._styles: dict[str, Style] = {}
        self._palette: tuple[str, list[tuple[Style, Style]]] = ("", [])

    # ------------------------------------------------------------------ content

    @property
    def cells(self) -> tuple[int, int]:
        """Columns and rows of the plot itself."""
        return max(0, self.size.width - MARGIN - 1), max(0, self.size.height - BELOW)

    def show(self, picture: CurvesPicture) -> None:
        """Draw another picture."""
        self.picture = picture
        width, height = picture.wish.width, picture.wish.height
        window = picture.window
        span = (window.top / 2 - window.bottom / 2) or 1.0
        self._y_labels = {
            round((window.top / 2 - value / 2) / span * (height - 1)): label
            for value, label in y_ticks(window, picture.log, max(2, height // 4))
        }
        self._lay_x_axis(picture, width)
        self._marks = {}
        for mark in picture.marks:
            if 0 <= (column := column_of(picture, mark.x)) < width:
                before = self._marks.get(column)
                if before is None or mark.tone == "bad" or before.tone in ("dim", "plain"):
                    self._marks[column] = mark
        self._ends = {}
        if len(picture.curves) > 1:
            for number, curve in enumerate(picture.curves):
                if curve.end is not None:
                    row, column = curve.end
                    while (row, column) in self._ends and column > 0:
                        column -= 1
                    self._ends[row, column] = number
        if self.cross is not None:
            self.cross = min(self.cross, max(0, width - 1))
        self.refresh()

    def _lay_x_axis(self, picture: CurvesPicture, width: int) -> None:
        line, labels = ["─"] * width, [" "] * (width + MARGIN + 1)
        free = 0
        for value, label in x_ticks(picture.window, picture.axis == "time", max(2, width // 12)):
            column = column_of(picture, value)
            if not 0 <= column < width:
                continue
            line[column] = "┬"
            start = max(0, min(column + MARGIN - len(label) // 2, len(labels) - len(label)))
            if start >= free:
                labels[start : start + len(label)] = label
                free = start + len(label) + 1
        name = picture.x_name[: MARGIN - 2].rjust(MARGIN - 2)
        if not "".join(labels[: MARGIN - 1]).strip():
            labels[: len(name)] = name
        self._x_line, self._x_row = "".join(line), "".join(labels)

    def place_cross(self, column: int | None) -> None:
        """Put the crosshair into a column of cells, or take it away; only two columns are drawn anew."""
        if column is not None:
            column = max(0, min(column, self.picture.wish.width - 1))
        if column == self.cross:
            return
        for at in (self.cross, column):
            if at is not None:
                self.refresh(Region(MARGIN + at, 0, 1, self.size.height))
        self.cross = column
        self.post_message(self.Moved())

    @property
    def mark_at_cross(self) -> Mark | None:
        """What happened where the crosshair stands."""
        return self._marks.get(self.cross) if self.cross is not None else None

    # ------------------------------------------------------------------ events

    def on_resize(self) -> None:
        self.post_message(self.Resized())

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._grabbed is not None:
            width, height = self.cells
            moved_x, moved_y = event.x - self._grabbed[0], event.y - self._grabbed[1]
            self.post_message(self.Dragged(-moved_x / max(1, width), moved_y / max(1, height)))
            return
        column = event.x - MARGIN
        if 0 <= column < self.picture.wish.width:
            self._hovering = True
            self.place_cross(column)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._grabbed = (event.x, event.y)
        self.capture_mouse()
        self.post_message(self.Grabbed())

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._grabbed == (event.x, event.y):
            self._hovering = False  # a click leaves the crosshair where it is
            self.place_cross(event.x - MARGIN)
        self._grabbed = None
        self.release_mouse()

    def on_leave(self) -> None:
        if self._hovering and self._grabbed is None:
            self._hovering = False
            self.place_cross(None)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, 0.8)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, 1.25)

    def _wheel(self, event: events.MouseEvent, factor: float) -> None:
        event.stop()
        width, height = self.cells
        across = min(1.0, max(0.0, (event.x - MARGIN) / max(1, width - 1)))
        up = 1 - min(1.0, max(0.0, event.y / max(1, height - 1)))
        self.post_message(self.Zoomed(factor, across, up, event.shift or event.ctrl))

    # ------------------------------------------------------------------ drawing

    def render_line(self, y: int) -> Strip:
        picture, width = self.picture, self.size.width
        base = self._base
        height, columns = picture.wish.height, picture.wish.width
        if picture.bits is None or y > height + 1 or (y < height and y >= len(picture.bits)):
            return Strip.blank(width, base)
        frame, label = self._style("frame"), self._style("label")
        if y == height:
            corner = Segment(" " * (MARGIN - 1) + "└", frame)
            strip = Strip([corner, *self._crossed(self._x_line, frame, "┴")])
        elif y == height + 1:
            strip = Strip([Segment(self._x_row, label)])
        else:
            text = self._y_labels.get(y, "")
            head = [Segment(f"{text:>{MARGIN - 2}} ", label), Segment("┤" if text else "│", frame)]
            strip = Strip([*head, *self._cells(y, columns)])
        return strip.crop_extend(0, width, base)

    def _crossed(self, text: str, style: Style, sign: str) -> list[Segment]:
        at = self.cross
        if at is None or not 0 <= at < len(text):
            return [Segment(text, style)]
        return [
            Segment(text[:at], style),
            Segment(sign, self._style("cross")),
            Segment(text[at + 1 :], style),
        ]

    def _cells(self, y: int, columns: int) -> list[Segment]:
        """One row of dots, with marks, crosshair and the letters of the curves over it."""
        picture = self.picture
        assert picture.bits is not None and picture.owner is not None
        pairs = self._colours()
        blank = self._base
        styles = [blank, *(blank + pairs[n // 2 % len(pairs)][n % 2] for n in range(2 * len(picture.curves)))]
        signs = [chr(0x2800 + bits) if bits else " " for bits in picture.bits[y].tolist()]
        looks = [styles[min(owner + 1, len(styles) - 1)] for owner in picture.owner[y].tolist()]
        for column, mark in self._marks.items():
            if y == 0:
                signs[column], looks[column] = mark.sign, self._style(mark.tone)
            elif signs[column] == " ":
                signs[column], looks[column] = "┊", self._style("frame")
        if self.cross is not None and self.cross < columns:
            at = self.cross
            if signs[at] in (" ", "┊"):
                signs[at], looks[at] = "│", self._style("cross")
            else:
                looks[at] = looks[at] + Style(reverse=True)
        for (row, column), number in self._ends.items():
            if row == y and 0 <= column < columns:
                pair = pairs[number % len(pairs)][0]
                signs[column], looks[column] = picture.curves[number].letter, blank + pair + Style(bold=True)
        segments, start = [], 0
        for end in range(1, columns + 1):
            if end == columns or looks[end] is not looks[start]:
                segments.append(Segment("".join(signs[start:end]), looks[start]))
                start = end
        return segments

    def colours(self) -> list[str]:
        """The colour of each curve in turn, as content names it."""
        return curve_colours(self.app.theme_variables, self.app.current_theme.dark)

    def _colours(self) -> list[tuple[Style, Style]]:
        theme = self.app.current_theme
        if self._palette[0] != theme.name:
            self._palette = theme.name, curve_styles(self.app.theme_variables, theme.dark)
        return self._palette[1]

    def _style(self, name: str) -> Style:
        if name not in self._styles:
            known = name if f"plot--{name}" in self.COMPONENT_CLASSES else "plain"
            partial = self.get_component_rich_style(f"plot--{known}", partial=True)
            self._styles[name] = self._base + partial
        return self._styles[name]

    @property
    def _base(self) -> Style:
        if "" not in self._styles:
            self._styles[""] = self.rich_style
        return self._styles[""]

    def notify_style_update(self) -> None:
        # Looking a style up costs more than drawing with it.
        self._styles.clear()
        super().notify_style_update()
