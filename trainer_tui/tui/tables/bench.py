"""The thread behind the History screen: reads, sorts, and finds what is to be marked. Needs numpy."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from trainer_tui.runs.history import History
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.text import clean
from trainer_tui.tui.histories import Ledger, Page
from trainer_tui.tui.pictures import Tone
from trainer_tui.tui.plotting.choice import NO_HISTORY, NO_ROWS
from trainer_tui.tui.plotting.marks import marks_of
from trainer_tui.tui.plotting.traces import column
from trainer_tui.tui.tables.cells import Look, look_of
from trainer_tui.tui.workbench import Workbench

_SAMPLE = 1500
"""Rows that a column's width is made for; one that needs more gets it when it comes into sight."""

_MOST_FLAGS = 10_000


@dataclass(frozen=True, slots=True)
class TableWish:
    """What to show."""

    run: RunFolder
    sort: str | None = None
    """Column to sort by; None: as the file has it."""
    falling: bool = False


@dataclass(frozen=True, slots=True)
class Flag:
    """What is wrong with a cell, or (column None) at a row."""

    row: int
    column: str | None
    sign: str
    tone: Tone
    text: str


@dataclass(frozen=True, slots=True)
class TablePicture:
    """The history at one moment, ready to be drawn row by row."""

    wish: TableWish
    page: Page
    looks: tuple[Look, ...] = ()
    """In the order of the columns."""
    order: NDArray[np.uint32] | None = None
    """The rows in the order in which they are shown; None: as they are."""
    flags: dict[tuple[int, str | None], Flag] = field(default_factory=dict)
    stops: tuple[tuple[int, str | None], ...] = ()
    """Flagged cells by row, of a stretch of them the first: where `n` goes."""
    best: tuple[int, str] | None = None
    """Row and column of the main metric's best value."""
    hint: str = ""
    waiting: str = ""
    took_s: float = 0.0

    @property
    def rows(self) -> int:
        """How many there are."""
        return self.page.history.rows

    def row_at(self, place: int) -> int:
        """The 0-based row of the history that is shown at a place."""
        return place if self.order is None else int(self.order[place])

    def place_of(self, row: int) -> int:
        """Where a row is shown."""
        if self.order is None:
            return row
        found = np.flatnonzero(self.order == row)
        return int(found[0]) if len(found) else 0


class TableBench(Workbench[TableWish, TablePicture]):
    """Makes tables."""

    def __init__(self, announce: Callable[[], object]) -> None:
        super().__init__("history", announce)
        self._sorted: tuple[object, NDArray[np.uint32] | None] = (None, None)
        self._marked: tuple[object, tuple[object, ...]] = (None, ())

    def runs_of(self, wish: TableWish) -> tuple[RunFolder, ...]:
        """The one run."""
        return (wish.run,)

    def cannot(self, wish: TableWish, why: str) -> TablePicture:
        """A table without rows that says why."""
        page = Page(History(), {}, (0, 0))
        return TablePicture(wish, page, waiting=f"the history cannot be read: {why}")

    def make(self, wish: TableWish, ledgers: list[Ledger], reading: float) -> TablePicture:
        """The table as it is now."""
        begun = time.perf_counter()
        ledger = ledgers[0]
        hint = f"reading {reading:.0%} …" if reading < 1 else ""
        with ledger.lock:
            page = ledger.page()
            if not page.history.rows:
                return TablePicture(wish, page, hint=hint, waiting=_waiting(ledger))
            looks = tuple(_look(page.history, name) for name in page.history.columns)
            order = self._order(wish, page) if reading >= 1 else None
            flags, stops = _flags(ledger, page) if reading >= 1 else ({}, ())
            best = _best(page.history, ledger.main_metric)
        return TablePicture(
            wish, page, looks, order, flags, stops, best, hint, took_s=time.perf_counter() - begun
        )

    def _order(self, wish: TableWish, page: Page) -> NDArray[np.uint32] | None:
        if wish.sort is None or wish.sort not in page.history.columns:
            return None
        key = (wish, page.version)
        if self._sorted[0] != key:
            values = column(page.history, wish.sort)
            # What is no number comes last, whichever way; equal values stay in the order of their rows.
            order = np.argsort(-values if wish.falling else values, kind="stable")
            self._sorted = key, order.astype(np.uint32)
        return self._sorted[1]


def _waiting(ledger: Ledger) -> str:
    return NO_HISTORY if ledger.state.over else NO_ROWS


def _look(history: History, name: str) -> Look:
    values = column(history, name)
    finite = values[np.isfinite(values)]
    whole = bool(len(finite)) and bool((finite == np.floor(finite)).all())
    some = np.concatenate((values[:_SAMPLE], values[-_SAMPLE:], values[:: max(1, len(values) // _SAMPLE)]))
    ends = [float(finite.min()), float(finite.max())] if len(finite) else []
    return look_of(clean(name, 40), whole, [*some.tolist(), *ends])


def _flags(
    ledger: Ledger, page: Page
) -> tuple[dict[tuple[int, str | None], Flag], tuple[tuple[int, str | None], ...]]:
    history = page.history
    flags: dict[tuple[int, str | None], Flag] = {}
    stops: set[tuple[int, str | None]] = set()
    for name in history.columns:
        values = column(history, name)
        blank = np.frombuffer(page.blanks[name], dtype=np.uint8, count=history.rows)
        bad = ~np.isfinite(values) & (blank == 0)
        begins = np.flatnonzero(bad & ~np.concatenate(([False], bad[:-1])))
        stops.update((row, name) for row in begins[:_MOST_FLAGS].tolist())
    for mark in marks_of(history, ledger.incidents, ledger.reached, 1):
        flags[mark.row, mark.column] = Flag(mark.row, mark.column, mark.sign, mark.tone, mark.text)
        stops.add((mark.row, mark.column))
    return flags, tuple(sorted(stops, key=lambda stop: (stop[0], stop[1] or "")))


def _best(history: History, main: str) -> tuple[int, str] | None:
    if main not in history.columns:
        return None
    values = column(history, main)
    finite = np.isfinite(values)
    return (int(np.where(finite, values, np.inf).argmin()), main) if finite.any() else None
