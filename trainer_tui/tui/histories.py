"""The histories that screens have open: each file is read once, however many screens show it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

from trainer_tui.runs.events import EventReader
from trainer_tui.runs.history import History, HistoryReader
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.memory import give_back_memory
from trainer_tui.runs.state import RunState, first_state, fold

PIECE = 1 << 20
"""Bytes read at a time: whoever waits for the lock, or for the interpreter, waits for no more than that."""


_MANY = 16
"""Pieces after which memory is given back: columns that grew left holes behind them."""


@dataclass(frozen=True, slots=True)
class Page:
    """A history at one moment. The arrays may grow behind `rows` meanwhile; nothing before changes."""

    history: History
    blanks: dict[str, bytearray]
    """Column → 1 for each row whose cell is empty."""
    version: tuple[int, int]
    """(how often the file began anew, rows): equal ones hold the same values."""
    problems: int = 0


class Ledger:
    """One history file and the events of its run, read as they grow. Safe to use from several threads.

    Who looks at the arrays through numpy must hold `lock`: an array that is looked at cannot grow.
    """

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self.lock = threading.RLock()
        self.request = run.request()
        self.state: RunState = first_state(run, self.request)
        self.reached: dict[str, int] = {}
        """Id of an incident → the rows that had been read when it was first written down."""
        self._reader = HistoryReader(run.history)
        self._events = EventReader(run.events)
        self._blanks: dict[str, bytearray] = {}
        self._anew = 0
        self._rows_noted = 0

    @property
    def main_metric(self) -> str:
        """The column that tells better from worse, smaller being better."""
        return self.request.plan.main_metric if self.request else ""

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """What went wrong so far."""
        return self.state.incidents

    def read(self, go_on: Callable[[float], bool] = lambda done: True) -> bool:
        """Read what is new; True when anything was. `go_on` is told the part read and may end the reading.

        Raises OSError when the file exists and cannot be read.
        """
        with self.lock:
            self.request = self.request or self.run.request()
            changed = self._read_events()
        pieces = 0
        while True:
            pieces += 1
            with self.lock:
                before = self._reader.history.rows
                gained = self._reader.poll(PIECE)
                anew = before + gained != self._reader.history.rows
                self._note_blanks(anew, gained)
                changed = changed or bool(gained) or anew
                behind = self._reader.behind
            if not behind or not go_on(self.part_read()):
                if pieces > _MANY:
                    give_back_memory()
                return changed

    def part_read(self) -> float:
        """How much of the file was read, from 0 to 1."""
        try:
            return min(1.0, self._reader.offset / max(1, self._reader.path.stat().st_size))
        except OSError:
            return 1.0

    def page(self) -> Page:
        """The history as it is now."""
        with self.lock:
            history = self._reader.history
            shown = History(dict(history.columns), list(history.problems), history.rows)
            return Page(shown, dict(self._blanks), (self._anew, history.rows), len(history.problems))

    def __del__(self) -> None:
        if reader := getattr(self, "_reader", None):
            reader.close()

    def _read_events(self) -> bool:
        events = self._events.poll()
        for event in events:
            self.state = fold(self.state, event)
            if event["kind"] == "cursor" and isinstance(rows := event.get("history_rows"), int):
                self._rows_noted = rows
            if event["kind"] == "incident":
                for incident in self.state.incidents:
                    self.reached.setdefault(incident.id, self._rows_noted)
        return bool(events)

    def _note_blanks(self, anew: bool, gained: int) -> None:
        history = self._reader.history
        if anew:
            self._anew += 1
            self._blanks = {}
        for name in history.columns:
            marks = self._blanks.setdefault(name, bytearray())
            # A column that came later has no cells in the rows before it.
            marks.extend(b"\1" * max(0, history.rows - gained - len(marks)))
            marks.extend(bytes(max(0, history.rows - len(marks))))
        for row, name in self._reader.missing:
            self._blanks[name][row] = 1


_open: WeakValueDictionary[Path, Ledger] = WeakValueDictionary()
_opening = threading.Lock()


def ledger_of(run: RunFolder) -> Ledger:
    """The ledger of a run, shared with whoever has it open already. Call it in a thread: it reads files."""
    with _opening:
        ledger = _open.get(run.path)
        if ledger is None:
            ledger = _open[run.path] = Ledger(run)
        return ledger
