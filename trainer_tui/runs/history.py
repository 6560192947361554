"""`training_history.csv`: metrics, one row an epoch, read as it grows, whoever wrote it."""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from trainer_tui.runs.files import complete_lines
from trainer_tui.runs.history_block import LEAST, parse_block
from trainer_tui.runs.plain import plain_reader
from trainer_tui.runs.tail import Tail

STEP_COLUMNS = ("epoch", "step", "iteration", "iter", "global_step", "round", "draw")
"""Columns that count progress, the first one present is the x axis."""

TIME_COLUMNS = ("time_s", "elapsed_s", "time", "wall_time", "timestamp")

_LOOK_AT = 50
"""Rows that tell what a column of progress counts."""

MAX_LINE = 1 << 20
"""Bytes of the longest line that is read; what never ends must not fill our memory."""


LARGEST = 4 << 30
"""Bytes of the largest history: ten million rows. A sparse file of a terabyte is none."""

READ_SIZE = 1 << 20
"""Bytes read at a time."""

PLAIN_LINE = 100_000
"""Bytes of the longest line that is read without the module `csv`, which refuses longer cells."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A place in the history that could not be read as it stands."""

    line: int
    """1-based."""
    what: str


@dataclass(slots=True)
class History:
    """Numeric columns of equal length; a missing or non-numeric cell is NaN."""

    columns: dict[str, array[float]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    rows: int = 0

    @property
    def step_column(self) -> str | None:
        """The column to plot over; None: the row number.

        A column that stays the same from row to row, as an epoch of many steps does, gives way to the next.
        """
        lower = {name.lower(): name for name in self.columns}
        there = [lower[name] for name in STEP_COLUMNS if name in lower]
        return next((name for name in there if self._counts(name)), there[0] if there else None)

    def _counts(self, name: str) -> bool:
        """Whether a column changes with most rows, by the first of them."""
        first = self.columns[name][:_LOOK_AT]
        return sum(a == b for a, b in pairwise(first)) <= len(first) // 2

    def metrics(self) -> list[str]:
        """The columns that are neither progress nor time."""
        return [n for n in self.columns if n.lower() not in STEP_COLUMNS and n.lower() not in TIME_COLUMNS]

    def last(self, column: str) -> float | None:
        """The last finite value of a column."""
        values = self.columns.get(column, ())
        return next((v for v in reversed(values) if math.isfinite(v)), None)

    def steps(self) -> array[float]:
        """The x values: the step column, or row numbers from 1."""
        column = self.step_column
        return self.columns[column] if column else array("d", range(1, self.rows + 1))

    def row(self, index: int) -> dict[str, float]:
        """One row."""
        return {name: values[index] for name, values in self.columns.items()}

    def keep_last(self, count: int) -> None:
        """Forget all rows but the last `count`."""
        gone = max(0, self.rows - count)
        for values in self.columns.values():
            del values[:gone]
        self.rows -= gone

    def tail(self, count: int) -> list[dict[str, float]]:
        """The last rows, oldest first."""
        return [self.row(i) for i in range(max(0, self.rows - count), self.rows)]


class HistoryReader:
    """Reads a history file incrementally into `history`.

    A torn last line waits until it is whole. A ragged row, a non-numeric cell or a header in mid-file is kept
    as far as it can be read and reported in `history.problems` (the first 100), and so is a line that had to
    be left out. A replaced file is read anew.
    """

    MAX_PROBLEMS = 100

    def __init__(self, path: Path) -> None:
        self.path = path
        self.history = History()
        self.missing: set[tuple[int, str]] = set()
        """(row, column) of empty cells among the rows of the last poll."""
        self.behind = False
        """Whether the last poll left something unread because it was to read only so much."""
        self._tail = Tail(path, largest=LARGEST)
        self._rest = b""
        self._passing_over = False
        self._header: list[str] = []
        self._plain: list[array[float]] = []
        """The columns in the order of the header, where the header names all of them."""
        self._line = 0

    def poll(self, at_most: int | None = None) -> int:
        """Read what is new and return the number of rows gained (all of them, if the file was replaced).

        `at_most`: bytes to read in this poll. Raises OSError when the file exists and cannot be read.
        """
        before = self.history.rows
        self.missing.clear()
        self.behind = False
        if self._tail.rotated():
            # TrainingRun widens a history by an atomic rename; the old file gets no more rows.
            self._tail.close()
            self._tail = Tail(self.path, largest=LARGEST)
            before = self._begin_again()
        while True:
            chunk = self._tail.read(at_most or READ_SIZE)
            if chunk.change:
                before = self._begin_again()
            if chunk.data:
                self._feed(chunk.data)
            if not chunk.data or at_most is not None:
                self.behind = at_most is not None and len(chunk.data) == at_most
                return self.history.rows - before

    @property
    def offset(self) -> int:
        """Bytes of the file that were read."""
        return self._tail.offset

    def logged(self, count: int) -> list[dict[str, float]]:
        """The last `count` rows without their empty cells: what the script really wrote (after `poll`)."""
        first = self.history.rows - count
        return [
            {
                name: values[row]
                for name, values in self.history.columns.items()
                if (row, name) not in self.missing
            }
            for row in range(first, self.history.rows)
        ]

    def close(self) -> None:
        """Let go of the file."""
        self._tail.close()

    def _begin_again(self) -> int:
        self.history.columns.clear()
        self.history.problems.clear()
        self.history.rows = 0
        self._rest, self._passing_over = b"", False
        self._header, self._plain, self._line = [], [], 0
        return 0

    def _feed(self, data: bytes) -> None:
        # Of a piece so short only the first line, begun before it, can be too long.
        at_once = len(data) <= MAX_LINE and not self._passing_over
        data = self._rest + data
        if at_once and len(data) >= LEAST:
            data = self._feed_block(data)
        lines, used = complete_lines(data)
        self._rest = data[used:]
        for line in lines:
            self._line += 1
            if self._passing_over or len(line) > MAX_LINE:
                self._problem(f"a line of more than {MAX_LINE >> 10} KiB was left out")
            elif not self._take_plain(line):
                self._take(line)
            self._passing_over = False
        if len(self._rest) > MAX_LINE:
            self._rest, self._passing_over = b"", True

    def _feed_block(self, data: bytes) -> bytes:
        """Take the rows that can be read all at once; what is left is to be read line by line."""
        first = data.find(b"\n", 0, MAX_LINE) + 1
        if first and not self._header:
            self._line += 1
            self._take(data[: first - 1])
            data = data[first:]
            first = data.find(b"\n", 0, MAX_LINE) + 1
        whole = data.rfind(b"\n") + 1
        if not first or set(self._header) != set(self.history.columns):
            return data
        block = parse_block(data[:whole], len(self._header))
        if block is None:
            return data
        rows = self.history.rows
        for name, values in zip(self._header, block.columns, strict=True):
            self.history.columns[name].frombytes(values)
        self.missing.update((rows + row, self._header[column]) for row, column in block.missing)
        self.history.rows += block.rows
        self._line += block.rows
        return data[whole:]

    def _take_plain(self, line: bytes) -> bool:
        """Take a row of nothing but numbers as `_take` would, in a third of the time; False: not taken."""
        line = line.rstrip(b"\r")
        cells = line.split(b",")
        if len(cells) != len(self._plain) or b"\r" in line or len(line) > PLAIN_LINE:
            return False
        try:
            values = list(map(float, cells))
        except ValueError:
            return False
        for column, value in zip(self._plain, values, strict=True):
            column.append(value)
        self.history.rows += 1
        return True

    def _take(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").strip("\r\ufeff")
        if "\0" in text:
            text = text.replace("\0", "")
            self._problem("NUL bytes were left out")
        if not text.strip():
            return
        try:
            cells = next(iter(csv.reader([text])), [])
        except csv.Error:
            self._problem("the line cannot be read as CSV and was left out")
            return
        if not self._header or self._is_new_header(cells):
            self._set_header(cells)
        else:
            self._add_row(cells)

    def _is_new_header(self, cells: list[str]) -> bool:
        names = [c.strip() for c in cells]
        return (
            bool(names)
            and all(n and _number(n) is None for n in names)
            and len(set(names)) == len(names)
            and (names == self._header or (bool(set(names) & set(self._header)) and len(names) > 1))
        )

    def _set_header(self, cells: list[str]) -> None:
        if self._header:
            self._problem("the header changed here")
        self._header = _unique(cell.strip() or f"column {i}" for i, cell in enumerate(cells, 1))
        for name in self._header:
            if name not in self.history.columns:
                self.history.columns[name] = array("d", [math.nan]) * self.history.rows
        all_named = len(self._header) == len(self.history.columns)
        self._plain = [self.history.columns[name] for name in self._header] if all_named else []

    def _add_row(self, cells: list[str]) -> None:
        if len(cells) != len(self._header):
            self._problem(f"{len(cells)} cells where the header has {len(self._header)}")
        row = self.history.rows
        values = dict(zip(self._header, cells, strict=False))
        for name, column in self.history.columns.items():
            cell = values.get(name, "").strip()
            value = _number(cell) if cell else math.nan
            if value is None:
                self._problem(f"{name}: {cell[:40]!r} is not a number")
                value = math.nan
            if not cell or (value != value and cell.lower().lstrip("+-") != "nan"):
                self.missing.add((row, name))
            column.append(value)
        self.history.rows += 1

    def _problem(self, what: str) -> None:
        if len(self.history.problems) < self.MAX_PROBLEMS:
            self.history.problems.append(Problem(self._line, what))


def read_history(path: Path, *, within: Path | None = None) -> History:
    """The whole history in a file; `within`: the folder out of which no link may lead.

    Raises OSError when there is none or it cannot be read.
    """
    with plain_reader(path, within=within):
        reader = HistoryReader(path)
    try:
        reader.poll()
    finally:
        reader.close()
    return reader.history


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _unique(names: Iterator[str]) -> list[str]:
    result: dict[str, None] = {}
    for name in names:
        free, count = name, 1
        while free in result:
            count += 1
            free = f"{name} ({count})"
        result[free] = None
    return list(result)
