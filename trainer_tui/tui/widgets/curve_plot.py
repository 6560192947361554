"""The plotting library's widget as we use it: compact margins, and canvases that NO_COLOR cannot break."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from textual.app import ComposeResult
from textual.containers import Grid
from textual.strip import Strip
from textual_hires_canvas import Canvas, HiResMode
from textual_plot import PlotWidget
from textual_plot.plot_widget import Legend

from trainer_tui.tui.axes import Axis
from trainer_tui.tui.pictures import PlotPicture

MARGIN_LEFT = 8
"""Cells left of the axis, for its labels."""


class StyledCanvas(Canvas):
    """A canvas whose every line has a style: the library's NO_COLOR filter cannot bear one without."""

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        return strip if strip.cell_length else Strip.blank(self.size.width, self.rich_style)


class CurvePlot(PlotWidget):
    """Draws the curves of a picture."""

    def compose(self) -> ComposeResult:
        with Grid():
            for name in ("margin-top", "margin-left", "plot", "margin-bottom"):
                yield StyledCanvas(1, 1, id=name)
        yield Legend(id="legend")

    def on_mount(self) -> None:
        super().on_mount()
        self.margin_top, self.margin_bottom, self.margin_left = 0, 1, MARGIN_LEFT

    def draw(self, picture: PlotPicture, colours: Sequence[str], alarm: str, width: int, height: int) -> None:
        """Draw a picture; `colours` are those of its curves in turn, `alarm` marks where values break off."""
        self.clear()
        self.set_x_formatter(Axis(max(2, width // 16)))
        self.set_y_formatter(Axis(max(2, height // 3), log_scale=picture.log_scale))
        for number, curve in enumerate(picture.curves):
            colour = colours[number % len(colours)]
            for xs, ys in curve.pieces:
                if len(xs) == 1:
                    self.scatter(xs, ys, marker_style=colour, hires_mode=HiResMode.BRAILLE)
                else:
                    self.plot(xs, ys, line_style=colour, hires_mode=HiResMode.BRAILLE)
        if picture.bad_at is not None:
            self.add_v_line(picture.bad_at, line_style=alarm)
        self.set_xlimits(*_room(x for curve in picture.curves for xs, _ in curve.pieces for x in xs))
        self.set_ylimits(*_room(y for curve in picture.curves for _, ys in curve.pieces for y in ys))


def _room(values: Iterable[float]) -> tuple[float | None, float | None]:
    """Limits for an axis whose values are all the same; (None, None) where the library finds its own.

    It makes room by a millionth, which is nothing beside a large number: the axis would have no length.
    """
    low, high = math.inf, -math.inf
    for value in values:
        low, high = min(low, value), max(high, value)
    if low != high:
        return None, None
    room = max(1e-6, 0.05 * abs(low))
    return low - room, low + room
