"""Looking at a plot: axes, zoom, pan, crosshair; what the keys and the mouse of the Curves screen move."""

from __future__ import annotations

from dataclasses import replace

from textual import on

from trainer_tui.tui.cockpit import Cockpit
from trainer_tui.tui.plotting import view as views
from trainer_tui.tui.plotting.legend import legend, reading
from trainer_tui.tui.plotting.picture import MOST_CURVES, CurvesPicture, View, Wish, column_of
from trainer_tui.tui.plotting.traces import X_AXES
from trainer_tui.tui.screens.place import PlaceScreen
from trainer_tui.tui.widgets.plot_canvas import PlotCanvas

WEIGHTS = (0.0, 0.6, 0.9, 0.97, 0.99, 0.997)
"""Shares of the past in the moving average, from none to heavy."""

ZOOM = 0.66
"""What is left of an axis after zooming in once."""

PAN = 0.25
"""By how much of what is shown a key moves it."""


class PlotPlace(PlaceScreen):
    """A place with a plot; whoever inherits decides what is drawn in it."""

    def __init__(self, cockpit: Cockpit, name: str) -> None:
        super().__init__(cockpit, name)
        self._wish = Wish()
        self._picture = CurvesPicture()
        self._grab = self._picture
        self._plot = PlotCanvas()

    def ask(self, **changes: object) -> None:
        """Wish for another picture."""
        raise NotImplementedError

    # ------------------------------------------------------------------ axes and view

    def action_smooth(self, more: int) -> None:
        """Average over more or less of the past."""
        at = WEIGHTS.index(self._wish.smooth) + more
        self.ask(smooth=WEIGHTS[at % len(WEIGHTS)] if more > 0 else WEIGHTS[max(0, at)])

    def action_log_scale(self) -> None:
        """Switch the y axis."""
        self.ask(log=not self._picture.log, view=replace(self._wish.view, bottom=None, top=None))

    def action_axis(self) -> None:
        """Switch the x axis to the next one that the history has."""
        at = X_AXES.index(self._wish.axis)
        self.ask(axis=X_AXES[(at + 1) % len(X_AXES)], view=replace(self._wish.view, left=None, right=None))

    def action_zoom(self, closer: int) -> None:
        """Zoom along x, around the crosshair."""
        width = max(1, self._picture.wish.width - 1)
        at = 0.5 if self._plot.cross is None else self._plot.cross / width
        self._zoom_x(ZOOM if closer > 0 else 1 / ZOOM, at)

    def action_zoom_y(self, closer: int) -> None:
        """Zoom along y."""
        self._look_at(
            views.zoomed_y(self._wish.view, self._picture.window, ZOOM if closer > 0 else 1 / ZOOM, 0.5)
        )

    def action_pan(self, across: int, up: int) -> None:
        """Move what is shown."""
        shown = self._picture
        self._look_at(views.panned(self._wish.view, shown.window, shown.extent, PAN * across, PAN * up))

    def action_all(self) -> None:
        """Show all of both axes."""
        self._look_at(View())

    def _zoom_x(self, factor: float, at: float) -> None:
        shown = self._picture
        self._look_at(views.zoomed_x(self._wish.view, shown.window, shown.extent, factor, at))

    def _look_at(self, view: View) -> None:
        if view != self._wish.view and self._picture.bits is not None:
            self.ask(view=view)

    @on(PlotCanvas.Zoomed)
    def _wheel(self, event: PlotCanvas.Zoomed) -> None:
        if event.vertical:
            self._look_at(views.zoomed_y(self._wish.view, self._picture.window, event.factor, event.up))
        else:
            self._zoom_x(event.factor, event.across)

    @on(PlotCanvas.Grabbed)
    def _grabbed(self) -> None:
        self._plot.focus()
        self._grab = self._picture

    @on(PlotCanvas.Dragged)
    def _dragged(self, event: PlotCanvas.Dragged) -> None:
        held = self._grab
        if held.bits is not None:
            self._look_at(views.panned(held.wish.view, held.window, held.extent, event.across, event.up))

    # ------------------------------------------------------------------ crosshair

    def action_cross(self, move: int) -> None:
        """Move the crosshair; at the edge the view goes along."""
        if self._picture.bits is None:
            return
        width = self._picture.wish.width
        at = self._plot.cross
        if at is None:
            self._plot.place_cross(width // 2 if move > 0 else width // 2 - 1)
        elif 0 <= at + move < width:
            self._plot.place_cross(at + move)
        else:
            self.action_pan(move, 0)

    def action_mark(self, move: int) -> None:
        """Put the crosshair on the next mark."""
        picture = self._picture
        if picture.bits is None or not picture.marks:
            self.notify("no incident and no further attempt stands in these curves", markup=False)
            return
        here = self._plot.cross
        after = [m for m in picture.marks if here is None or (column_of(picture, m.x) - here) * move > 0]
        mark = (after or list(picture.marks))[0 if move > 0 else -1]
        self._look_at(views.centred(self._wish.view, picture.window, picture.extent, mark.x))
        self._plot.place_cross(max(0, min(column_of(picture, mark.x), picture.wish.width - 1)))

    def action_copy(self) -> None:
        """Copy what the crosshair shows."""
        text = reading(self._picture, self._plot.cross, None).plain
        values = legend(self._picture, self._plot.cross, ["white"], 1, MOST_CURVES).plain
        self.app.copy_to_clipboard(f"{text}\n{values}".strip())
        self.notify("copied", markup=False)
