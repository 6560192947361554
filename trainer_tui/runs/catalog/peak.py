"""The largest value of one column of a growing table, kept without the table."""

from __future__ import annotations

import math
from pathlib import Path

from trainer_tui.runs.files import complete_lines
from trainer_tui.runs.tail import Tail

MAX_REST = 1 << 20
"""Bytes of the longest line that is read."""


class Peak:
    """Follows `column` of the CSV file at `path`; a list of two hundred runs needs no more of their samples.

    Lines are split at commas: for tables of numbers, such as `telemetry.csv`.
    """

    def __init__(self, path: Path, column: str) -> None:
        self._tail = Tail(path)
        self._column = column.encode()
        self._at: int | None = None
        self._rest = b""
        self._peak: float | None = None

    def poll(self) -> float | None:
        """The largest finite value so far; None before there is one. Raises OSError."""
        while True:
            chunk = self._tail.read()
            if chunk.change:
                self._begin_again()
            if not chunk.data:
                return self._peak
            lines, used = complete_lines(self._rest + chunk.data)
            self._rest = (self._rest + chunk.data)[used:][:MAX_REST]
            for line in lines:
                self._take(line.split(b","))

    def close(self) -> None:
        """Let go of the file."""
        self._tail.close()

    def _begin_again(self) -> None:
        self._at, self._rest, self._peak = None, b"", None

    def _take(self, cells: list[bytes]) -> None:
        if self._column in cells:
            self._at = cells.index(self._column)
        elif self._at is not None and self._at < len(cells):
            try:
                value = float(cells[self._at])
            except ValueError:
                return
            if math.isfinite(value) and (self._peak is None or value > self._peak):
                self._peak = value
