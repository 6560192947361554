"""What is written of a history reads back as the same history."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui.runs.history import History
from trainer_tui.runs.history_export import FORMATS, PIECE, in_format

values = st.floats(allow_nan=True, allow_infinity=True)
tables = st.lists(st.tuples(values, values), max_size=30)


def history(rows: list[tuple[float, float]]) -> History:
    columns = {"a, b": array("d", [one for one, _ in rows]), "é": array("d", [other for _, other in rows])}
    return History(columns, [], len(rows))


@given(tables)
def test_csv_and_json_read_back(rows: list[tuple[float, float]]) -> None:
    table = history(rows)
    read = list(csv.reader(io.StringIO(in_format(table, "csv").decode())))
    assert read[0] == ["a, b", "é"]
    for cells, row in zip(read[1:], rows, strict=True):
        assert [float(cell) if cell else math.nan for cell in cells] == pytest.approx(
            row, nan_ok=True, abs=0, rel=0
        )
    for record, row in zip(json.loads(in_format(table, "json")), rows, strict=True):
        assert list(record.values()) == [value if math.isfinite(value) else None for value in row]


def test_rows_that_came_meanwhile_are_not_written() -> None:
    """A screen writes the page it shows while its arrays grow."""
    table = history([(1.0, 2.0), (3.0, 4.0)])
    for column in table.columns.values():
        column.append(9.0)
    assert in_format(table, "csv") == b'"a, b",\xc3\xa9\n1,2\n3,4\n'
    assert len(json.loads(in_format(table, "json"))) == 2
    pq = pytest.importorskip("pyarrow.parquet")
    assert pq.read_table(io.BytesIO(in_format(table, "parquet"))).num_rows == 2


def test_many_rows_go_piece_by_piece() -> None:
    rows = 2 * PIECE + 7
    table = History({"n": array("d", range(rows))}, [], rows)
    assert in_format(table, "csv").count(b"\n") == rows + 1
    assert in_format(History({"n": array("d")}, [], 0), "csv") == b"n\n"


def test_without_the_package_parquet_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError):
        in_format(history([]), "parquet")
    assert set(FORMATS) == {"csv", "json", "parquet"}
