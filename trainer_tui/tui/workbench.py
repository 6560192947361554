"""A thread that works for one screen: told what is wished for, it hands back the newest result."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar

from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.text import clean
from trainer_tui.tui.histories import Ledger, ledger_of

Wished = TypeVar("Wished")
Made = TypeVar("Made")

LOOK_S = 0.5
"""Between two looks at the files while the screen is in front."""

SHARE = 0.1
"""Of the time, at most, goes into drawing what grows; a wish is granted at once."""

PROGRESS_S = 0.4
"""Between two results while a long file is read."""


class Workbench(threading.Thread, ABC, Generic[Wished, Made]):
    """Reads histories and makes something of them, away from the screen.

    `announce` is called in this thread when there is something to `take`; not again before it was taken.
    """

    def __init__(self, name: str, announce: Callable[[], object]) -> None:
        super().__init__(name=name, daemon=True)
        self._announce = announce
        self._wake = threading.Event()
        self._box_lock = threading.Lock()
        self._box: Made | None = None
        self._wish: Wished | None = None
        self._done: Wished | None = None
        self._closing = False
        self._resting = False
        self._growth_at = 0.0
        self._ledgers: dict[RunFolder, Ledger] = {}

    # ------------------------------------------------------------------ called by the screen

    def wish(self, wish: Wished) -> None:
        """Say what is wanted; of several wishes only the newest is granted."""
        if wish != self._wish or wish != self._done:
            self._wish = wish
            self._wake.set()

    def take(self) -> Made | None:
        """The newest result, if there is one since the last call."""
        with self._box_lock:
            made, self._box = self._box, None
        return made

    def rest(self, resting: bool) -> None:
        """Look at no file while the screen is not in front."""
        self._resting = resting
        self._wake.set()

    def close(self) -> None:
        """End the thread soon."""
        self._closing = True
        self._wake.set()

    # ------------------------------------------------------------------ the thread

    @abstractmethod
    def runs_of(self, wish: Wished) -> tuple[RunFolder, ...]:
        """The runs that a wish is about."""

    @abstractmethod
    def make(self, wish: Wished, ledgers: list[Ledger], reading: float) -> Made:
        """Grant a wish; `reading`: the part of the files that was read."""

    @abstractmethod
    def cannot(self, wish: Wished, why: str) -> Made:
        """What to hand over instead."""

    def run(self) -> None:
        """Grant wishes, and look again while files grow."""
        while not self._closing:
            self._wake.wait(None if self._resting or self._wish is None else LOOK_S)
            self._wake.clear()
            wish = self._wish
            if wish is None or self._closing or self._resting:
                continue
            try:
                self._look(wish)
            except Exception as error:  # whatever is in the files, the screen stays and says so
                why = error.strerror if isinstance(error, OSError) else None
                self._done = wish
                self._put(self.cannot(wish, clean(why or f"{type(error).__name__}: {error}", 200)))

    def _look(self, wish: Wished) -> None:
        runs = self.runs_of(wish)
        self._ledgers = {run: self._ledgers.get(run) or ledger_of(run) for run in runs}
        told_at = time.monotonic()

        def go_on(part: float) -> bool:
            nonlocal told_at
            if time.monotonic() - told_at > PROGRESS_S:
                newest = self._wish
                if newest is not None and self.runs_of(newest) == runs:
                    self._put(self.make(newest, list(self._ledgers.values()), part))
                told_at = time.monotonic()
            return (
                not self._closing
                and not self._resting
                and self._wish is not None
                and (self.runs_of(self._wish) == runs)
            )

        # Not `any` of a generator: every file is read, whichever of them grew.
        grew = [ledger.read(go_on) for ledger in self._ledgers.values()]
        newest = self._wish
        if self._closing or newest is None or self.runs_of(newest) != runs:
            return
        if newest == self._done and not (any(grew) or self._owed):
            return
        now = time.monotonic()
        if newest == self._done and now < self._growth_at:
            self._owed = True
            return
        self._owed = False
        self._done = newest
        self._put(self.make(newest, list(self._ledgers.values()), 1.0))
        self._growth_at = time.monotonic() + (time.monotonic() - now) / SHARE

    _owed = False

    def _put(self, made: Made) -> None:
        with self._box_lock:
            announced, self._box = self._box is not None, made
        if not announced and not self._closing:
            self._announce()
