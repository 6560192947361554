"""The watch without a screen: plain lines in a pipe, a progress bar on a terminal, JSON lines for machines."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from typing import Any, Protocol

from trainer_tui.cli.printing import event_line, print_json, run_title, say, state_record, state_words
from trainer_tui.cli.report import report, report_block
from trainer_tui.runs.changes import Changes
from trainer_tui.runs.clock import duration_text
from trainer_tui.runs.events import Event
from trainer_tui.runs.follow import RunFollower, WatchFollower
from trainer_tui.runs.layout import ModelFolder
from trainer_tui.runs.state import RunState
from trainer_tui.runs.verdict import EXIT_LOST
from trainer_tui.supervise import start

PROGRESS_EVERY_S = 10.0
REVIVE_AFTER_S = 2.0
FIRST_RUN_WITHIN_S = 10.0
QUIET_EVENTS = frozenset({"cursor", "launched"})


class Printer(Protocol):
    """How a watch is told."""

    def event(self, follower: RunFollower, event: Event) -> None:
        """Something happened."""

    def progress(self, follower: RunFollower) -> None:
        """Nothing did; say how far it is."""

    def report(self, follower: RunFollower, *, failed: bool) -> None:
        """The last word."""


def follow(model: ModelFolder, *, until: str, as_json: bool, begun: bool) -> int:
    """Follow the newest watch until its end, its first failure or its gate; returns the exit code for it."""
    with ExitStack() as stack:
        printer: Printer
        if as_json:
            printer = JsonPrinter()
        elif sys.stdout.isatty():
            printer = stack.enter_context(BarPrinter())
        else:
            printer = LinePrinter()
        if not as_json and not begun:
            say(f"{model.name} is being watched already; attached")
        changes = Changes([model.path])
        stack.callback(changes.close)
        try:
            return _follow(WatchFollower(model, log_lines=10), changes, printer, until)
        except KeyboardInterrupt:
            say(f"detached; the run goes on. Come back: trainer-tui watch {model.name}")
            return 130


def _follow(watch: WatchFollower, changes: Changes, printer: Printer, until: str) -> int:
    unsupervised_since: float | None = None
    began = time.monotonic()
    while True:
        if watch.poll_runs() and watch.current is not None:
            changes.follow([watch.model.path, watch.current.run.path])
        run = watch.current
        if run is None:
            if time.monotonic() - began > FIRST_RUN_WITHIN_S:
                say("no run was made; see supervisor.log in the model's output folder")
                return EXIT_LOST
            changes.wait(True)
            continue
        run.poll_history()
        new = run.poll_state()
        for event in new:
            if event["kind"] not in QUIET_EVENTS:
                printer.event(run, event)
        state = run.state
        ended = _is_end(watch, state, until)
        if ended is not None:
            printer.report(run, failed=ended)
            return 1 if ended and not state.over else state.exit_code
        if not new:
            printer.progress(run)
        if state.supervised:
            unsupervised_since = None
        elif unsupervised_since is None:
            unsupervised_since = time.monotonic()
        elif time.monotonic() - unsupervised_since > REVIVE_AFTER_S:
            start.revive(watch.model)
            unsupervised_since = None
        changes.wait(bool(new))


def _is_end(watch: WatchFollower, state: RunState, until: str) -> bool | None:
    """None: go on; False: it is over; True: somebody must act now."""
    failure = state.failure
    if until in ("failure", "gate") and failure is not None and failure.fate == "confirmed" and _written_up(state):
        return True
    if not state.over:
        return None
    if state.phase == "quick" and state.reason == "passed" and until == "gate":
        return False
    if start.is_unfinished(watch.model):
        return None  # the full phase or a restart follows
    return not state.passed


def _written_up(state: RunState) -> bool:
    return bool(state.diary) or state.over


class LinePrinter:
    """Plain lines; progress now and then."""

    def __init__(self) -> None:
        self._told_at = 0.0
        self._run = ""

    def event(self, follower: RunFollower, event: Event) -> None:
        """One line an event, a title before those of another run."""
        if self._run != follower.state.name:
            self._run = follower.state.name
            say(f"— {run_title(follower.state)}")
        for line in event_line(event).split("\n"):
            say(line)

    def progress(self, follower: RunFollower) -> None:
        """One line every few seconds while it runs."""
        now = time.monotonic()
        if follower.state.alive and now - self._told_at >= PROGRESS_EVERY_S:
            self._told_at = now
            say(f"{time.strftime('%H:%M:%S')} {progress_text(follower)}")

    def report(self, follower: RunFollower, *, failed: bool) -> None:
        """The verdict, and for a failure the report block."""
        say(f"{run_title(follower.state)} {state_words(follower.state)}")
        if failed:
            print("\n" + report_block(follower.run, follower.state), flush=True)


class BarPrinter(LinePrinter):
    """Lines with a progress bar below them (Rich)."""

    def __enter__(self) -> BarPrinter:
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            transient=True,
        )
        self._bar.start()
        self._task = self._bar.add_task("starting", total=None)
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def progress(self, follower: RunFollower) -> None:
        """Move the bar."""
        progress = follower.progress
        self._bar.update(
            self._task,
            description=f"{run_title(follower.state)} {follower.state.status} {_metrics(follower)}",
            total=progress.total if progress else None,
            completed=progress.done if progress else 0,
        )

    def report(self, follower: RunFollower, *, failed: bool) -> None:
        """The verdict, without a bar."""
        self._bar.stop()
        super().report(follower, failed=failed)


class JsonPrinter:
    """Each event as it is in the run folder, with the run's name; at last the state, and the report of a failure."""

    def event(self, follower: RunFollower, event: Event) -> None:
        """One object an event."""
        print_json({"run": follower.state.name, **event})

    def progress(self, follower: RunFollower) -> None:
        """Nothing: machines can ask `status`."""

    def report(self, follower: RunFollower, *, failed: bool) -> None:
        """One object with everything."""
        last: dict[str, Any] = {"kind": "report", "failed": failed, "state": state_record(follower.state)}
        if failed:
            last["report"] = report(follower.run, follower.state)
        print_json(last)


def progress_text(follower: RunFollower) -> str:
    """`full (5B) 120/2000  train_loss 0.41  12:10`."""
    state, progress = follower.state, follower.progress
    steps = ""
    if progress is not None:
        steps = f"{progress.done:g}/{progress.total:g} " if progress.total else f"{progress.done:g} "
    return f"{run_title(state)} {state.status} {steps}{_metrics(follower)} {duration_text(state.duration_s)}"


def _metrics(follower: RunFollower) -> str:
    history = follower.history
    shown = [(name, history.last(name)) for name in history.metrics()[:3]]
    return "  ".join(f"{name} {value:.4g}" for name, value in shown if value is not None)
