"""CSV tables of metrics: Lightning's CSVLogger, Keras' CSVLogger, and whatever has a header and numbers."""

from __future__ import annotations

import csv
import re

from trainer_tui.runs.files import complete_lines
from trainer_tui.runs.formats.rows import Row, column, is_progress, metrics_in, number_of

MAX_LINE = 1 << 20
SEPARATORS = (",", "\t", ";")

_NAME = re.compile(r"[^\W\d][^:={}\[\]<>|]*")
"""A column's name, as against a piece of a sentence or of a dict."""


class TableParser:
    """Takes the bytes of a table as they come: a torn line waits, empty cells and text are left out."""

    def __init__(self) -> None:
        self._rest = b""
        self._passing_over = False
        self._header: list[str] = []
        self._separator = ","

    def feed(self, data: bytes) -> list[Row]:
        """The rows of the lines that are complete now."""
        data = self._rest + data
        lines, used = complete_lines(data)
        self._rest = data[used:]
        rows: list[Row] = []
        for line in lines:
            if not self._passing_over and len(line) <= MAX_LINE:
                rows += self._take(line)
            self._passing_over = False
        if len(self._rest) > MAX_LINE:
            self._rest, self._passing_over = b"", True
        return rows

    def finish(self) -> list[Row]:
        """The row of a last line without its newline."""
        line, self._rest = self._rest, b""
        return self._take(line) if line and not self._passing_over else []

    def _take(self, line: bytes) -> list[Row]:
        text = line.decode("utf-8", "replace").strip("\r\ufeff").replace("\0", "")
        if not text.strip():
            return []
        if not self._header:
            self._separator = separator_of(text)
        cells = split(text, self._separator)
        if not self._header or _is_header(cells, self._header):
            self._header = [column(cell) for cell in cells]
            return []
        row: Row = {}
        for name, cell in zip(self._header, cells, strict=False):
            value = number_of(cell.strip()) if name else None
            if value is not None:
                row[name] = value
        return [row] if row else []


def split(text: str, separator: str) -> list[str]:
    """The cells of a line; none where it is no line of a table."""
    try:
        return next(iter(csv.reader([text], delimiter=separator)), [])
    except csv.Error:
        return []


def separator_of(header: str) -> str:
    """What separates the cells of this header."""
    return max(SEPARATORS, key=header.count)


def kind_of_table(line: bytes) -> str:
    """`lightning`, `keras` or `csv` by the header of a table of metrics; empty when it is none."""
    if not is_header(line):
        return ""
    names = _names(line)
    if "epoch" in names and "step" in names and metrics_in(names):
        return "lightning"
    if names[0] == "epoch" and any("loss" in name or name.startswith("val") for name in names):
        return "keras"
    return "csv" if any(map(is_progress, names)) or any("loss" in name for name in names) else ""


def is_header(line: bytes) -> bool:
    """Whether a line can be the header of a table: several names, none of them a number."""
    names = _names(line)
    return len(names) > 1 and all(_NAME.fullmatch(name) and number_of(name) is None for name in names)


def _names(line: bytes) -> list[str]:
    text = line.decode("utf-8", "replace").strip("\r\n\ufeff ")
    return [column(cell).lower() for cell in split(text, separator_of(text))]


def _is_header(cells: list[str], header: list[str]) -> bool:
    names = [column(cell) for cell in cells]
    return (
        len(names) > 1
        and all(name and number_of(name) is None for name in names)
        and bool(set(names) & set(header))
    )
