"""What all writing inside a training script shares: CSV cells, files replaced whole, a warning."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from trainer_tui.runs.plain import create_new, temporary_beside


def warn(text: str) -> None:
    """One plain line on stderr; nobody can be told where it is closed, or a log on the same full disk."""
    if sys.stderr is not None:
        try:
            print(f"trainer-tui: {text}", file=sys.stderr, flush=True)
        except (OSError, ValueError):
            return


def cell(value: object) -> str:
    """One value as it stands in the table: integers whole, other numbers in full precision, None empty.

    Numpy's and torch's scalars are numbers, and so is whatever `float()` takes. Raises TypeError, ValueError
    or RuntimeError for what is neither number, text nor None, e.g. an array of three.
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return float.__repr__(value)  # numpy's float64 is a float whose own repr is not a number
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, str):
        return quoted(value)
    if hasattr(value, "item"):
        return cell(value.item())  # numpy's and torch's scalars, and arrays of one
    return float.__repr__(float(value))  # type: ignore[arg-type]


def quoted(text: str) -> str:
    """Text as a CSV cell that stays on its line."""
    line = text if text.isprintable() else " ".join(text.splitlines())
    return '"' + line.replace('"', '""') + '"' if "," in line or '"' in line else line


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `path`, synced, when the block ends well."""
    temporary = temporary_beside(path)
    try:
        with os.fdopen(create_new(temporary), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
