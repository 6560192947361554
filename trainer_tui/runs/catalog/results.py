"""`results.csv` as a few numbers: of each column its one value, or its mean over the rows."""

from __future__ import annotations

import csv
from pathlib import Path

from trainer_tui.runs.plain import plainly
from trainer_tui.runs.text import clean

_LARGEST = 4 << 20
_MOST_COLUMNS = 60


def read_results(path: Path) -> dict[str, float | str]:
    """Column → value; of several rows the mean of numbers (`mean of x`), other columns left out.

    Empty where there is no such file or it is no table.
    """
    try:
        with open(path, encoding="utf-8", errors="replace", newline="", opener=plainly) as file:
            text = file.read(_LARGEST)
        rows = [row for row in csv.reader(text.replace("\0", "").splitlines()) if row]
    except (OSError, csv.Error):
        return {}
    if len(rows) < 2:
        return {}
    names = [clean(name, 60) for name in rows[0][:_MOST_COLUMNS]]
    found: dict[str, float | str] = {}
    if len(rows) == 2:
        for name, cell in zip(names, rows[1], strict=False):
            number = _number(cell)
            found[name] = clean(cell, 100) if number is None else number
        return found
    found["rows"] = float(len(rows) - 1)
    for at, name in enumerate(names):
        cells = [_number(row[at]) for row in rows[1:] if at < len(row)]
        numbers = [number for number in cells if number is not None]
        if numbers and len(numbers) == len(cells):
            found[f"mean of {name}"] = sum(numbers) / len(numbers)
    return found


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None
