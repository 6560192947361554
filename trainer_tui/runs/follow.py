"""Following a run from outside: what every view (dashboard, printer, script) needs, read from files only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from trainer_tui.runs.clock import utc_stamp
from trainer_tui.runs.events import Event, EventReader
from trainer_tui.runs.exit_document import read_exit
from trainer_tui.runs.files import read_json
from trainer_tui.runs.history import History, HistoryReader
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.logs.tail import LogLines, LogTail
from trainer_tui.runs.plan import RunRequest
from trainer_tui.runs.process import life_of, running_s
from trainer_tui.runs.state import RunState, first_state, fold, is_supervised, observe, settle
from trainer_tui.runs.telemetry import TelemetryReader
from trainer_tui.runs.typed import is_number

UNTOLD = frozenset({"cursor"})
"""Kinds of events that a follower does not keep: one a minute for days, and no view shows them."""

SAMPLES = 1000
"""Samples that a view of a run keeps: a quarter of an hour and more."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the run is."""

    done: float
    total: float | None
    unit: str = ""

    @property
    def fraction(self) -> float | None:
        """From 0 to 1; None when the total is not known."""
        return min(1.0, self.done / self.total) if self.total else None


class RunFollower:
    """One run, followed: call the `poll_` functions often; only what is new is read."""

    def __init__(self, run: RunFolder, *, log_lines: int = 2000) -> None:
        self.run = run
        self.request: RunRequest | None = run.request()
        self.events: list[Event] = []
        """What happened so far, but for `UNTOLD`."""
        self.log = LogTail(run.log(), keep=log_lines)
        self._folded = first_state(run, self.request)
        self.state: RunState = self._folded
        self._event_reader = EventReader(run.events)
        self._history = HistoryReader(run.history)
        self.telemetry = TelemetryReader(run.telemetry, keep=SAMPLES)
        self.progress: Progress | None = None
        self.problems: dict[str, str] = {}
        """What this view itself cannot read: file → why."""

    @property
    def history(self) -> History:
        """The metrics so far."""
        return self._history.history

    def poll_state(self) -> list[Event]:
        """Bring `state` up to date and return the new events."""
        if self.request is None:
            self.request = self.run.request()
            if self.request is not None:
                self._folded = first_state(self.run, self.request)
                for event in self.events:
                    self._folded = fold(self._folded, event)
        supervised = is_supervised(self.run)
        life = "ended" if self._folded.status == "ended" else life_of(self.run)
        new = self._event_reader.poll()
        self._see("events", self._event_reader.problem)
        for event in new:
            self._folded = fold(self._folded, event)
        self.events.extend(event for event in new if event["kind"] not in UNTOLD)
        exit_status = self._folded.exit or read_exit(self.run.exit_json)
        now = utc_stamp(datetime.now(UTC))
        self.state = settle(self._folded, life, exit_status, supervised, now, running_s(self.run))
        self._read_progress()
        return new

    def poll_history(self) -> int:
        """Read new history rows and return how many there were."""
        return self._guard("history", self._history.poll) or 0

    def poll_telemetry(self) -> int:
        """Read new samples and return how many there were."""
        return self._guard("telemetry", self.telemetry.poll) or 0

    def poll_log(self) -> LogLines | None:
        """New log lines, None when there are none."""
        lines: LogLines | None = self._guard("log", self.log.poll)
        return lines

    def close(self) -> None:
        """Let go of every file."""
        self.log.close()
        self._history.close()
        self.telemetry.close()

    def _guard(self, name: str, read: Any) -> Any:
        try:
            result = read()
        except OSError as error:
            self._see(name, error.strerror or str(error))
            return None
        self._see(name, "")
        return result

    def _see(self, name: str, why: str) -> None:
        if why:
            self.problems[name] = f"the {name} cannot be read: {why}"
        else:
            self.problems.pop(name, None)

    def _read_progress(self) -> None:
        published = read_json(self.run.progress) or {}
        step = self.history.last(self.history.step_column) if self.history.step_column else None
        done, total = _number(published.get("done")), _number(published.get("total"))
        if step is not None and (done is None or step > done):
            done = step
        if done is not None:
            self.progress = Progress(done, total or None, str(published.get("step_name", "")))


def _number(value: Any) -> float | None:
    """A finite number of a document that any script may have written."""
    return float(value) if is_number(value) else None


class WatchFollower:
    """The newest watch of a model: `current` is its newest run, `earlier` the finished ones before it."""

    def __init__(self, model: ModelFolder, *, log_lines: int = 2000) -> None:
        self.model = model
        self.current: RunFollower | None = None
        self.earlier: list[RunState] = []
        self._log_lines = log_lines

    def poll_runs(self) -> bool:
        """Go on to a newer run when there is one; True when `current` changed."""
        latest = self.model.newest()
        if latest is None or (self.current and self.current.run.path == latest.path):
            return False
        follower = RunFollower(latest, log_lines=self._log_lines)
        if self.current is not None:
            self.current.poll_state()
            self.current.close()
        watch = follower.state.watch
        self.earlier = [observe(run) for run in self.model.watch_runs(watch) if run.number < latest.number]
        self.current = follower
        return True
