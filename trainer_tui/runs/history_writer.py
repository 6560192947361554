"""Writing `training_history.csv`: a rectangular table, a row an epoch; no full disk tears it."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from trainer_tui.runs.plain import open_plain, plain_reader, read_plain
from trainer_tui.runs.script_io import cell, quoted, replacing, warn

FIRST = ("epoch", "train_loss", "val_loss")
LAST = ("grad_norm", "time_s", "elapsed_s")
"""The header is `FIRST`, then the script's own metrics in the order given, then `LAST`."""

MOST_COLUMNS = 256
"""A script that invents a column a row would otherwise rewrite the whole table a row."""

RETRY_S = 1.0
"""How long a file that refused is left alone: training must not pay for a full disk on every row."""


def ordered(names: Mapping[str, object]) -> list[str]:
    """The columns of a first row in the order of the table."""
    fixed = {*FIRST, *LAST}
    own = [name for name in names if name not in fixed]
    return [n for n in FIRST if n in names] + own + [n for n in LAST if n in names]


class HistoryWriter:
    """Appends rows to one CSV file; safe to call from several threads.

    The first row fixes the header; a later row with a new name widens the table by an atomic rewrite, so that
    a reader only ever sees a rectangle. A file that is already there is continued. Nothing is raised for a
    disk that refuses: up to `keep` rows wait in memory and are written when there is room again.
    `claiming`: a table that was translated from other output so far is put aside with the first row.
    """

    def __init__(self, path: Path, *, keep: int = 10_000, claiming: bool = False) -> None:
        self.path = path
        self._claiming = claiming
        self._columns: list[str] | None = None
        self._waiting: deque[dict[str, str]] = deque(maxlen=keep)
        self._file: int | None = None
        self._size = 0
        self._lock = threading.Lock()
        self._retry_at = 0.0
        self._warned: set[str] = set()
        self.dropped = 0
        """Rows lost because more than `keep` had to wait."""

    @property
    def waiting(self) -> int:
        """Rows the disk has not taken yet."""
        return len(self._waiting)

    def append(self, values: Mapping[str, object]) -> None:
        """Write one row; it waits when the disk refuses it."""
        row = {name: self._cell(name, value) for name, value in values.items()}
        with self._lock:
            if len(self._waiting) == self._waiting.maxlen:
                self.dropped += 1
            self._waiting.append(row)
            if time.monotonic() >= self._retry_at:
                self._write_waiting()

    def flush(self) -> bool:
        """Try again to write what waits; False when the disk still refuses it."""
        with self._lock:
            if self._waiting and time.monotonic() >= self._retry_at:
                self._write_waiting()
            return not self._waiting

    def close(self) -> None:
        """Write what waits, if the disk takes it now, and close the file. A later row opens it again."""
        with self._lock:
            if self._waiting:
                self._write_waiting()
            if self._waiting or self.dropped:
                lost = len(self._waiting) + self.dropped
                warn(f"{lost} rows of {self.path.name} could not be written and are lost")
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _cell(self, name: str, value: object) -> str:
        try:
            return cell(value)
        except (TypeError, ValueError, RuntimeError):
            self._warn_once(
                f"value {name}",
                f"log() takes numbers, text or None; the {type(value).__name__} in {name} is left empty",
            )
            return ""

    def _write_waiting(self) -> None:
        try:
            while self._waiting:
                columns = self._columns or self._begin(self._waiting[0])
                self._columns = columns
                # Rows that fit the present header go out in one write, each of them whole.
                known, fitting = set(columns), []
                for row in self._waiting:
                    if not row.keys() <= known and self._room_for(row):
                        break
                    fitting.append(row)
                if fitting:
                    self._write("".join(_line(columns, row) for row in fitting))
                    for _ in fitting:
                        self._waiting.popleft()
                else:
                    self._widen(self._waiting[0])
        except OSError as problem:
            self._retry_at = time.monotonic() + RETRY_S
            self._warn_once("disk", f"{self.path.name} cannot be written ({problem}); rows wait in memory")

    def _room_for(self, row: Mapping[str, str]) -> bool:
        if self._columns is None or len(self._columns) < MOST_COLUMNS:
            return True
        new = next(name for name in row if name not in self._columns)
        self._warn_once("columns", f"{self.path.name} has {MOST_COLUMNS} columns; {new} is left out")
        return False

    def _begin(self, row: Mapping[str, str]) -> list[str]:
        """The header: that of the file that is there already, otherwise this first row's."""
        if self._claiming:
            from trainer_tui.runs.handover import claim

            claim(self.path)
        try:
            text = read_plain(self.path)
        except FileNotFoundError:
            text = b""
        end = text.rfind(b"\n") + 1
        if end < len(text):
            os.truncate(self.path, end)  # a row that a crash tore in half
        if end:
            import csv

            return next(csv.reader([text[: text.index(b"\n")].decode(errors="replace")]), [])
        columns = ordered(row)[:MOST_COLUMNS]
        self._write(_header(columns))
        return columns

    def _widen(self, row: Mapping[str, str]) -> None:
        """Rewrite the table with the new columns at its end: those who read by position lose nothing."""
        assert self._columns is not None
        new = [name for name in ordered(row) if name not in self._columns]
        columns = [*self._columns, *new][:MOST_COLUMNS]
        filler = b"," * (len(columns) - len(self._columns)) + b"\n"
        with plain_reader(self.path) as old, replacing(self.path) as wider:
            old.readline()
            wider.write(_header(columns).encode())
            for line in old:
                wider.write(line[:-1] + filler)
        if self._file is not None:
            os.close(self._file)
            self._file = None
        self._columns = columns

    def _write(self, text: str) -> None:
        """Append whole lines in one write; what a full disk took of them is taken back."""
        if self._file is None:
            self._file = open_plain(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            self._size = os.fstat(self._file).st_size
        data = text.encode(errors="replace")
        written = os.write(self._file, data)
        if written < len(data):
            os.ftruncate(self._file, self._size)
            raise OSError(28, "no space left on device")
        self._size += written

    def _warn_once(self, key: str, text: str) -> None:
        if key not in self._warned:
            self._warned.add(key)
            warn(text)


def _header(columns: list[str]) -> str:
    return ",".join(map(quoted, columns)) + "\n"


def _line(columns: list[str], row: Mapping[str, str]) -> str:
    return ",".join([row.get(name, "") for name in columns]) + "\n"
