"""The Signals and Gates panes: short lists of what happened and of what is asked."""

from __future__ import annotations

from datetime import datetime

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from trainer_tui.runs.state import RunState
from trainer_tui.runs.text import clean
from trainer_tui.runs.verdict import GATE_MARKS, GateResult
from trainer_tui.tui.headlines import Piece, gate_count
from trainer_tui.tui.pictures import Signal, Tone
from trainer_tui.tui.styles import lines
from trainer_tui.tui.words import local_time

GATE_TONES: dict[str, Tone] = {
    "passed": "good",
    "failed": "bad",
    "open": "warning",
    "skipped": "warning",
    "not-applicable": "dim",
}


class _List(VerticalScroll):
    """A pane with rows of text that can be scrolled."""

    waiting = ""

    def __init__(self, title: str, identity: str) -> None:
        super().__init__(id=identity, classes="pane")
        self.border_title = title
        self._rows: list[list[Piece]] = [[(self.waiting, "dim")]]
        self._text = Static(lines(self._rows), markup=False)

    def compose(self) -> ComposeResult:
        yield self._text

    def set_rows(self, rows: list[list[Piece]]) -> None:
        """Show these rows; nothing is drawn when they are the same."""
        rows = rows or [[(self.waiting, "dim")]]
        if rows != self._rows:
            self._rows = rows
            self._text.update(lines(rows))


class Signals(_List):
    """Incidents, gates, forecast, notes and restarts, the newest on top."""

    waiting = "nothing to report yet"

    def __init__(self) -> None:
        super().__init__("Signals", "signals")

    def show(self, signals: tuple[Signal, ...]) -> None:
        """Show these, newest first."""
        now = datetime.now().astimezone()
        self.set_rows(
            [
                [(f"{s.sign} ", s.tone), (f"{local_time(s.time, now)} ", "dim"), (s.text, s.tone)]
                for s in signals
            ]
        )


class Gates(_List):
    """The checklist."""

    waiting = "judged when the process has ended"

    def __init__(self) -> None:
        super().__init__("Gates", "gates")

    def show(self, state: RunState) -> None:
        """Show the gates of this run."""
        count = gate_count(state)
        self.border_title = f"Gates {count}" if count else "Gates"
        self.set_rows([gate_row(gate) for gate in state.gates])


def gate_row(gate: GateResult) -> list[Piece]:
    """Mark, name and sentence."""
    tone = GATE_TONES.get(gate.state, "plain")
    mark = GATE_MARKS.get(gate.state, "?")
    return [(f"{mark} {clean(gate.name, 40)}", tone), (f"  {clean(gate.sentence, 300)}", "dim")]
