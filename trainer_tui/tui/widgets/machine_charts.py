"""The charts of the Machine screen: small multiples side by side; only rows that changed are drawn anew."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from trainer_tui.tui.machine.bench import MachinePicture
from trainer_tui.tui.machine.charts import FILL, DrawnChart
from trainer_tui.tui.pictures import Tone
from trainer_tui.tui.plotting.palette import curve_styles

GAP = 2
"""Blank columns between two charts."""

LEAST_HEIGHT, MOST_HEIGHT = 3, 20
"""Rows of dots of one chart."""

_LEAST_WIDTH = 34


class MachineCharts(ScrollView, can_focus=False):
    """A grid of charts, the machine's in the first row, one row for each GPU below it."""

    COMPONENT_CLASSES = {"charts--name", "charts--scale", "charts--base", "charts--warning", "charts--plain"}

    class Resized(Message):
        """There is another number of cells to draw on."""

    def __init__(self) -> None:
        super().__init__(id="machine-charts")
        self.picture: MachinePicture | None = None
        self._styles: dict[str, Style] = {}
        self._palette: tuple[str, list[tuple[Style, Style]]] = ("", [])

    # ------------------------------------------------------------------ layout

    @property
    def across(self) -> int:
        """Charts side by side: four, two or one, so that a GPU fills whole rows."""
        width = self._width
        return 4 if width >= 4 * _LEAST_WIDTH else 2 if width >= 2 * _LEAST_WIDTH else 1

    @property
    def chart_width(self) -> int:
        """Cells of one chart."""
        return max(4, (self._width - GAP * (self.across - 1)) // self.across)

    @property
    def _width(self) -> int:
        """Columns that no scrollbar covers."""
        return int(self.scrollable_content_region.width)

    def chart_height(self, count: int) -> int:
        """Rows of dots of each of so many charts: as many as fit, but never too few to be read."""
        rows = -(-count // self.across) or 1
        return max(LEAST_HEIGHT, min(MOST_HEIGHT, self.size.height // rows - 1))

    @property
    def cells(self) -> tuple[int, int]:
        """Cells of each chart's dots."""
        count = len(self.picture.charts) if self.picture is not None and self.picture.charts else 4
        return self.chart_width, self.chart_height(count)

    def on_resize(self) -> None:
        self._lay_out()
        self.post_message(self.Resized())

    def _lay_out(self) -> None:
        count = len(self.picture.charts) if self.picture is not None else 0
        height = self.picture.wish.height + 1 if self.picture is not None else 0
        self.virtual_size = Size(self._width, -(-count // self.across) * height)

    # ------------------------------------------------------------------ content

    def show(self, picture: MachinePicture) -> None:
        """Show another picture; what is the same as before is left alone."""
        before, self.picture = self.picture, picture
        if (
            before is None
            or len(before.charts) != len(picture.charts)
            or before.wish.height != picture.wish.height
            or before.wish.width != picture.wish.width
            or before.wish.run != picture.wish.run
        ):
            self._lay_out()
            self.refresh()
            return
        for number, (old, new) in enumerate(zip(before.charts, picture.charts, strict=True)):
            region = self._place(number)
            if not old.same_cells(new):
                self.refresh(region)
            elif (old.name, old.tells, old.scale) != (new.name, new.tells, new.scale):
                self.refresh(Region(region.x, region.y, region.width, 1))

    def _place(self, number: int) -> Region:
        """Where a chart stands, in the widget."""
        height = self.picture.wish.height + 1 if self.picture is not None else 1
        row, column = divmod(number, self.across)
        x, y = column * (self.chart_width + GAP), row * height - self.scroll_offset.y
        return Region(x, y, self.chart_width, height)

    # ------------------------------------------------------------------ drawing

    def render_line(self, y: int) -> Strip:
        picture, width = self.picture, self._width
        base = self._style("base")
        if picture is None or not picture.charts:
            return Strip.blank(width, base)
        row, line = divmod(y + self.scroll_offset.y, picture.wish.height + 1)
        segments: list[Segment] = []
        for chart in picture.charts[row * self.across : (row + 1) * self.across]:
            part = Strip(self._title(chart) if line == 0 else self._dots(chart, line - 1))
            segments += part.crop_extend(0, self.chart_width, base)
            segments.append(Segment(" " * GAP, base))
        return Strip(segments).crop_extend(0, width, base)

    def _title(self, chart: DrawnChart) -> list[Segment]:
        """Name and newest values on the left, the scale on the right where there is room for it."""
        pairs = self._colours()
        segments = [Segment(f"{chart.name} ", self._style("name"))]
        for number, (sign, text, tone) in enumerate(chart.tells):
            if sign:
                segments.append(Segment(f"{sign} ", self._style("base") + pairs[number][0]))
            mark = "▲ " if tone == "warning" else ""
            segments.append(Segment(f"{mark}{text}  ", self._style(_name(tone))))
        used = sum(segment.cell_length for segment in segments)
        room = self.chart_width - used
        if len(chart.scale) <= room:
            segments.append(Segment(chart.scale.rjust(room), self._style("scale")))
        return segments

    def _dots(self, chart: DrawnChart, row: int) -> list[Segment]:
        if row >= len(chart.bits):
            return []
        base, pairs = self._style("base"), self._colours()
        segments: list[Segment] = []
        start, signs, owners = 0, chart.bits[row].tolist(), chart.owner[row].tolist()
        for end in range(1, len(owners) + 1):
            if end == len(owners) or owners[end] != owners[start]:
                text = "".join(chr(0x2800 + bits) if bits else " " for bits in signs[start:end])
                segments.append(Segment(text, self._look(owners[start], base, pairs)))
                start = end
        return segments

    @staticmethod
    def _look(owner: int, base: Style, pairs: list[tuple[Style, Style]]) -> Style:
        if owner < 0:
            return base
        return base + (pairs[0][1] if owner == FILL else pairs[owner % len(pairs)][0])

    def _colours(self) -> list[tuple[Style, Style]]:
        theme = self.app.current_theme
        if self._palette[0] != theme.name:
            self._palette = theme.name, curve_styles(self.app.theme_variables, theme.dark)
        return self._palette[1]

    def _style(self, name: str) -> Style:
        if name not in self._styles:
            partial = self.get_component_rich_style(f"charts--{name}", partial=True)
            self._styles[name] = self.rich_style + partial
        return self._styles[name]

    def notify_style_update(self) -> None:
        self._styles.clear()
        super().notify_style_update()


def _name(tone: Tone) -> str:
    return "warning" if tone in ("warning", "bad", "blind") else "plain"
