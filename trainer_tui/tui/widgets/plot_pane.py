"""The plot of a group of metrics. The plotting library is brought in after the first frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.widgets import Static

from trainer_tui.tui.pictures import PlotPicture
from trainer_tui.tui.reader import PlotWish

if TYPE_CHECKING:
    from trainer_tui.tui.widgets.curve_plot import CurvePlot

_FRAME = 10
"""Cells of the pane's width that the axes and their labels take."""


class PlotPane(Vertical):
    """Train and validation of one metric over the epochs."""

    class Wished(Message):
        """Another plot is wanted."""

        def __init__(self, wish: PlotWish) -> None:
            super().__init__()
            self.wish = wish

    def __init__(self) -> None:
        super().__init__(id="plot-pane", classes="pane")
        self.border_title = "Loss"
        self._waits = Static("waits for the first metrics", id="plot-waits", classes="waits", markup=False)
        self._plot: CurvePlot | None = None
        self._picture: PlotPicture | None = None
        self._choice = 0
        self._log_scale: bool | None = None

    def compose(self) -> ComposeResult:
        yield self._waits

    async def bring_plot(self) -> None:
        """Mount the plot; call it once the library is imported."""
        from trainer_tui.tui.widgets.curve_plot import CurvePlot

        if self._plot is None:
            plot = CurvePlot(id="plot-widget")
            plot.display = False
            await self.mount(plot)
            self._plot = plot
            self._ask()

    def cannot(self, why: str) -> None:
        """Say why there will be no plot."""
        self._waits.update(Content(f"cannot plot: {why}"))

    def next_metric(self) -> None:
        """Show the next group of metrics."""
        self._choice += 1
        self._ask()

    def toggle_log_scale(self) -> None:
        """Switch the y axis between linear and logarithmic."""
        shown = self._picture is not None and self._picture.log_scale
        self._log_scale = not shown
        self._ask()

    def on_resize(self, event: Resize) -> None:
        self._ask()

    def _ask(self) -> None:
        columns = max(0, self.size.width - _FRAME) if self._plot is not None else 0
        self.post_message(self.Wished(PlotWish(self._choice, columns, self._log_scale)))

    def show(self, picture: PlotPicture) -> None:
        """Draw another picture."""
        if self._plot is None or picture == self._picture:
            return
        self._picture = picture
        self._draw()

    def redraw(self) -> None:
        """Draw again, in the colours of another theme."""
        if self._plot is not None and self._picture is not None:
            self._draw()

    def _draw(self) -> None:
        plot, picture = self._plot, self._picture
        assert plot is not None and picture is not None
        self._waits.display = bool(picture.waiting)
        plot.display = not picture.waiting
        if picture.waiting:
            self._waits.update(Content(picture.waiting))
            self.border_title, self.border_subtitle = "Loss", None
            return
        colours = [_rich(self.app.theme_variables[name]) for name in ("train-line", "val-line")]
        alarm = _rich(self.app.theme_variables["error"])
        with self.app.batch_update():
            plot.draw(picture, colours, alarm, self.size.width, self.size.height)
        self.border_title = self._title(picture)
        more = f"m: next of {picture.groups} metrics ─ " if picture.groups > 1 else ""
        self.border_subtitle = Content(more + picture.step)

    def _title(self, picture: PlotPicture) -> Content:
        parts: list[str | tuple[str, str]] = [picture.title[:1].upper() + picture.title[1:]]
        for number, curve in enumerate(picture.curves):
            last = "" if curve.last is None else f" {curve.last:.4g}"
            mark = "╌╌" if curve.dashed else "──"
            style = "$val-line" if number % 2 else "$train-line"
            parts += ["  ", (f"{mark} {curve.label}{last}", style)]
        if picture.bad_at is not None:
            parts += ["  ", (f"✘ not finite at {picture.step} {picture.bad_at:g}", "$text-error bold")]
        elif picture.off_at is not None:
            parts += ["  ", (f"▲ off the axis from {picture.step} {picture.off_at:g}", "$text-warning")]
        if picture.log_scale:
            parts.append("  log scale")
        return Content.assemble(*parts)


def _rich(colour: str) -> str:
    """A theme's colour as the console library names it."""
    return colour.removeprefix("ansi_")
