"""How a CSV file is written: encoding, delimiter, header; found in its first bytes.

Source: the byte-order marks of the Unicode Standard, section 23.8.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from trainer_tui.training.errors import DataSourceError

HEAD = 1 << 18
"""Bytes that are looked at."""

LINES = 1000
DELIMITERS = (",", ";", "\t", "|")
MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NUMBER = re.compile(r"\s*[+-]?(\d+\.\d*|\.\d+|\d+)([eE][+-]?\d+)?\s*")
_DECIMAL = re.compile(r"\s*[+-]?\d*\.\d+\s*")
_CODE = re.compile(r"0\d+")


@dataclass(frozen=True, slots=True)
class Dialect:
    """What Arrow must be told."""

    encoding: str
    delimiter: str
    names: tuple[str, ...]
    header_lines: int = 1
    """Lines up to the header's end: empty ones may stand before it."""
    codes: tuple[str, ...] = ()
    """Columns whose numbers begin with a zero, as postal codes do: they stay text."""


def sniff(head: bytes, path: Path) -> Dialect:
    """The dialect by the first `HEAD` bytes. Raises DataSourceError: empty, binary, no header, names
    twice."""
    if not head.strip():
        raise DataSourceError(
            f"{path} is empty: it must have a line of column names and a line for each row."
        )
    encoding = next((name for mark, name in MARKS if head.startswith(mark)), "utf-8")
    text = _text(head, encoding, path)
    if len(head) == HEAD:
        text = text[: text.rfind("\n")]
    rows, delimiter, lines = _best(text)
    if not rows:
        raise DataSourceError(
            f"{path} is empty: it must have a line of column names and a line for each row."
        )
    names = named(rows[0], path)
    if len(rows) == 1 and len(head) < HEAD:
        raise DataSourceError(f"{path} has column names and no row: nothing can be learned from it.")
    codes = tuple(
        name
        for k, name in enumerate(names)
        if any(len(row) > k and _CODE.fullmatch(row[k].strip()) for row in rows[1:])
    )
    return Dialect(encoding, delimiter, names, lines, codes)


def _text(head: bytes, encoding: str, path: Path) -> str:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        text = head.decode("cp1252", "replace")
    if "\0" in text:
        raise DataSourceError(
            f"{path} holds bytes that are no text: name a file of the kind that its name says."
        )
    return text.removeprefix("\ufeff")


def _best(text: str) -> tuple[list[list[str]], str, int]:
    """The rows under the delimiter that cuts most lines into the same number of fields, and the header's
    lines."""
    best: tuple[list[list[str]], str, int] = ([], ",", 1)
    best_score = (-1.0, -1)
    for delimiter in DELIMITERS:
        rows, header_lines = _rows(text, delimiter)
        if not rows:
            continue
        width, count = Counter(len(row) for row in rows).most_common(1)[0]
        score = (count / len(rows) if width > 1 else 0.0, width)
        if score > best_score:
            best, best_score = (rows, delimiter, header_lines), score
    return best


def _rows(text: str, delimiter: str) -> tuple[list[list[str]], int]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[list[str]] = []
    header_lines = 1
    try:
        for row in reader:
            if any(row):
                if not rows:
                    header_lines = reader.line_num
                rows.append(row)
            if len(rows) == LINES:
                break
    except csv.Error:  # a field of endless length: what was read so far must do
        return rows, header_lines
    return rows, header_lines


def named(header: list[str], path: Path) -> tuple[str, ...]:
    """The names of the columns, each once, none empty. Raises DataSourceError."""
    numbers = [cell for cell in header if _NUMBER.fullmatch(cell)]
    if numbers and (len(numbers) == len(header) or any(_DECIMAL.fullmatch(cell) for cell in numbers)):
        raise DataSourceError(
            f"The first line of {path} has numbers ({', '.join(numbers[:3])}) where column names are "
            "expected: add a line with the names."
        )
    names = [cell.strip() or f"unnamed_{k + 1}" for k, cell in enumerate(header)]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise DataSourceError(
            f"In {path} several columns have the same name: {', '.join(twice[:5])}; rename them, so that "
            "each is unique."
        )
    return tuple(names)
