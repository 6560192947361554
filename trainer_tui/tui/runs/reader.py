"""The thread behind the Runs screen: keeps the catalog, filters and sorts, and hands over whole pictures."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trainer_tui.runs.catalog.catalog import Catalog
from trainer_tui.runs.catalog.shortlist import Order, Shortlist
from trainer_tui.runs.catalog.summary import RunSummary
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.text import clean

LOOK_S = 1.0
"""Between two looks at living runs and at folders."""

PORTION_S = 0.02
"""Reading goes on so long at a time; then the screen has its turn."""

DRAW_S = 0.25
"""Between two pictures while runs are being read; a wish is granted at once."""


@dataclass(frozen=True, slots=True)
class RunsWish:
    """What the list shall show."""

    words: str = ""
    order: Order = field(default_factory=Order)


@dataclass(frozen=True, slots=True)
class RunsPicture:
    """The list at one moment."""

    rows: tuple[RunSummary, ...] = ()
    at: dict[str, int] = field(default_factory=dict, compare=False)
    """Key → row."""
    wish: RunsWish = field(default_factory=RunsWish)
    total: int = 0
    living: int = 0
    failed: int = 0
    unread: int = 0
    problem: str = ""
    begun: bool = False
    """Whether the folders were listed at all."""


class RunsReader(threading.Thread):
    """Keeps the list of all runs. `announce` is called, in this thread, when there is a picture to `take`."""

    def __init__(self, output: Path, logs: Path, announce: Callable[[], object]) -> None:
        super().__init__(name="runs", daemon=True)
        self._catalog = Catalog(output, logs)
        self._shortlist = Shortlist()
        self._announce = announce
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._rests = False
        self._wish = RunsWish()
        self._drawn: RunsWish | None = None
        self._visible: tuple[str, ...] = ()
        self._look_at = self._draw_at = 0.0
        self._lock = threading.Lock()
        self._box: RunsPicture | None = None
        self._problem = self._told = ""

    # ------------------------------------------------------------------ called by the screen

    def take(self) -> RunsPicture | None:
        """The newest picture, once."""
        with self._lock:
            picture, self._box = self._box, None
        return picture

    def wish(self, wish: RunsWish) -> None:
        """Say what to show; the picture comes soon."""
        self._wish = wish
        self._wake.set()

    def see(self, keys: Sequence[str]) -> None:
        """Say which rows are in sight: these are read first, and looked at every second."""
        if tuple(keys) != self._visible:
            self._visible = tuple(keys)
            self._wake.set()

    def look_now(self) -> None:
        """Something was changed from here."""
        self._look_at = 0.0
        self._wake.set()

    def rest(self, rests: bool) -> None:
        """Pause while nobody looks, or go on."""
        self._rests = rests
        self._look_at = 0.0
        self._wake.set()

    def folder(self, key: str) -> RunFolder | None:
        """The folder of a run of the list."""
        return self._catalog.folder(key)

    def close(self) -> None:
        """End the thread soon."""
        self._closing.set()
        self._wake.set()

    # ------------------------------------------------------------------ the thread

    def run(self) -> None:
        """Look, read, hand over, wait."""
        changed, kept = False, False
        # Python's collector would look through all that the app is made of, and then through every run, again
        # and again while thousands of objects come: up to 0.1 s in which no key is answered. All that stays.
        gc.freeze()
        while not self._closing.is_set():
            self._wake.clear()
            if self._rests:
                self._wake.wait()
                continue
            try:
                changed = self._step() or changed
                self._problem = ""
            except Exception as error:  # whatever lies in the folders, the screen stays and says so
                self._problem = f"cannot list the runs: {clean(f'{type(error).__name__}: {error}', 200)}"
                self._look_at = time.monotonic() + LOOK_S
                changed = True
                self._wake.wait(LOOK_S / 2)
            if self._catalog.done and not kept:
                kept = True
                gc.freeze()
            now = time.monotonic()
            wished = self._wish != self._drawn
            if wished or (changed and now >= self._draw_at):
                self._draw()
                changed = False
            pause = 0.002 if not self._catalog.done else max(0.0, self._look_at - time.monotonic())
            self._wake.wait(pause if not changed else min(pause, DRAW_S))
        self._catalog.close()

    def _step(self) -> bool:
        """One portion of work; True when something changed."""
        changed = False
        if time.monotonic() >= self._look_at:
            changed = bool(self._catalog.look(self._visible)) or self._drawn is None
            changed = changed or self._catalog.problem != self._told
            self._look_at = time.monotonic() + LOOK_S
        if not self._catalog.done:
            changed = bool(self._catalog.fill(PORTION_S, self._visible)) or changed
        return changed

    def _draw(self) -> None:
        wish, runs = self._wish, self._catalog.runs
        rows = tuple(self._shortlist.of(runs.values(), wish.words, wish.order))
        picture = RunsPicture(
            rows=rows,
            at={run.key: row for row, run in enumerate(rows)},
            wish=wish,
            total=len(runs),
            living=sum(run.living for run in runs.values()),
            failed=sum(run.over and run.tone == "bad" for run in runs.values()),
            unread=self._catalog.unread,
            problem=self._problem or self._catalog.problem,
            begun=True,
        )
        self._drawn, self._told = wish, self._catalog.problem
        self._draw_at = time.monotonic() + DRAW_S
        with self._lock:
            announced, self._box = self._box is not None, picture
        if not announced:
            self._announce()
