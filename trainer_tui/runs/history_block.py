"""The quick way through a long history: whole blocks of plain rows, parsed at once where numpy is installed.

It takes only what is beyond doubt: a rectangle of numbers and empty cells. Everything else is left to the
reader that goes line by line, so that both always give the same history.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

LEAST = 128 << 10
"""Bytes from which on a block is worth the import of numpy; a history that merely grows never is so long."""

_PLAIN = b"0123456789.,+-eE\nnaifNAIF"
"""All that numbers, `nan` and `inf` are made of, and what stands between them."""

_STRETCH = 64 << 10
"""Without a newline in so many bytes a cell may be too long for the module `csv`, which refuses 128 KiB."""


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of a history, column by column."""

    rows: int
    columns: tuple[bytes, ...]
    """The values of each column as the bytes of C doubles."""
    missing: tuple[tuple[int, int], ...]
    """(row, column) of the empty cells, which are NaN."""


def parse_block(lines: bytes, width: int) -> Block | None:
    """The rows of `lines`, whole lines of `width` cells each; None where they are to be read one by one."""
    if b"\r" in lines:
        lines = lines.replace(b"\r\n", b"\n")
    if not width or lines.translate(None, _PLAIN) or lines.startswith(b"\n") or b"\n\n" in lines:
        return None
    if any(lines.find(b"\n", at, at + _STRETCH) < 0 for at in range(0, len(lines) - _STRETCH, _STRETCH)):
        return None
    try:
        import numpy as np
    except ImportError:
        return None
    missing: tuple[tuple[int, int], ...] = ()
    table = _parsed(np, lines)
    if table is None and _has_empty(lines):
        missing, table = _empty_cells(np, lines, width), _parsed(np, _filled(lines))
    if table is None or table.shape[1] != width:
        return None
    return Block(len(table), tuple(column.tobytes() for column in table.T), missing)


def _parsed(np: Any, lines: bytes) -> Any:
    try:
        # A number that is none, and a row of another length than the first one, raise ValueError.
        return np.loadtxt(io.BytesIO(lines), delimiter=",", comments=None, ndmin=2, encoding="latin1")
    except ValueError:
        return None


def _has_empty(lines: bytes) -> bool:
    return lines.startswith(b",") or any(pair in lines for pair in (b",,", b",\n", b"\n,"))


def _filled(lines: bytes) -> bytes:
    for _ in range(2):  # of three commas in a row one pass fills only the first gap
        lines = lines.replace(b",,", b",nan,")
    lines = lines.replace(b",\n", b",nan\n").replace(b"\n,", b"\nnan,")
    return b"nan" + lines if lines.startswith(b",") else lines


def _empty_cells(np: Any, lines: bytes, width: int) -> tuple[tuple[int, int], ...]:
    """Where one separator follows another."""
    data = np.frombuffer(lines, dtype=np.uint8)
    ends = np.flatnonzero((data == ord(",")) | (data == ord("\n")))
    cells = np.flatnonzero(np.diff(ends, prepend=-1) == 1)
    return tuple(zip((cells // width).tolist(), (cells % width).tolist(), strict=True))
