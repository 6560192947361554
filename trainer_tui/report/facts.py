"""Everything that is known of a watch, read from its run folders, the folders before it and the diary."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from trainer_tui import diary
from trainer_tui.runs.catalog.compare import patch_of
from trainer_tui.runs.catalog.labels import Labels, read_labels
from trainer_tui.runs.clock import parse_utc, seconds_between
from trainer_tui.runs.events import Event, read_events
from trainer_tui.runs.history import History, read_history
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.plan import RunRequest
from trainer_tui.runs.process import running_s
from trainer_tui.runs.state import RunState, observe
from trainer_tui.runs.verdict import Tone

AT_MOST = 200
"""Earlier runs that are looked at for the last good one."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """One run of the watch."""

    run: RunFolder
    state: RunState
    request: RunRequest | None
    events: tuple[Event, ...]
    history: History
    machine: History
    """`telemetry.csv`, read as what it is: a table of numbers."""
    labels: Labels
    unread: tuple[str, ...] = ()
    """What of it could not be read, and why."""

    def incident_times(self) -> dict[str, str]:
        """Incident → when it was written first."""
        found: dict[str, str] = {}
        for event in self.events:
            if event["kind"] == "incident" and isinstance(event.get("incident"), dict):
                found.setdefault(str(event["incident"].get("id")), str(event["time"]))
        return found


@dataclass(frozen=True, slots=True)
class WatchFacts:
    """One watch: its runs in order, and what surrounds them."""

    model: str
    project: str
    runs: tuple[RunFacts, ...]
    before: tuple[RunState, ...] = ()
    """Runs of earlier watches that tried the same since it last passed, oldest first."""
    good: RunState | None = None
    """The last run of the newest phase that passed before this watch."""
    changes: str = ""
    """Unified diff of the sources against it."""
    changes_left_out: tuple[str, ...] = ()
    entries: tuple[diary.Entry, ...] = ()
    """The diary's entries about its runs."""
    unread: tuple[str, ...] = ()
    now: str = ""
    """When it was read."""

    @property
    def newest(self) -> RunFacts:
        """The last run: how it ended is how the watch ended."""
        return self.runs[-1]

    @property
    def over(self) -> bool:
        """Whether every run of it has ended. Another may still follow the last one."""
        return all(run.state.over for run in self.runs)

    @property
    def tone(self) -> Tone:
        """Of its outcome."""
        return self.newest.state.tone

    def last_of(self, phase: str) -> RunFacts | None:
        """The last attempt at a phase."""
        return next((run for run in reversed(self.runs) if run.state.phase == phase), None)


def collect(model: ModelFolder, run: RunFolder, project: str, notebook: Path, now: str) -> WatchFacts:
    """The watch that a run belongs to, as its folders say at the moment `now` (a UTC stamp).

    What cannot be read is named in `unread`, never an error.
    """
    request = run.request()
    watch = request.watch if request is not None else run.number
    folders = model.watch_runs(watch) or [run]
    runs = tuple(_run(folder, now) for folder in folders)
    newest = runs[-1]
    before, good = _before(model, newest.run, folders[0].number)
    changes, left_out = patch_of(good.source, newest.run.source) if good is not None else ("", ())
    entries, unread = _entries(notebook, runs)
    return WatchFacts(
        model=model.name,
        project=project,
        runs=runs,
        before=before,
        good=observe(good) if good is not None else None,
        changes=changes,
        changes_left_out=left_out,
        entries=entries,
        unread=unread,
        now=now,
    )


def _run(folder: RunFolder, now: str) -> RunFacts:
    unread: list[str] = []
    try:
        events = tuple(read_events(folder.events))
    except OSError as error:
        events = ()
        unread.append(_why(folder.events, error))
    state = (
        observe(folder) if not unread else RunState(folder.name, folder.model, folder.number, folder.phase)
    )
    if not state.over and state.started and state.exit is None and running_s(folder) is None:
        state = replace(state, duration_s=_until(state.started, now))
    return RunFacts(
        folder,
        state,
        folder.request(),
        events,
        _table(folder.history, unread),
        _table(folder.telemetry, unread),
        read_labels(folder),
        tuple(unread),
    )


def _table(path: Path, unread: list[str]) -> History:
    try:
        return read_history(path, within=path.parent)
    except FileNotFoundError:
        return History()
    except OSError as error:
        unread.append(_why(path, error))
        return History()


def _before(
    model: ModelFolder, newest: RunFolder, first: int
) -> tuple[tuple[RunState, ...], RunFolder | None]:
    """Earlier tries at the same phase, and the good run before them."""
    tries: list[RunState] = []
    earlier = [run for run in model.runs() if run.number < first and run.phase == newest.phase]
    for run in reversed(earlier[-AT_MOST:]):
        if run.request() is None:
            continue
        state = observe(run)
        if state.passed:
            return tuple(reversed(tries)), run
        tries.append(state)
    return tuple(reversed(tries)), None


def _entries(notebook: Path, runs: tuple[RunFacts, ...]) -> tuple[tuple[diary.Entry, ...], tuple[str, ...]]:
    if not notebook.exists():
        return (), ()
    try:
        book = diary.read(notebook)
    except OSError as error:
        return (), (_why(notebook, error),)
    numbers = {number for run in runs for number, _ in run.state.diary}
    about = {entry.start for run in runs for entry in diary.entries_for_run(book, run.run.name)}
    # A number may have been given again by hand: an entry that says what it is about is about that.
    named = {entry.number for entry in book.entries if entry.start in about}
    return tuple(e for e in book.entries if e.start in about or (e.number in numbers - named)), ()


def _until(start: str, now: str) -> float | None:
    return seconds_between(start, now) if parse_utc(now) is not None else None


def _why(path: Path, error: OSError) -> str:
    return f"{path.name}: {error.strerror or error}"
