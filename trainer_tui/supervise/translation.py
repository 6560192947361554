"""One foreign history, translated into the run's `training_history.csv` as it grows, each value once."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from trainer_tui.runs.files import replace_json
from trainer_tui.runs.formats import Merger, Row, Source, Written, plain
from trainer_tui.runs.formats.rows import metrics_in
from trainer_tui.runs.formats.tables import TableParser
from trainer_tui.runs.handover import mark_of, while_ours
from trainer_tui.runs.history_writer import HistoryWriter
from trainer_tui.runs.plain import plain_reader

PENDING_S = 2.0
"""So long does a row wait for more of its step before it is written."""

MOST_COLUMNS = 200
"""Further ones are left out: the table stays readable, and its writer would refuse them a little later."""

PIECE = 1 << 20


class NotOursError(Exception):
    """The table has become the script's own."""


class Translation:
    """Takes rows from a source and appends those that the table does not hold yet.

    A source that is read from its start again, after a kill of the supervisor or since its file was replaced,
    gives rows that are written already: what stands in the table is not written twice.
    """

    def __init__(self, table: Path, source: Source) -> None:
        self._table = table
        self._source = source
        self._merger = Merger()
        self._pending_since = 0.0
        self._columns: set[str] = set()
        self._writer = HistoryWriter(table)
        self._written: Written | None = None
        self._left_at: tuple[int, int] | None = None
        self.rows = 0
        """Rows written."""
        if table.exists():
            self._read_again()

    @property
    def source(self) -> Source:
        """What is translated."""
        return self._source

    def step(self, rows: list[Row] | None = None) -> bool:
        """Take what is new (and `rows` that were read before); whether there was anything.

        Raises OSError when the source cannot be read, NotOursError once somebody else writes the table.
        """
        if self._writer.waiting:
            if not self._writer.flush():
                return False  # a full disk: what is not read now is not lost
            self._left_at = _identity(self._table)
        new = self._source.poll() if rows is None else rows
        now = time.monotonic()
        if self._source.began_anew and rows is None:
            self._write(self._unwritten(self._merger.flush()))
            self._read_again()
        # Merged first, as when they were written: a row that a source gives twice stands there once.
        done = self._merger.feed(new)
        if new:
            self._pending_since = now
        elif self._merger.waiting and now - self._pending_since >= PENDING_S:
            done += self._merger.flush()
        self._write(self._unwritten(done))
        return bool(new) or self._source.behind

    def finish(self) -> None:
        """Write all that is left. Raises OSError and NotOursError as `step` does."""
        rows = self._merger.feed(self._source.finish())
        self._write(self._unwritten(rows + self._merger.flush()))

    def close(self) -> None:
        """Let go of the files."""
        self._writer.close()
        self._source.close()

    def _unwritten(self, rows: list[Row]) -> list[Row]:
        if self._written is None:
            return rows
        left = [row for row in map(self._written.without, rows) if row]
        if not self._written.left:
            self._written = None
        return left

    def _read_again(self) -> None:
        rows = []
        for row in rows_of_table(self._table):
            self._columns.update(row)
            rows.append(row)
        written = Written(rows)
        self._written = written if written.left else None

    def _write(self, rows: list[Row]) -> None:
        with while_ours(self._table) as ours:
            if not ours or self._touched():
                raise NotOursError
            for row in filter(metrics_in, map(self._fitting, rows)):
                self._writer.append({name: plain(value) for name, value in row.items()})
                self.rows += 1
            if rows:
                self._left_at = _identity(self._table)

    def _touched(self) -> bool:
        """Whether somebody wrote the table since we did."""
        return (
            self._left_at is not None and not self._writer.waiting and _identity(self._table) != self._left_at
        )

    def _fitting(self, row: Row) -> Row:
        for name in row:
            if len(self._columns) < MOST_COLUMNS:
                self._columns.add(name)
        return {name: value for name, value in row.items() if name in self._columns}


def begin(table: Path, source: Source, kind: str) -> Translation:
    """A translation into this table, marked as such. Raises OSError when the mark cannot be written."""
    replace_json(mark_of(table), {"source": str(source.path), "format": kind})
    return Translation(table, source)


def rows_of_table(path: Path) -> Iterator[Row]:
    """The rows of a table, piece by piece; none where there is no table."""
    parser = TableParser()
    try:
        with plain_reader(path) as file:
            while data := file.read(PIECE):
                yield from parser.feed(data)
    except FileNotFoundError:
        return


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size
