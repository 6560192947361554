"""The watch without a screen: its runs one after the other, until its end, its first failure or its gate."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack

from trainer_tui.cli.living import follows
from trainer_tui.cli.printers import BarPrinter, JsonPrinter, LinePrinter, Printer
from trainer_tui.cli.printing import complain
from trainer_tui.runs.changes import Changes
from trainer_tui.runs.events import Event
from trainer_tui.runs.follow import RunFollower
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.state import RunState
from trainer_tui.runs.verdict import EXIT_FAILED, EXIT_GATE, EXIT_LOST, EXIT_PASSED
from trainer_tui.supervise import start
from trainer_tui.supervise.chain import next_step
from trainer_tui.supervise.revival import Revival

DETACHED = 130
"""Exit code after Ctrl+C, as of any program that it ends."""

FIRST_RUN_WITHIN_S = 10.0
ENDS_WITHIN_S = 1.5
"""So long after the last event of a failing run its end is waited for."""

QUIET_EVENTS = frozenset({"cursor", "launched"})


class Trail:
    """The runs of one watch, each read to its end before the next."""

    def __init__(self, model: ModelFolder, first: RunFolder | None) -> None:
        self.model = model
        self.changes = Changes([model.path])
        self.current: RunFollower | None = None
        self._revival = Revival(self._take_over)
        self._complaint = ""
        self._taken_over: list[str] = []
        self.moved_at = time.monotonic()
        run = first or model.newest()
        if run is not None:
            self._go_to(run)

    def poll(self) -> list[Event]:
        """What is new of the current run."""
        if self.current is None and (latest := self.model.newest()) is not None:
            self._go_to(latest)
        if self.current is None:
            return []
        self.current.poll_history()
        new = [event for event in self.current.poll_state() if event["kind"] not in QUIET_EVENTS]
        if new:
            self.moved_at = time.monotonic()
        return new

    def advance(self) -> bool:
        """Go on to the next run of the watch once the current one is over; True when there is one."""
        assert self.current is not None
        if not self.current.state.over:
            return False
        number, watch = self.current.run.number, self.current.state.watch
        for run in self.model.runs():
            request = run.request() if run.number > number else None
            if request is not None and request.watch == watch:
                self._go_to(run)
                return True
        return False

    def follows(self) -> bool:
        """Whether another run of this watch is to come, or its supervisor has yet to leave."""
        assert self.current is not None
        if follows(self.model, self.current.run, self.current.state):
            return not self.current.state.called_off
        latest = self.model.newest()
        return start.is_unfinished(self.model) and latest is not None and latest.path == self.current.run.path

    def mind_supervisor(self) -> None:
        """Start a supervisor where there has been none for a while, and say when that fails."""
        assert self.current is not None
        watched = self.current.state.supervised or not start.is_unfinished(self.model)
        self._revival.look(watched, time.monotonic())
        if self._revival.problem != self._complaint:
            self._complaint = self._revival.problem
            if self._complaint:
                complain(f"no supervisor could be started: {self._complaint}")

    def stranded(self) -> str:
        """Why nothing more will come unless a user asks for it; empty while something may."""
        if self.current is None or not self._revival.refused or self.current.state.alive:
            return ""
        state, request = self.current.state, self.current.request
        if not state.over:
            return dict(state.blind).get("supervisor", "nobody carries this run on")
        step = next_step(self.model, request, state) if request is not None else None
        return "nobody carries this watch on" + (f", its {step.phase} phase is owed" if step else "")

    def _take_over(self) -> None:
        assert self.current is not None
        name = self.current.run.name
        if not start.come_back(self.model):
            return
        self._taken_over.append(name)  # one that works says so itself, by an event
        if self._taken_over.count(name) == 2:
            complain(f"a supervisor was started for {name} and left; {self.model.supervisor_log} may say why")

    def close(self) -> None:
        """Let go of every file."""
        self.changes.close()
        if self.current is not None:
            self.current.close()

    def _go_to(self, run: RunFolder) -> None:
        if run.request() is None:
            return  # its folder was made this instant
        if self.current is not None:
            self.current.close()
        self.current = RunFollower(run, log_lines=0)
        self.changes.follow([self.model.path, run.path])


def follow(model: ModelFolder, *, until: str, as_json: bool, first: RunFolder | None) -> int:
    """Follow the watch that begins with `first` (None: the newest one); returns the exit code for its end."""
    with ExitStack() as stack:
        printer: Printer
        if as_json:
            printer = JsonPrinter()
        elif sys.stdout.isatty():
            printer = stack.enter_context(BarPrinter())
        else:
            printer = LinePrinter()
        trail = Trail(model, first)
        stack.callback(trail.close)
        try:
            printer.begin(model, attached=first is None, living=start.is_unfinished(model))
            return _follow(trail, printer, until)
        except KeyboardInterrupt:
            printer.detached(model)
            return DETACHED


def _follow(trail: Trail, printer: Printer, until: str) -> int:
    began = time.monotonic()
    while True:
        new = trail.poll()
        run = trail.current
        if run is None:
            if time.monotonic() - began > FIRST_RUN_WITHIN_S:
                complain(f"no run was made; {trail.model.supervisor_log} may say why")
                return EXIT_LOST
            trail.changes.wait(True)
            continue
        for event in new:
            printer.event(run, event)
        if new:
            continue  # what is written at once is told at once: a verdict is no verdict before its last event
        code = _exit_code(trail, run.state, until)
        if code == EXIT_FAILED and not run.state.over and time.monotonic() - trail.moved_at < ENDS_WITHIN_S:
            code = None  # most failures end the process in the same breath: then the report has its end too
        if code is not None:
            printer.report(run, code)
            return code
        if trail.advance():
            continue
        printer.progress(run)
        trail.mind_supervisor()
        if why := trail.stranded():
            printer.stranded(run, EXIT_GATE, why)
            return EXIT_GATE
        trail.changes.wait(bool(new))


def _exit_code(trail: Trail, state: RunState, until: str) -> int | None:
    """The exit code with which to return now; None to go on."""
    if until == "gate":
        if state.phase == "full" and state.watch != state.number and not state.over:
            return EXIT_PASSED  # we came back after the gate
        if state.phase == "quick" and state.passed:
            return EXIT_PASSED
    if state.over:
        return None if trail.follows() else state.exit_code
    failure = state.failure
    certain = failure is not None and failure.fate == "confirmed" and state.alive
    return EXIT_FAILED if until != "end" and certain and state.diary else None
