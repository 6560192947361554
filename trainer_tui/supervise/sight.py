"""What the supervisor can see, and what it owes: a fault in one part costs that part's sight alone."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import Protocol, TypeVar

from trainer_tui.runs.state import RunState
from trainer_tui.supervise.complaints import complain, complain_of

T = TypeVar("T")

WELL_AFTER_S = 60.0
"""A part that failed counts as seeing again when it has not failed for so long: it must not flicker."""


class Recorder(Protocol):
    """Whoever records events and folds them into a state."""

    state: RunState

    def emit(self, kind: str, **fields: object) -> None:
        """Record an event."""


class Sight:
    """Says once when a source cannot be seen, and when it can again; keeps what a disk refused."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._blind: dict[str, str] = dict(recorder.state.blind)
        self._failed_at: dict[str, float] = {}
        self._told: set[tuple[str, str]] = set()
        self._owed: dict[str, Callable[[], None]] = {}

    def why(self, source: str) -> str:
        """Why a source cannot be seen; empty when it can."""
        return self._blind.get(source, "")

    def see(self, source: str, problem: str) -> None:
        """Note that a source cannot be seen; an empty `problem` says that it can."""
        recorder = self._recorder
        if problem and recorder.state.over:
            # A blind event would outlive the run: nobody would ever say that it is seen again.
            complain(f"{recorder.state.name}, {source}: {problem}")
        elif problem and source not in self._blind:
            self._blind[source] = problem
            recorder.emit("blind", source=source, why=problem)
        elif not problem and source in self._blind and source not in self._failed_at:
            del self._blind[source]
            recorder.emit("sighted", source=source)

    def call(self, source: str, act: Callable[[], T], otherwise: T) -> T:
        """What `act` returns; `otherwise` when it raises, which makes its source blind."""
        try:
            result = act()
        except Exception as error:  # whatever it is, the run goes on and so must its supervision
            self._failed_at[source] = time.monotonic()
            self._tell(source, error)
            return otherwise
        self._well(source)
        return result

    def attempt(self, source: str, complaint: str, act: Callable[[], None]) -> None:
        """Do what a disk may refuse; what it refused is tried again whenever `pay` is called."""
        try:
            act()
        except Exception as error:
            self._owed.setdefault(source, lambda: self.attempt(source, complaint, act))
            if isinstance(error, OSError):
                self.see(source, f"{complaint}: {error.strerror or error}")
            else:
                self._tell(source, error)
        else:
            self._owed.pop(source, None)
            self.see(source, "")

    def pay(self) -> None:
        """Try again what is owed."""
        for pay in list(self._owed.values()):
            pay()

    def _well(self, source: str) -> None:
        failed_at = self._failed_at.get(source)
        if failed_at is not None and time.monotonic() - failed_at >= WELL_AFTER_S:
            del self._failed_at[source]
            self.see(source, "")

    def _tell(self, source: str, error: Exception) -> None:
        """Say it, once for each place that raised with its traceback on stderr, which is `supervisor.log`."""
        frames = traceback.extract_tb(error.__traceback__)
        place = f"{type(error).__name__} at {frames[-1].filename}:{frames[-1].lineno}"
        if (source, place) not in self._told:
            self._told.add((source, place))
            complain(f"{self._recorder.state.name}, {source}: supervision goes on after")
            complain_of(error)
        self.see(source, f"an unexpected {type(error).__name__}: {error}; see supervisor.log")
