"""What `results.csv` must be: there, every number finite and inside its declared range, not all the same."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from trainer_tui.runs.conditions import Range, parse_range
from trainer_tui.runs.plain import plainly

_INDEX_NAMES = {"", "id", "index", "idx", "epoch", "row", "unnamed: 0"}
"""Names of columns that only tell rows apart; so do those that end in `_id`."""

LONG_COUNT = 3
"""Numbers in a row that are no accident when each is one more than the last."""


@dataclass(slots=True)
class _Column:
    numbers: int = 0
    words: int = 0
    blanks: list[int] = field(default_factory=list)
    first: float | None = None
    previous: float | None = None
    varies: bool = False
    counts: bool = True
    """Whether each number is its predecessor and one."""
    faults: list[str] = field(default_factory=list)

    def take(self, row: int, cell: str, allowed: Range | None) -> None:
        if not cell:
            self.blanks.append(row)
            return
        try:
            number = float(cell)
        except ValueError:
            self.words += 1
            if allowed is not None:
                self.faults.append(f"row {row}: {cell[:30]!r} is not a number")
            return
        self.numbers += 1
        if not math.isfinite(number):
            self.faults.append(f"row {row}: {cell} is not finite")
        elif allowed is not None and number not in allowed:
            self.faults.append(f"row {row}: {cell} is outside {allowed}")
        self.varies = self.varies or (self.first is not None and number != self.first)
        self.counts = self.counts and (self.previous is None or number == self.previous + 1)
        self.previous = number
        self.first = number if self.first is None else self.first

    def says_nothing(self, name: str) -> bool:
        """Whether it only numbers the rows: by its name, or counting from 0 or 1."""
        named = name.lower() in _INDEX_NAMES or name.lower().endswith("_id")
        return named or (self.counts and self.first in (0.0, 1.0) and self.numbers >= LONG_COUNT)


def results_faults(path: Path, ranges: dict[str, str]) -> list[str]:
    """Everything wrong with a results file, a sentence each; empty when it is good.

    `ranges`: column → allowed range, e.g. `{"medals": ">= 0"}`. Rows are counted from 1, without the header.
    """
    try:
        with open(path, newline="", encoding="utf-8", errors="replace", opener=plainly) as file:
            return list(_faults(csv.reader(line.replace("\0", "") for line in file), ranges))
    except FileNotFoundError:
        return ["results.csv was not written"]
    except OSError as error:
        return [f"results.csv cannot be read: {error.strerror or error}"]
    except csv.Error as error:
        return [f"results.csv is not a table: {error}"]


def _faults(rows: Iterator[list[str]], ranges: dict[str, str]) -> Iterator[str]:
    header = [name.strip() for name in next(rows, [])]
    if not header:
        yield "results.csv is empty"
        return
    columns = {name: _Column() for name in header}
    allowed = {name: parse_range(text) for name, text in ranges.items()}
    count = 0
    for count, row in enumerate(rows, 1):
        if len(row) != len(header):
            yield f"row {count} has {len(row)} cells where the header has {len(header)}"
            return
        for name, cell in zip(header, row, strict=True):
            columns[name].take(count, cell.strip(), allowed.get(name))
    if count == 0:
        yield "results.csv has no rows"
        return
    yield from _column_faults(columns, allowed)
    numeric = {name: column for name, column in columns.items() if column.numbers}
    telling = [column for name, column in numeric.items() if not column.says_nothing(name)]
    telling = telling or list(numeric.values())
    if not numeric:
        yield "results.csv holds no number"
    elif sum(c.numbers for c in telling) > 1 and count > 1 and not any(c.varies for c in telling):
        yield f"all {count} rows hold the same numbers"


def _column_faults(columns: dict[str, _Column], allowed: dict[str, Range]) -> Iterator[str]:
    for name in allowed:
        if name not in columns:
            yield f"the declared column {name} is missing"
    for name, column in columns.items():
        if column.numbers and not column.words:
            column.faults += [f"row {row}: empty" for row in column.blanks]
        if column.faults:
            more = f" (and {len(column.faults) - 1} more)" if len(column.faults) > 1 else ""
            yield f"{name}, {column.faults[0]}{more}"
