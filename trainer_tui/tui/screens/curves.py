"""The Curves screen: any columns of any runs, zoomed, smoothed, compared, read at a crosshair."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Footer, Input, Static

from trainer_tui.runs.layout import RunFolder
from trainer_tui.tui.cockpit import Cockpit
from trainer_tui.tui.history_keys import CURVE_KEYS
from trainer_tui.tui.keys import bindings
from trainer_tui.tui.plotting.bench import CurveBench
from trainer_tui.tui.plotting.legend import legend, reading, subtitle, title
from trainer_tui.tui.plotting.picture import MOST_CURVES, View
from trainer_tui.tui.screens.choose_runs import ChooseRuns
from trainer_tui.tui.screens.plot_place import PlotPlace
from trainer_tui.tui.widgets.check_list import CheckList
from trainer_tui.tui.widgets.column_list import ColumnFilter, ColumnList
from trainer_tui.tui.widgets.plot_canvas import PlotCanvas


class CurvesScreen(PlotPlace):
    """Curves of one run or several."""

    AUTO_FOCUS = "ColumnList"
    CSS_PATH = "../history.tcss"

    KEYS = CURVE_KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS, "curves")

    HELP = (
        "Choose columns in the list with space; the wheel zooms around the pointer (with shift the y axis), "
        "dragging moves, a click leaves the crosshair where it is."
    )

    class Drawn(Message):
        """The thread has a picture to take."""

    def __init__(self, cockpit: Cockpit) -> None:
        super().__init__(cockpit, "curves")
        self._main: RunFolder | None = None
        self._legend_height = -1
        self._bench = CurveBench(partial(self.post_message, self.Drawn()))
        self._list, self._filter = ColumnList(), ColumnFilter()
        self._legend = Static("", id="curve-legend", markup=False)
        self._says = Static("", id="curve-says", markup=False)
        self._waits = Static("waits for the first run", classes="waits", id="curve-waits", markup=False)

    def compose(self) -> ComposeResult:
        yield self.state_line
        with Horizontal(id="curve-body"):
            with Vertical(id="curve-side", classes="pane") as side:
                side.border_title = "Columns"
                yield self._filter
                yield self._list
            with Vertical(id="curve-pane", classes="pane") as pane:
                pane.border_title = "Curves"
                yield self._legend
                yield self._waits
                yield self._plot
                yield self._says
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self._bench.start()
        self.app.theme_changed_signal.subscribe(self, lambda _: self._show())

    def on_unmount(self) -> None:
        self._bench.close()

    def on_screen_suspend(self) -> None:
        self._bench.rest(True)

    def on_screen_resume(self) -> None:
        self._bench.rest(False)
        super().on_screen_resume()

    # ------------------------------------------------------------------ what is wished for

    def open(self, run: RunFolder | None) -> None:
        """Show another run; the columns that were chosen stay so, if it has them."""
        if run == self._main:
            return
        self._main = run
        self.ask(runs=(run,) if run else (), view=View(), log=None)

    def ask(self, **changes: object) -> None:
        """Change the wish and hand it to the thread."""
        self._wish = replace(self._wish, **changes)  # type: ignore[arg-type]
        if self._wish.runs:
            self._bench.wish(self._wish)

    @on(PlotCanvas.Resized)
    def _resized(self) -> None:
        width, height = self._plot.cells
        self.ask(width=width, height=height)

    # ------------------------------------------------------------------ what is shown

    @on(Drawn)
    def _take(self) -> None:
        picture = self._bench.take()
        if picture is None or picture.wish.runs != self._wish.runs:
            return
        self._picture = picture
        self._list.show(picture.names, picture.chosen)
        with self.app.batch_update():
            self._waits.display = bool(picture.waiting)
            self._plot.display = not picture.waiting
            if picture.waiting:
                self._waits.update(Content(picture.waiting))
            elif picture.bits is not None:
                self._plot.show(picture)
            self._show()
        if picture.waiting and not self._plot.display:
            return
        if self._plot.cells != (self._wish.width, self._wish.height):
            self._resized()

    def _show(self) -> None:
        """The texts around the plot."""
        picture, cross = self._picture, self._plot.cross
        pane = self.query_one("#curve-pane")
        pane.border_title = Content(title(picture))
        pane.border_subtitle = Content(subtitle(picture))
        lines = max(1, self.size.height // 8)
        told = legend(picture, cross, self._plot.colours(), max(20, pane.size.width - 2), lines)
        # Its height decides where the plot begins; only another height lays the screen out anew.
        height = told.plain.count("\n")
        self._legend.update(told, layout=height != self._legend_height)
        self._legend_height = height
        self._says.update(reading(picture, cross, self._plot.mark_at_cross), layout=False)

    @on(PlotCanvas.Moved)
    def _moved(self) -> None:
        self._show()

    # ------------------------------------------------------------------ columns and runs

    @on(CheckList.Toggled)
    def _toggled(self, event: CheckList.Toggled) -> None:
        name = event.identity
        chosen = tuple(n for n in self._picture.chosen if n != name)
        if name not in self._picture.chosen:
            if len(chosen) * len(self._wish.runs) >= MOST_CURVES:
                self.notify(f"{MOST_CURVES} curves at once are the most that can be told apart", markup=False)
                return
            chosen = tuple(n for n in self._picture.names if n in (*chosen, name))
        self._picture = replace(self._picture, chosen=chosen)
        self._list.show(self._picture.names, chosen)
        self.ask(columns=chosen, view=replace(self._wish.view, bottom=None, top=None))

    def action_metric(self) -> None:
        """Show the next group of metrics."""
        groups = self._picture.groups
        if not groups:
            return
        at = next((n for n, group in enumerate(groups) if set(group) <= set(self._picture.chosen)), -1)
        self.ask(columns=groups[(at + 1) % len(groups)], view=replace(self._wish.view, bottom=None, top=None))

    def action_filter(self) -> None:
        """Type a part of a column's name."""
        self.query_one("#curve-side").display = True
        self._filter.display = True
        self._filter.focus()

    @on(Input.Changed, "#curve-filter")
    def _filtered(self, event: Input.Changed) -> None:
        self._list.narrow(event.value)

    @on(Input.Submitted, "#curve-filter")
    def _filter_done(self) -> None:
        self._list.focus()

    @on(ColumnFilter.Left)
    def _filter_left(self) -> None:
        self._filter.value = ""
        self._filter.display = False
        self._list.focus()

    def action_list(self) -> None:
        """Hide the list of columns, or show it."""
        side = self.query_one("#curve-side")
        side.display = not side.display
        (self._list if side.display else self._plot).focus()

    def action_runs(self) -> None:
        """Choose the runs to compare."""
        self.app.push_screen(ChooseRuns(self.cockpit.model, self._wish.runs), self._compare)

    def _compare(self, runs: tuple[RunFolder, ...] | None) -> None:
        if runs is not None:
            # The run that all places show stays the first one; no choice at all leaves it alone.
            ordered = sorted(runs, key=lambda run: run != self._main)
            self.ask(runs=tuple(ordered) or self._wish.runs[:1], view=View(), log=None)
