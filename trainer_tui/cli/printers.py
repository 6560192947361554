"""How a watch is told: plain lines in a pipe, a progress bar on a terminal, JSON lines for machines."""

from __future__ import annotations

import time
from typing import Any, Protocol

from trainer_tui.cli.printing import event_line, is_bookkeeping, print_json, run_title, say, state_words
from trainer_tui.cli.records import run_record
from trainer_tui.cli.report import report, report_block
from trainer_tui.runs.events import Event
from trainer_tui.runs.follow import RunFollower
from trainer_tui.runs.layout import ModelFolder

PROGRESS_EVERY_S = 10.0


class Printer(Protocol):
    """How a watch is told."""

    def begin(self, model: ModelFolder, *, attached: bool, living: bool) -> None:
        """The first word: whether we started it."""

    def event(self, follower: RunFollower, event: Event) -> None:
        """Something happened."""

    def progress(self, follower: RunFollower) -> None:
        """Nothing did; say how far it is."""

    def report(self, follower: RunFollower, code: int) -> None:
        """The last word; `code`: the exit code that goes with it."""

    def stranded(self, follower: RunFollower, code: int, why: str) -> None:
        """The last word where nothing more will come before a person asks for it."""

    def detached(self, model: ModelFolder) -> None:
        """The last word when a person leaves."""


class LinePrinter:
    """Plain lines; progress now and then."""

    def __init__(self) -> None:
        self._told_at = time.monotonic()
        self._run = ""

    def begin(self, model: ModelFolder, *, attached: bool, living: bool) -> None:
        """A line where we come to something that was there before."""
        if attached and living:
            say(f"{model.name} is being watched already; attached")
        elif attached:
            say(f"{model.name} does not run; this is its newest run")

    def event(self, follower: RunFollower, event: Event) -> None:
        """One line an event, a title before those of another run."""
        if is_bookkeeping(event):
            return
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
            words = f"{run_title(follower.state)} {state_words(follower.state)}"
            say(f"{time.strftime('%H:%M:%S')} {words}  {progress_text(follower)}")

    def report(self, follower: RunFollower, code: int) -> None:
        """The verdict, and for a failure the report block."""
        say(f"{run_title(follower.state)} {state_words(follower.state)}")
        if code:
            say("")
            for line in report_block(follower.run, follower.state):
                say(line)

    def stranded(self, follower: RunFollower, code: int, why: str) -> None:
        """The verdict so far, and what is missing; how to go on was said."""
        say(f"{run_title(follower.state)} {state_words(follower.state)}; {why}")

    def detached(self, model: ModelFolder) -> None:
        """How to come back."""
        say(f"detached; the run goes on. Come back: trainer-tui watch {model.name}")


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

    def report(self, follower: RunFollower, code: int) -> None:
        """The verdict, without a bar."""
        self._bar.stop()
        super().report(follower, code)

    def stranded(self, follower: RunFollower, code: int, why: str) -> None:
        """The same without a bar."""
        self._bar.stop()
        super().stranded(follower, code, why)

    def detached(self, model: ModelFolder) -> None:
        """How to come back, without a bar."""
        self._bar.stop()
        super().detached(model)


class JsonPrinter:
    """Each event as it is in the run folder, with the run's name; one object before, the report at last."""

    def begin(self, model: ModelFolder, *, attached: bool, living: bool) -> None:
        """Whether we started it or came to what was there."""
        print_json({"kind": "watch", "model": model.name, "attached": attached, "living": living})

    def event(self, follower: RunFollower, event: Event) -> None:
        """One object an event."""
        print_json({"run": follower.state.name, **event})

    def progress(self, follower: RunFollower) -> None:
        """Nothing: machines can ask `status`."""

    def report(self, follower: RunFollower, code: int) -> None:
        """One object with everything."""
        last: dict[str, Any] = {
            "kind": "report",
            "failed": code != 0,
            "exit_code": code,
            "state": run_record(follower),
        }
        if code:
            last["report"] = report(follower.run, follower.state)
        print_json(last)

    def stranded(self, follower: RunFollower, code: int, why: str) -> None:
        """The report of an end that is none yet."""
        state = run_record(follower)
        print_json({"kind": "report", "failed": False, "exit_code": code, "stranded": why, "state": state})

    def detached(self, model: ModelFolder) -> None:
        """That nothing ended but our looking."""
        print_json({"kind": "detached", "model": model.name, "come_back": f"trainer-tui watch {model.name}"})


def progress_text(follower: RunFollower) -> str:
    """`120/2000  train_loss 0.41  val_loss 0.43`."""
    return "  ".join(part for part in (steps_text(follower), _metrics(follower)) if part)


def steps_text(follower: RunFollower) -> str:
    """`120/2000`; empty when the run does not say how far it is."""
    progress = follower.progress
    if progress is None:
        return ""
    return f"{progress.done:g}/{progress.total:g}" if progress.total else f"{progress.done:g}"


def _metrics(follower: RunFollower) -> str:
    history = follower.history
    shown = [(name, history.last(name)) for name in history.metrics()[:3]]
    return "  ".join(f"{name} {value:.4g}" for name, value in shown if value is not None)
