"""The Watch screen: state, phase chain, plot, log, machine, signals, gates."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Footer

from trainer_tui.tui.cockpit import Cockpit
from trainer_tui.tui.keys import WATCH_KEYS, bindings
from trainer_tui.tui.pictures import Beat, RunPicture
from trainer_tui.tui.requests import request_of_key
from trainer_tui.tui.screens.place import PlaceScreen
from trainer_tui.tui.screens.texts import gates_text, stack_text
from trainer_tui.tui.widgets.headline import Alerts, PhaseChain
from trainer_tui.tui.widgets.lists import Gates, Signals
from trainer_tui.tui.widgets.log_pane import LogPane
from trainer_tui.tui.widgets.machine import Machine
from trainer_tui.tui.widgets.plot_pane import PlotPane

STALL_S = 10.0
"""Without a look of the reader for so long, the screen itself is blind."""


class WatchScreen(PlaceScreen):
    """The cockpit of one watch."""

    AUTO_FOCUS = "LogView"

    KEYS = WATCH_KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS)

    HELP = "Keys act on the run, never on its files; leaving the screen never stops the run."

    def __init__(self, cockpit: Cockpit) -> None:
        super().__init__(cockpit, "watch")
        self.picture: RunPicture | None = None
        # Held rather than looked up: beats still come while the screen is being built or taken down.
        self._chain, self._alerts = PhaseChain(), Alerts()
        self._plot, self._log, self._machine = PlotPane(), LogPane(), Machine()
        self._signals, self._gates = Signals(), Gates()

    def compose(self) -> ComposeResult:
        yield self.state_line
        yield self._chain
        yield self._alerts
        with Horizontal(id="body"):
            with Vertical(id="main"):
                yield self._plot
                yield self._log
            with Vertical(id="side"):
                yield self._machine
                yield self._signals
                yield self._gates
        yield Footer(compact=True, show_command_palette=False)

    @property
    def plot(self) -> PlotPane:
        """The plot."""
        return self._plot

    # ------------------------------------------------------------------ what comes in

    def show(self, beat: Beat) -> None:
        """Update the panes that something changed for."""
        if beat.waiting:
            self.state_line.waiting = beat.waiting
            self.state_line.tick()
        if beat.run is not None:
            self._show_run(beat.run)
        if beat.log is not None:
            self._log.add(beat.log)
        if beat.plot is not None:
            self._plot.show(beat.plot)
        if beat.gauges is not None or beat.no_gauges:
            self._machine.show(beat.gauges)
        if beat.signals is not None:
            self._signals.show(beat.signals)

    def _show_run(self, picture: RunPicture) -> None:
        before, self.picture = self.picture, picture
        self.state_line.show(picture)
        self._chain.show(picture)
        self._alerts.show(picture, None)
        self._gates.show(picture.state)
        self._machine.mark_last(picture.state.over)
        if before is None or _standing(before) != _standing(picture):
            self.refresh_bindings()

    def tick(self, looked_at: float) -> None:
        """Once a second: the clock, the time elapsed, and whether the reader still reads."""
        self.state_line.tick()
        self._chain.tick()
        stalled = time.monotonic() - looked_at
        self._alerts.show(self.picture, stalled if stalled > STALL_S else None)

    # ------------------------------------------------------------------ keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that cannot do anything now are not offered."""
        picture = self.picture
        state = picture.state if picture else None
        if action in ("pause", "stop", "skip", "note"):
            return state is not None and request_of_key(action, state) is not None
        if action == "retry":
            return state is not None and state.over and not state.supervised
        if action == "stack":
            return state is not None
        return True

    def renamed(self) -> Mapping[str, str]:
        """A held process is let go on by the key that held it."""
        paused = self.picture is not None and self.picture.state.status == "paused"
        return {"pause": "Go on"} if paused else {}

    def action_diary(self) -> None:
        """Open the diary on this run."""
        self.app.pages.open()

    def action_search(self) -> None:
        """Search the log."""
        self._log.ask()

    def action_match(self, forward: bool) -> None:
        """Next or previous match."""
        self._log.step(forward)

    def action_follow(self) -> None:
        """Back to the end of the log."""
        self._log.view.follow()

    def action_zoom(self) -> None:
        """The log alone, or all panes again."""
        self.toggle_class("-log-only")
        self._log.view.focus()

    def action_restore(self) -> None:
        """All panes again."""
        self.remove_class("-log-only")

    def action_metric(self) -> None:
        """Plot the next metric."""
        self._plot.next_metric()

    def action_log_scale(self) -> None:
        """Linear or logarithmic axis."""
        self._plot.toggle_log_scale()

    def action_gates(self) -> None:
        """The checklist with its sentences."""
        from trainer_tui.tui.screens.dialogs import Reading

        self.app.push_screen(Reading("Gates", gates_text(self.picture)))

    def action_stack(self) -> None:
        """What the process does now; of one that has ended, where it was when it fell silent."""
        from trainer_tui.tui.screens.dialogs import Reading

        state = self.picture.state if self.picture else None
        before = stack_text(state)
        run = self.cockpit.model.find(state.number) if state is not None else None
        if state is not None and run is not None and not state.over:
            from trainer_tui.supervise.standing import standing_of_run
            from trainer_tui.tui.screens.stack import StackScreen

            self.app.push_screen(StackScreen(partial(standing_of_run, run), before))
        elif before is None:
            self.notify("it has ended, and no stacks were taken while it ran", markup=False)
        else:
            self.app.push_screen(Reading("Stacks of the training process", before))

    def action_pause(self) -> None:
        """Pause, or go on."""
        self.app.errands.send("pause")

    def action_stop(self) -> None:
        """End the run, after a question."""
        self.app.errands.send("stop")

    def action_skip(self) -> None:
        """Skip the quick phase, with a reason."""
        self.app.errands.send("skip")

    def action_note(self) -> None:
        """Write a note into the run's record."""
        self.app.errands.send("note")

    def action_retry(self) -> None:
        """Start the next attempt."""
        self.app.errands.retry()

    @on(PlotPane.Wished)
    def _plot_wished(self, event: PlotPane.Wished) -> None:
        self.app.wish(event.wish)


def _standing(picture: RunPicture) -> tuple[Any, ...]:
    """What decides which keys are offered."""
    return picture.state.name, picture.state.status, picture.state.supervised
