"""Rows of metrics, whoever wrote them: sparse, merged by the step they belong to, written once."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping

from trainer_tui.runs.history import STEP_COLUMNS, TIME_COLUMNS

Row = dict[str, float]
"""What a source says at one moment: progress (epoch, step, …) and metrics by name; absent is unknown."""

MOST_NAME = 120
"""Characters of a column's name that are kept."""

LONGEST_NUMBER = 40

EXACT = 1e15
"""Below it a float that is whole stands for a whole number."""

RENAMED = {
    "_step": "step",
    "_runtime": "elapsed_s",
    "_timestamp": "timestamp",
    "trainer/global_step": "global_step",
    "num_updates": "step",
    "it": "iter",
}
"""Names of progress and time that would not be taken for such: everything else keeps the tool's name."""

FINE = ("step", "global_step", "iteration", "iter", "round", "draw")
"""Progress finer than epochs: where it is told, rows belong together by it alone."""


def column(name: str) -> str:
    """A metric's name as that of a column: one line, no blanks, no separators, of bearable length."""
    name = "_".join(name.replace(";", " ").replace("|", " ").split())[:MOST_NAME]
    return RENAMED.get(name, name)


def is_progress(name: str) -> bool:
    """Whether a column counts progress."""
    return name.lower() in STEP_COLUMNS


def metrics_in(row: Iterable[str]) -> list[str]:
    """The columns that are neither progress nor time."""
    return [n for n in row if n.lower() not in STEP_COLUMNS and n.lower() not in TIME_COLUMNS]


def key_of(row: Row) -> tuple[str, float] | None:
    """What rows are merged by: the finest progress told; None when none is."""
    lower = {name.lower(): name for name in row}
    for name in (*FINE, "epoch"):
        if name in lower:
            return name, row[lower[name]]
    return None


def plain(value: float) -> float:
    """The number as it is written: whole ones as integers."""
    return int(value) if math.isfinite(value) and value == int(value) and abs(value) < EXACT else value


class Merger:
    """Puts rows of one step together: many tools log training and validation of a step apart.

    The newest row is kept back until one of another step comes, or `flush`.
    """

    def __init__(self) -> None:
        self._row: Row = {}

    @property
    def waiting(self) -> bool:
        """Whether a row is kept back."""
        return bool(self._row)

    def feed(self, rows: Iterable[Row]) -> list[Row]:
        """The rows that are complete now. A row without a metric says nothing and is left out."""
        done: list[Row] = []
        for row in rows:
            if self._row and not self._belongs(row):
                done += self.flush()
            self._row = {**self._row, **row}
        return done

    def flush(self) -> list[Row]:
        """The row that was kept back."""
        row, self._row = self._row, {}
        return [row] if metrics_in(row) else []

    def _belongs(self, row: Row) -> bool:
        key = key_of(row)
        if key is None or key != key_of(self._row):
            return False
        return all(self._row[name] == row[name] for name in row.keys() & self._row.keys())


class Written:
    """The values that stand in a table already, so that a source read from its start again adds none twice.

    Values are known by column, number and the progress of their row, in any order: a source may give them in
    other portions the second time.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self._left: Counter[int] = Counter()
        for row in rows:
            for name, value in row.items():
                if not is_progress(name):
                    self._left[_mark(row, name, value)] += 1
        self.left = self._left.total()
        """How many of them the source has not given again."""

    def without(self, row: Row) -> Row:
        """What of this row is not written yet; empty when all of it is."""
        new = {}
        for name, value in row.items():
            if not is_progress(name):
                mark = _mark(row, name, value)
                if self._left[mark] > 0:
                    self._left[mark] -= 1
                    self.left -= 1
                else:
                    new[name] = value
        if not metrics_in(new):
            return {}
        return {**{name: value for name, value in row.items() if is_progress(name)}, **new}


def _mark(row: Row, name: str, value: float) -> int:
    key = key_of(row)
    # Two NaNs are told apart, their words are not.
    return hash((key and (key[0], repr(plain(key[1]))), name, repr(plain(value))))


def numbers(values: Mapping[str, object]) -> Row:
    """The numbers among the values, also those written as text; NaN and infinities stay."""
    row: Row = {}
    for name, value in values.items():
        number = number_of(value)
        if number is not None:
            row[column(str(name))] = number
    return row


def number_of(value: object) -> float | None:
    """The number that a value is, or says in text; None when it is none. True and False are none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | bytes):
        return None
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str) and (len(value) > LONGEST_NUMBER or "_" in value):
        return None  # Python itself would read 1_000
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None
