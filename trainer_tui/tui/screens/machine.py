"""The Machine screen: the last hour of machine and job, and what the job's processes do now."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Footer, Static

from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.text import clean
from trainer_tui.runs.units import bytes_text, counted
from trainer_tui.tui.cockpit import Cockpit
from trainer_tui.tui.keys import bindings
from trainer_tui.tui.machine.bench import MachineBench, MachinePicture, MachineWish
from trainer_tui.tui.machine.cores import core_rows
from trainer_tui.tui.machine.keys import MACHINE_KEYS
from trainer_tui.tui.machine.sampler import Present, PresentSampler
from trainer_tui.tui.machine.tree import ORDERS, Order, arranged
from trainer_tui.tui.pictures import Tone
from trainer_tui.tui.remember import remember, remembered
from trainer_tui.tui.screens.place import PlaceScreen
from trainer_tui.tui.styles import lines
from trainer_tui.tui.widgets.machine_charts import MachineCharts
from trainer_tui.tui.widgets.process_table import ProcessTable

_NOTABLY = 1.02
"""A limit that is so much below the machine's memory is a cgroup's."""


class MachineScreen(PlaceScreen):
    """One run's machine: its past from the samples, its present where it runs on this host."""

    AUTO_FOCUS = "ProcessTable"
    CSS_PATH = "../machine.tcss"

    KEYS = MACHINE_KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS, "machine")

    HELP = "The charts come from the samples: an ended run shows its last hour. A click on a column sorts."

    class Drawn(Message):
        """The reading thread has a picture to take."""

    class Seen(Message):
        """The sampling thread has a look to take."""

    def __init__(self, cockpit: Cockpit) -> None:
        super().__init__(cockpit, "machine-place")
        self._run: RunFolder | None = None
        self._picture: MachinePicture | None = None
        self._present = Present()
        kept = remembered("machine_order", "tree")
        self._order: Order = next((order for order in ORDERS if order == kept), "tree")
        self._needed, self._room = 0, 0
        self._bench = MachineBench(partial(self.post_message, self.Drawn()))
        self._sampler = PresentSampler(partial(self.post_message, self.Seen()))
        self._says = Static("", id="machine-says", markup=False)
        self._said: object = None
        self._charts, self._table = MachineCharts(), ProcessTable()
        self._cores = Static("", id="machine-cores", markup=False)
        self._waits = Static("waits for the first run", classes="waits", id="machine-waits", markup=False)

    def compose(self) -> ComposeResult:
        yield self.state_line
        yield self._says
        with Vertical(id="machine-past", classes="pane") as past:
            past.border_title = "Machine"
            yield self._waits
            yield self._charts
        with Vertical(id="machine-now", classes="pane") as now:
            now.border_title = "Now"
            yield self._cores
            yield self._table
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self._charts.display = False
        self._bench.start()
        self._sampler.start()

    def on_unmount(self) -> None:
        self._bench.close()
        self._sampler.close()

    def on_screen_suspend(self) -> None:
        self._bench.rest(True)
        self._sampler.rest(True)

    def on_screen_resume(self) -> None:
        self._bench.rest(False)
        self._sampler.rest(False)
        super().on_screen_resume()

    # ------------------------------------------------------------------ what comes in

    def open(self, run: RunFolder | None) -> None:
        """Show another run."""
        self._run = run
        self._needed = 0
        self._sampler.follow(run)
        self._wish()

    @on(MachineCharts.Resized)
    def _wish(self) -> None:
        if self._run is not None:
            self._bench.wish(MachineWish(self._run, *self._charts.cells))

    @on(Drawn)
    def _take_picture(self) -> None:
        picture = self._bench.take()
        if picture is None or picture.wish.run != self._run or not self.is_mounted:
            return
        self._picture = picture
        self.set_class(picture.over, "-over")
        self._waits.display, self._charts.display = bool(picture.waiting), not picture.waiting
        if picture.waiting:
            self._waits.update(Content(picture.waiting), layout=False)
        self._charts.show(picture)
        past = self.query_one("#machine-past")
        past.border_title = Content(f"Machine ─ {picture.span}" if picture.span else "Machine")
        self._say()
        if self._charts.display and self._charts.cells != (picture.wish.width, picture.wish.height):
            self._wish()

    @on(Seen)
    def _take_present(self) -> None:
        present = self._sampler.take()
        if present is None or present.run != self._run or not self.is_mounted:
            return
        limited = present.host_ram != self._present.host_ram
        self._present = present
        self._show_present()
        if limited:
            self._say()

    def _show_present(self) -> None:
        present = self._present
        rows = core_rows(present.cores, max(8, self.size.width - 6), 1 if self.size.height < 36 else 3)
        self._cores.update(lines(rows), layout=len(rows) != self._cores.size.height)
        self._cores.display = bool(rows)
        self._table.show(arranged(present.processes, self._order), self._order, present.why)
        now = self.query_one("#machine-now")
        self._give_room(len(present.processes) + len(rows))
        if present.why:
            now.border_title, now.border_subtitle = "Now", ""
            return
        more = present.total - len(present.processes)
        count = counted(present.total, "process", "processes")
        left_out = f", {more:,} of them not looked at" if more > 0 else ""
        title = f"Now ─ {counted(len(present.cores), 'core', 'cores')}, {count}{left_out}"
        if str(now.border_title) != title:
            now.border_title = Content(title)

    def on_resize(self) -> None:
        """Another size has other room to give."""
        self._needed = 0
        self._show_present()

    def _give_room(self, needed: int) -> None:
        """As much room as the processes need, up to two fifths; it only grows: nothing jumps up and down."""
        most = max(6, self.size.height * 2 // 5)
        self._needed = max(self._needed, needed + 3)
        height = 3 if self._present.why else min(most, self._needed)
        if height != self._room:
            self._room = height
            self.query_one("#machine-now").styles.height = height

    def tick(self, looked_at: float) -> None:
        """Once a second: the clock, and whether the processes are still seen."""
        super().tick(looked_at)
        silent = self._sampler.silent_s()
        if silent and self.is_mounted:
            self.query_one("#machine-now").border_title = Content(
                f"Now ─ ◌ blind: no look at the processes for {silent:.0f} s"
            )

    def _say(self) -> None:
        picture = self._picture
        if picture is None:
            return
        says: list[list[tuple[str, Tone]]] = [list(line) for line in picture.says]
        host = self._present.host_ram if self._present.run == self._run else 0.0
        if says and picture.limit and host > _NOTABLY * picture.limit:
            says[-1].insert(2, (f" of its cgroup (the machine has {bytes_text(host)})", "dim"))
        if says != self._said:
            taller = len(says) != (len(self._said) if isinstance(self._said, list) else 0)
            self._said = says
            self._says.update(lines(says), layout=taller)

    # ------------------------------------------------------------------ keys

    def action_sort(self) -> None:
        """Sort the processes another way."""
        self._sort(ORDERS[(ORDERS.index(self._order) + 1) % len(ORDERS)])

    @on(ProcessTable.HeadClicked)
    def _head_clicked(self, event: ProcessTable.HeadClicked) -> None:
        self._sort(event.order)

    def _sort(self, order: Order) -> None:
        self._order = order
        remember(machine_order=order)
        self._show_present()

    def action_zoom(self) -> None:
        """The processes alone, or everything again."""
        self.toggle_class("-processes")

    def action_restore(self) -> None:
        """Everything again; then back to the Watch screen."""
        if self.has_class("-processes"):
            self.remove_class("-processes")
        else:
            self.app.action_go("watch")

    def action_copy(self) -> None:
        """Copy the command line under the cursor."""
        row = self._table.current
        if row is None:
            return
        self.app.copy_to_clipboard(row.process.command)
        self.notify(f"copied: {clean(row.process.command, 60)}", markup=False)

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        self._table.go(self._table.cursor + rows)

    def action_leaf(self, pages: int) -> None:
        """Move the cursor by pages."""
        self._table.go(self._table.cursor + pages * self._table.leaf)

    def action_edge(self, end: bool) -> None:
        """To the first process or the last."""
        self._table.go(len(self._table.rows) - 1 if end else 0)

    def action_charts(self, way: int) -> None:
        """Scroll the charts by one row of them."""
        picture = self._picture
        if picture is not None:
            self._charts.scroll_relative(y=way * (picture.wish.height + 1), animate=False)
