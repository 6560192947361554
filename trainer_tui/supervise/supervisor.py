"""The supervisor of one run: it launches, follows, records, obeys, and says in the end how it went.

All of it happens in one thread, in short looks: `look` reads what is new and acts on it, then sleeps until
something may have changed. Whatever it needs to know after a kill stands in the run folder.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from typing import Any

from trainer_tui.failures import DEFAULT_RULES, Rule, rule_set
from trainer_tui.runs.changes import Changes
from trainer_tui.runs.clock import parse_utc
from trainer_tui.runs.events import EventLog, read_events
from trainer_tui.runs.handover import mark_of
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.memory import EVERY_S, give_back_memory
from trainer_tui.runs.plan import RunRequest
from trainer_tui.runs.process import ProcessIdentity, host_name
from trainer_tui.runs.secrets import mapped, masked_text
from trainer_tui.runs.state import RunState, first_state, fold
from trainer_tui.supervise import surroundings
from trainer_tui.supervise.book import IncidentBook
from trainer_tui.supervise.controls import Controls
from trainer_tui.supervise.finish import finish, tell_restart
from trainer_tui.supervise.foreign import ForeignHistory
from trainer_tui.supervise.historywatch import HistoryWatch
from trainer_tui.supervise.inherited import inherit
from trainer_tui.supervise.kernellog import KernelLog
from trainer_tui.supervise.logwatch import LogWatch
from trainer_tui.supervise.machine import Machine
from trainer_tui.supervise.machinewatch import MachineWatch
from trainer_tui.supervise.notify import Notifier
from trainer_tui.supervise.presence import Presence
from trainer_tui.supervise.sight import Sight
from trainer_tui.supervise.stallwatch import Stall
from trainer_tui.supervise.struggle import Struggle

CURSOR_EVERY_S = 60.0
SECOND_S = 1.0
"""What need not be looked at more often than once a second is looked at then."""

HISTORY_LOOK_S = 0.2
CATCH_UP_S = 2.0
"""So long may reading the history keep requests waiting, and an error of the log."""

TRANSLATED_WITHIN_S = 5.0
"""Rows that are translated may have been written so long before they come."""

LAST_WAIT_S = 15.0
"""So long does a supervisor that is about to leave wait for whoever writes in the diary."""

FAILED_ENDS = 3
"""So often is judging tried before a run ends unjudged."""

OWN_FILES = ("events.jsonl", "telemetry.csv", "supervisor.log")


class RunSupervisor:
    """Carries one run from wherever it stands to its end."""

    def __init__(self, model: ModelFolder, run: RunFolder, request: RunRequest) -> None:
        self.model = model
        self.run = run
        self.request = request
        self.plan = request.plan
        self.notebook = model.path.parent / "dev_diary.md"
        self.secrets = surroundings.secrets_of_run(run, request)
        self.events = EventLog(run.events, self.hide)
        self.state: RunState = first_state(run, request)
        past = read_events(run.events)
        for event in past:
            self.state = fold(self.state, event)
        self.inherited = inherit(past)
        self._cursor = self.inherited.cursor
        self.book = IncidentBook(self.state.incidents, self._record, self.facts, self.inherited.rows)
        judged = int(self._cursor.get("history_rows", 0))
        self.history = HistoryWatch(run.history, judged, self.plan.flags, self.plan.main_metric)
        self.foreign = ForeignHistory(run, self.plan, lambda: self.process, self.state.history)
        self.log = LogWatch(
            run.log(),
            self._cursor.get("log_offset", 0),
            self._cursor.get("line", 1),
            self._cursor.get("generation", 0),
            self._rules(),
        )
        followed = [run.path, run.log().parent]
        self.changes = Changes(followed, ignore=OWN_FILES)
        self.controls = Controls(self, past)
        self.stall = Stall(self)
        self.struggle = Struggle(self)
        self._notifier = Notifier(self.plan)
        self.machine: Machine | None = None
        self._machine_watch = MachineWatch(self)
        self.kernel: KernelLog | None = None
        self._presence = Presence(run)
        self.sight = Sight(self)
        self._failed_ends = 0
        self._launched = False
        self._second_at = 0.0
        self._cursor_at = time.monotonic()
        self._give_back_at = 0.0
        self._begun: Callable[[], None] = lambda: None
        self.gone = False
        """Whether the process has ended, or can never have begun."""

    @property
    def process(self) -> ProcessIdentity | None:
        """The training process, once it was met."""
        return self._presence.process

    def supervise(self, begun: Callable[[], None] = lambda: None) -> RunState:
        """Stay with the run until it has ended and was judged; returns its final state.

        `begun` is called once the process was seen to have started.
        """
        self._begun = begun
        self.emit("supervisor", pid=os.getpid(), host=host_name(), resumed=self.inherited.resumed)
        skipped = ("quick", self.plan.skip_quick_reason)
        if self.plan.skip_quick_reason and skipped not in self.state.skipped:
            self.emit("phase-skipped", phase="quick", why=self.plan.skip_quick_reason)
        if self.state.over:
            tell_restart(self)
        self.see("rules", self._rules_problem)
        self.foreign.start()
        try:
            while not self.state.over:
                self.changes.wait(self.look())
            self._write_what_waits()
        finally:
            self.changes.close()
            self.log.close()
            self.history.close()
            self.foreign.close()
            if self.machine is not None:
                self.machine.close()
            if self.kernel is not None:
                self.kernel.close()
        return self.state

    def look(self) -> bool:
        """Read and act on whatever is new; True when there was something."""
        now = time.monotonic()
        a_second_on = now >= self._second_at
        # Asked first: what the process wrote before it ended is then all there to be read.
        self.gone = self.run.exit_json.exists() or (a_second_on and self._presence.gone())
        if self.process is None:
            self.sight.call("process", self._meet_process, None)
        # The history before the log: a loss that turned NaN is the cause of the exception about it.
        changed = self.read_history(now)
        changed |= self.read_log(now)
        if not self.history.behind:
            self.struggle.catch_up()
        self.sight.call("foreign history", self.hear_of_foreign, None)
        changed |= self.sight.call("control", self.controls.obey, False)
        if a_second_on and not self.gone:
            self._second_at = now + SECOND_S
            self._each_second(now)
        if self.events.waiting:
            self.events.flush()
        if self.gone:
            self.sight.call("end", lambda: finish(self), None)
            if not self.state.over:
                self._end_unjudged()
            return True
        return changed

    def emit(self, kind: str, **fields: Any) -> None:
        """Record an event and fold it into our own state."""
        before = self.state
        self.state = fold(before, self.events.append(kind, **fields))
        self._notifier.mind(before, self.state)
        if self.events.problem is not None and not self.sight.why("events"):
            self.see("events", f"events cannot be written: {self.events.problem.strerror}")

    def see(self, source: str, problem: str) -> None:
        """Say when something cannot be seen, and when it can again."""
        self.sight.see(source, problem)

    def _rules(self) -> tuple[Rule, ...]:
        """The rules for the log; without the user's own where another version of ours had accepted them."""
        self._rules_problem = ""
        try:
            return rule_set(self.plan.rules, self.plan.disabled_rules)
        except ValueError as error:
            self._rules_problem = f"the log is read without the rules of trainer.toml: {error}"
            return DEFAULT_RULES

    def read_log(self, now: float) -> bool:
        """Scan what the log gained."""
        return self.sight.call("log", lambda: self._read_log(now), False)

    def read_history(self, now: float, at_most_s: float = HISTORY_LOOK_S) -> bool:
        """Judge the rows that the history gained; what takes longer than `at_most_s` waits for the next."""
        changed = self.sight.call("history", lambda: self._read_history(now), False)
        while self.history.behind and time.monotonic() < now + at_most_s:
            rows = self.history.history.rows
            gained = self.sight.call("history", lambda: self._read_history(now), False)
            if not gained and self.sight.why("history") and self.history.history.rows == rows:
                break  # what cannot be read now is no reason to stay here
        return changed

    def hear_of_foreign(self, at_the_end: bool = False) -> None:
        """Record where metrics are taken from, and what keeps them from being taken."""
        if at_the_end and not self.foreign.finish():
            self.see("foreign history", "what the script wrote elsewhere is not read to its end")
        for kind, fields in self.foreign.take():
            if kind == "history":
                self.emit("history", **fields)
            else:
                self.see("foreign history", str(fields["why"]))

    def _read_log(self, now: float) -> bool:
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
            self.read_history(now, CATCH_UP_S)
        for incident in found:
            self.found(incident, now)
        if changed:
            self.stall.output(now)
        return changed

    def _read_history(self, now: float) -> bool:
        try:
            gained = self.history.poll(self.run.history)
        except OSError as error:
            self.see("history", f"the history cannot be read: {error.strerror or error}")
            return False
        self.see("history", "")
        if gained <= 0:
            return False
        self.stall.rows(now)
        for incident in self.history.judge():
            self.found(incident, now)
        return True

    def found(self, incident: Incident, now: float) -> None:
        """Take an incident into the book."""
        self.book.see(incident, rows=self.history.history.rows, offset=self.log.read, now=now)

    def judge_survived(self, now: float) -> None:
        """Decide which errors training went on after."""
        if self.history.behind:
            return  # which rows came after an error is known when all of them were read
        rows = self.history.history.rows
        late = TRANSLATED_WITHIN_S if mark_of(self.run.history).exists() else 0.0
        self.book.training_went_on(rows, self.log.read, now, has_history=rows > 0, late_s=late)

    def facts(self) -> dict[str, Any]:
        """What is known at this moment: the machine, and the last rows of the history."""
        facts: dict[str, Any] = {"machine": self.machine.facts()} if self.machine is not None else {}
        rows = self.history.history.tail(1)
        if rows:
            facts["last_row"] = {name: value for name, value in rows[0].items() if value == value}
        return facts

    def elapsed(self) -> float:
        """Seconds the process has run, without those it was held."""
        return max(0.0, self.age() - self.state.paused_s)

    def age(self) -> float:
        """Seconds since the process began, by a clock that nobody sets."""
        return self._presence.age_s()

    def hide(self, text: str) -> str:
        """A text without the secrets of this run, and without what has the shape of one."""
        return masked_text(text, self.secrets)

    def _record(self, incident: Incident) -> None:
        incident = mapped(incident, self.hide)
        # The rows tell whoever takes over which came after it.
        self.emit("incident", incident=incident.to_dict(), rows=self.history.history.rows)
        if incident.severity == "error" and incident.fate == "confirmed":
            self.struggle.open(incident)

    def attempt(self, source: str, complaint: str, act: Callable[[], None]) -> None:
        """Do what a disk may refuse; what it refused is tried again each second, and once before we leave."""
        self.sight.attempt(source, complaint, lambda: self._in_place(act))

    def _in_place(self, act: Callable[[], None]) -> None:
        # A folder that was deleted or moved away must not be made anew in its old place.
        if not self.run.path.is_dir():
            raise FileNotFoundError(errno.ENOENT, "the run folder is gone", str(self.run.path))
        act()

    def _meet_process(self) -> None:
        self.attempt("launch", "the shim cannot be started", self._launch)
        if not self._presence.meet():
            return
        assert self.process is not None
        if not self.state.started:
            self.emit("started", pid=self.process.pid, at=self._presence.started)
            self.sight.call("launch", self._begun, None)
        self.struggle.begin()
        self.sight.call("machine", self._look_at_machine, None)

    def _look_at_machine(self) -> None:
        if self.machine is None and self.process is not None:
            moment = parse_utc(self._presence.started)
            began = moment.timestamp() if moment else time.time()
            self.machine = Machine(self.run, self.process.pid, self._presence.began)
            self.kernel = KernelLog(self._presence.began, began)
        if self.kernel is not None:
            self.kernel.look()
        if self.machine is not None:
            self.machine.look()
            self.see("machine", self.machine.problem())
            self.see("gpu", self.machine.gpu_problem())

    def _end_unjudged(self) -> None:
        """What remains when judging itself fails again and again: an end that says so, and no endless run."""
        self._failed_ends += 1
        if self._failed_ends >= FAILED_ENDS:
            reason = self.controls.end_reason or "failed"
            self.emit("ended", reason=reason, sentence=f"its end cannot be judged: {self.sight.why('end')}")
        else:
            time.sleep(SECOND_S)

    def _launch(self) -> None:
        shim_pid = self._presence.launch()
        if shim_pid is None and "launched" not in self.inherited.kinds and not self._launched:
            shim_pid = self._presence.launched_before()
        if shim_pid is not None:
            self._launched = True
            self.emit("launched", shim_pid=shim_pid)

    def _each_second(self, now: float) -> None:
        self.sight.call("machine", self._look_at_machine, None)
        if not self.events.waiting:
            self.see("events", "")
        self.sight.pay()
        self.see("notify", self._notifier.problem)
        self.see("process", self._presence.problem)
        self.sight.call("stall", lambda: self.stall.look(now), None)
        self.sight.call("flags", lambda: self._machine_watch.look(now), None)
        self.sight.call("control", self.controls.limits, None)
        self.sight.call("incidents", lambda: self.judge_survived(now), None)
        if now >= self._give_back_at:
            self._give_back_at = now + EVERY_S
            give_back_memory()
        if now - self._cursor_at >= CURSOR_EVERY_S:
            self._cursor_at = now
            cursor = self.log.cursor()
            kept = self._cursor.get("log_offset"), self._cursor.get("history_rows")
            if cursor is not None and (cursor[0], self.history.judged) != kept:
                self._keep_cursor(*cursor)

    def _write_what_waits(self) -> None:
        """Stay until every event is written: nobody else knows them, and a disk may be full for hours."""
        while not self.events.flush() and self.run.path.is_dir():
            time.sleep(SECOND_S)
        self.struggle.wait_s = LAST_WAIT_S  # after us nobody would write the entry
        self.sight.pay()
        self.see("events", "")

    def _keep_cursor(self, offset: int, line: int, generation: int) -> None:
        rows = self.history.judged
        self._cursor = {"log_offset": offset, "line": line, "generation": generation, "history_rows": rows}
        self.emit("cursor", **self._cursor)
