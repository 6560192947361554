"""The supervisor of one run: it launches, follows, records, obeys, and says in the end how it went.

All of it happens in one thread, in short looks: `look` reads what is new and acts on it, then sleeps until
something may have changed. Whatever it needs to know after a kill stands in the run folder.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from trainer_tui.failures import RedFlags
from trainer_tui.runs.changes import Changes
from trainer_tui.runs.clock import parse_utc
from trainer_tui.runs.events import EventLog, read_events
from trainer_tui.runs.history import HistoryReader
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.plan import RunRequest
from trainer_tui.runs.process import ProcessIdentity, age_s, host_name
from trainer_tui.runs.state import RunState, first_state, fold
from trainer_tui.supervise.book import IncidentBook
from trainer_tui.supervise.controls import Controls
from trainer_tui.supervise.finish import finish
from trainer_tui.supervise.logwatch import LogWatch
from trainer_tui.supervise.machine import Machine
from trainer_tui.supervise.metrics import history_path
from trainer_tui.supervise.presence import Presence
from trainer_tui.supervise.stallwatch import Stall

CURSOR_EVERY_S = 60.0
SECOND_S = 1.0
"""What need not be looked at more often than once a second is looked at then."""

OWN_FILES = ("events.jsonl", "telemetry.csv", "supervisor.log")


class RunSupervisor:
    """Carries one run from wherever it stands to its end."""

    def __init__(self, model: ModelFolder, run: RunFolder, request: RunRequest) -> None:
        self.model = model
        self.run = run
        self.request = request
        self.plan = request.plan
        self.notebook = model.path.parent / "dev_diary.md"
        self.events = EventLog(run.events)
        self.state: RunState = first_state(run, request)
        past = read_events(run.events)
        for event in past:
            self.state = fold(self.state, event)
        self._resumed = bool(past)
        self._cursor = next((event for event in reversed(past) if event["kind"] == "cursor"), {})
        self.book = IncidentBook(self.state.incidents, self._record, self.facts)
        self.history = HistoryReader(history_path(run, self.plan))
        self.flags = RedFlags()
        self.log = LogWatch(
            run.log(),
            self._cursor.get("log_offset", 0),
            self._cursor.get("line", 1),
            self._cursor.get("generation", 0),
        )
        followed = [run.path, run.log().parent, run.history_of(self.plan).parent]
        self.changes = Changes(followed, ignore=OWN_FILES)
        self.controls = Controls(self, past)
        self.stall = Stall(self)
        self.machine: Machine | None = None
        self._presence = Presence(run)
        self._owed: dict[str, Callable[[], None]] = {}
        self._blind: dict[str, str] = dict(self.state.blind)
        self._second_at = 0.0
        self._cursor_at = time.monotonic()

    @property
    def process(self) -> ProcessIdentity | None:
        """The training process, once it was met."""
        return self._presence.process

    def supervise(self) -> RunState:
        """Stay with the run until it has ended and was judged; returns its final state."""
        self.emit("supervisor", pid=os.getpid(), host=host_name(), resumed=self._resumed)
        if not self._resumed and self.plan.skip_quick_reason:
            self.emit("phase-skipped", phase="quick", why=self.plan.skip_quick_reason)
        try:
            while not self.state.over:
                self.changes.wait(self.look())
            self._write_what_waits()
        finally:
            self.changes.close()
            self.log.close()
            self.history.close()
            if self.machine is not None:
                self.machine.close()
        return self.state

    def look(self) -> bool:
        """Read and act on whatever is new; True when there was something."""
        now = time.monotonic()
        a_second_on = now >= self._second_at
        # Asked first: what the process wrote before it ended is then all there to be read.
        gone = self.run.exit_json.exists() or (a_second_on and self._presence.gone())
        if self.process is None:
            self._meet_process()
        changed = self.read_log(now)
        changed |= self.read_history(now)
        changed |= self.controls.obey()
        if a_second_on and not gone:
            self._second_at = now + SECOND_S
            self._each_second(now)
        if self.events.waiting:
            self.events.flush()
        if gone:
            finish(self)
            return True
        return changed

    def emit(self, kind: str, **fields: Any) -> None:
        """Record an event and fold it into our own state."""
        self.state = fold(self.state, self.events.append(kind, **fields))
        if self.events.problem is not None and "events" not in self._blind:
            self.see("events", f"events cannot be written: {self.events.problem.strerror}")

    def see(self, source: str, problem: str) -> None:
        """Say when something cannot be seen, and when it can again."""
        if problem and source not in self._blind:
            self._blind[source] = problem
            self.emit("blind", source=source, why=problem)
        elif not problem and source in self._blind:
            del self._blind[source]
            self.emit("sighted", source=source)

    def read_log(self, now: float) -> bool:
        """Scan what the log gained."""
        try:
            changed, found = self.log.look()
        except OSError as error:
            self.see("log", f"the log cannot be read: {error.strerror or error}")
            return False
        self.see("log", "")
        if self.log.change:
            self.emit("log", what=self.log.change)
            # Whoever takes over must number what follows as we do.
            self._keep_cursor(0, 1, self.log.generation)
        if found:
            # Rows written before an error must not pass for proof that training went on after it.
            self.read_history(now)
        for incident in found:
            self.found(incident, now)
        if changed:
            self.stall.output(now)
        return changed

    def read_history(self, now: float) -> bool:
        """Judge the rows that the history gained."""
        path = history_path(self.run, self.plan)
        if path != self.history.path:
            self.history.close()
            self.history, self.flags = HistoryReader(path), RedFlags()
        before = self.history.history.rows
        try:
            gained = self.history.poll()
        except OSError as error:
            self.see("history", f"the history cannot be read: {error.strerror or error}")
            return False
        self.see("history", "")
        if gained <= 0:
            return False
        if gained != self.history.history.rows - before:
            self.flags = RedFlags()  # the file began anew
        for incident in self.flags.feed(self.history.history.rows - gained, self.history.logged(gained)):
            self.found(incident, now)
        self.stall.progress(now)
        return True

    def found(self, incident: Incident, now: float) -> None:
        """Take an incident into the book."""
        self.book.see(incident, rows=self.history.history.rows, offset=self.log.read, now=now)

    def judge_survived(self, now: float) -> None:
        """Decide which errors training went on after."""
        rows = self.history.history.rows
        self.book.training_went_on(rows, self.log.read, now, has_history=rows > 0)

    def facts(self) -> dict[str, Any]:
        """What is known at this moment: the machine, and the last rows of the history."""
        facts: dict[str, Any] = {"machine": self.machine.facts()} if self.machine is not None else {}
        rows = self.history.history.tail(1)
        if rows:
            facts["last_row"] = {name: value for name, value in rows[0].items() if value == value}
        return facts

    def elapsed(self) -> float:
        """Seconds the process has run, without those it was held."""
        age = age_s(self.process) if self.process is not None else None
        return max(0.0, (age or 0.0) - self.state.paused_s)

    def _record(self, incident: Incident) -> None:
        self.emit("incident", incident=incident.to_dict())
        if incident.severity == "error" and incident.fate == "confirmed":
            self.open_diary(incident)

    def open_diary(self, incident: Incident) -> None:
        """Open this run's diary entry; later incidents of the same failure belong to the first one."""
        from trainer_tui.supervise.writeup import open_entry

        def write() -> None:
            if not self.state.diary:
                rows = self.history.history
                number = open_entry(self.notebook, self.model, self.run, self.request, incident, rows)
                self.emit("diary", entry=number, incident=incident.id)

        self.attempt("diary", "the diary cannot be written", write)

    def attempt(self, source: str, complaint: str, act: Callable[[], None]) -> None:
        """Do what a disk may refuse; what it refused is tried again each second, and once before we leave."""
        try:
            act()
        except OSError as error:
            self._owed.setdefault(source, lambda: self.attempt(source, complaint, act))
            self.see(source, f"{complaint}: {error.strerror or error}")
        else:
            self._owed.pop(source, None)
            self.see(source, "")

    def _meet_process(self) -> None:
        self.attempt("launch", "the shim cannot be started", self._launch)
        if not self._presence.meet():
            return
        assert self.process is not None
        if not self.state.started:
            self.emit("started", pid=self.process.pid, at=self._presence.started)
        moment = parse_utc(self._presence.started)
        self.machine = Machine(self.run, self.process.pid, moment.timestamp() if moment else time.time())

    def _launch(self) -> None:
        shim_pid = self._presence.launch()
        if shim_pid is not None:
            self.emit("launched", shim_pid=shim_pid)

    def _each_second(self, now: float) -> None:
        if self.machine is not None:
            self.machine.look()
            self.see("machine", self.machine.problem())
            self.see("gpu", self.machine.gpu_problem())
        if not self.events.waiting:
            self.see("events", "")
        self._pay_what_is_owed()
        self.stall.look(now)
        self.controls.limits()
        self.judge_survived(now)
        if now - self._cursor_at >= CURSOR_EVERY_S:
            self._cursor_at = now
            cursor = self.log.cursor()
            if cursor is not None and cursor[0] != self._cursor.get("log_offset"):
                self._keep_cursor(*cursor)

    def _pay_what_is_owed(self) -> None:
        for pay in list(self._owed.values()):
            pay()

    def _write_what_waits(self) -> None:
        """Stay until every event is written: nobody else knows them, and a disk may be full for hours."""
        while not self.events.flush() and self.run.path.is_dir():
            time.sleep(SECOND_S)
        self._pay_what_is_owed()
        self.see("events", "")

    def _keep_cursor(self, offset: int, line: int, generation: int) -> None:
        self._cursor = {"log_offset": offset, "line": line, "generation": generation}
        self.emit("cursor", **self._cursor)
