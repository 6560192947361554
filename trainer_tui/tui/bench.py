"""A thread that works for one screen: told what is wished for, it hands back the newest result."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar

from trainer_tui.runs.text import clean

Wished = TypeVar("Wished")
Made = TypeVar("Made")


class Bench(threading.Thread, ABC, Generic[Wished, Made]):
    """Reads files and makes something of them, away from the screen.

    `announce` is called in this thread when there is something to `take`; not again before it was taken.
    `look_s`: seconds between two looks at the files while the screen is in front.
    """

    def __init__(self, name: str, announce: Callable[[], object], look_s: float) -> None:
        super().__init__(name=name, daemon=True)
        self._announce = announce
        self._look_s = look_s
        self._wake = threading.Event()
        self._box_lock = threading.Lock()
        self._box: Made | None = None
        self._wish: Wished | None = None
        self._closing = False
        self._resting = False

    # ------------------------------------------------------------------ called by the screen

    def wish(self, wish: Wished) -> None:
        """Say what is wanted; of several wishes only the newest is granted."""
        if wish != self._wish:
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
    def look(self, wish: Wished) -> None:
        """Look at the files and `hand_over` what came of it, if there is news."""

    @abstractmethod
    def cannot(self, wish: Wished, why: str) -> Made:
        """What to hand over instead of a look that failed."""

    def let_go(self) -> None:
        """Close what is open; called once, at the end."""

    def run(self) -> None:
        """Grant wishes, and look again while files grow."""
        while not self._closing:
            self._wake.wait(None if self._resting or self._wish is None else self._look_s)
            self._wake.clear()
            wish = self._wish
            if wish is None or self._closing or self._resting:
                continue
            try:
                self.look(wish)
            except Exception as error:  # whatever is in the files, the screen stays and says so
                why = error.strerror if isinstance(error, OSError) else None
                self.hand_over(self.cannot(wish, clean(why or f"{type(error).__name__}: {error}", 200)))
        self.let_go()

    def hand_over(self, made: Made) -> None:
        """Put a result where the screen takes it."""
        with self._box_lock:
            announced, self._box = self._box is not None, made
        if not announced and not self._closing:
            self._announce()
