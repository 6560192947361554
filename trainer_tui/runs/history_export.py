"""A history as CSV, JSON or Parquet: what the command `history` and the History screen write."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterator
from itertools import islice

from trainer_tui.runs.history import History
from trainer_tui.runs.text import ESCAPED

PIECE = 10_000
"""Rows that are put into words at a time; the text of a million would take many times their memory."""


def in_format(table: History, form: str) -> bytes:
    """The history in one of `FORMATS`. Raises ImportError where the package for it is not installed."""
    return FORMATS[form](table)


def _csv(table: History) -> bytes:
    return b"".join(_csv_pieces(table))


def _csv_pieces(table: History) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    rows = islice(zip(*table.columns.values(), strict=False), table.rows)
    while True:
        before = text.tell()
        writer.writerows([_cell(value) for value in row] for row in islice(rows, PIECE))
        if text.tell() == before:
            break
        yield text.getvalue().encode("utf-8", "replace")
        text.seek(0)
        text.truncate()
    yield text.getvalue().encode("utf-8", "replace")


def _cell(value: float) -> str:
    if math.isnan(value):
        return ""
    return str(int(value)) if value.is_integer() else repr(value)


def _json(table: History) -> bytes:
    names = list(table.columns)
    rows = islice(zip(*table.columns.values(), strict=False), table.rows)
    escape = {} if all(map(str.isprintable, names)) else ESCAPED
    texts = (json.dumps(dict(zip(names, map(_plain, row), strict=True)), ensure_ascii=False) for row in rows)
    pieces = ((text.translate(escape) if escape else text).encode("utf-8", "replace") for text in texts)
    return b"[" + b", ".join(pieces) + b"]\n"


def _plain(value: float) -> float | None:
    """JSON has no NaN and no infinity; whole numbers stay whole, as in CSV."""
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else value


def _parquet(table: History) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    columns = {name: pa.array(values[: table.rows]) for name, values in table.columns.items()}
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


FORMATS: dict[str, Callable[[History], bytes]] = {"csv": _csv, "json": _json, "parquet": _parquet}
"""Name of a format → how a history is put into it."""
