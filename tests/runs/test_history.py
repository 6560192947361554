"""Metrics as they grow, whoever writes them and however badly."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trainer_tui.runs.history import MAX_LINE, History, HistoryReader, Problem, read_history
from trainer_tui.runs.history_writer import HistoryWriter

NAN = math.nan


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "training_history.csv"


@pytest.fixture
def reader(path: Path) -> Iterator[HistoryReader]:
    reader = HistoryReader(path)
    yield reader
    reader.close()


def append(path: Path, data: bytes | str) -> None:
    with path.open("ab") as file:
        file.write(data.encode() if isinstance(data, str) else data)


def columns(history: History) -> dict[str, list[float]]:
    return {name: list(values) for name, values in history.columns.items()}


def same(one: dict[str, list[float]], other: dict[str, list[float]]) -> bool:
    floats = {name: [float(value) for value in values] for name, values in other.items()}
    return repr(sorted(one.items())) == repr(sorted(floats.items()))  # NaN is NaN here


def read(path: Path, content: bytes | str) -> History:
    append(path, content)
    return read_history(path)


# Growing


def test_rows_come_as_they_are_whole(reader: HistoryReader, path: Path) -> None:
    assert reader.poll() == 0
    append(path, "epoch,loss\n1,0.5\n2,0.2")
    assert reader.poll() == 1
    assert columns(reader.history) == {"epoch": [1], "loss": [0.5]}
    append(path, "5\n3,0.1\n")
    assert reader.poll() == 2
    assert columns(reader.history) == {"epoch": [1, 2, 3], "loss": [0.5, 0.25, 0.1]}
    assert reader.poll() == 0
    assert reader.history.problems == []


def test_a_history_of_many_chunks_is_read_at_once(path: Path) -> None:
    rows = 150_000
    append(path, "epoch,loss\n" + "".join(f"{n},{n / 7:.17g}\n" for n in range(rows)))
    assert path.stat().st_size > 2 << 20
    history = read_history(path)
    assert history.rows == rows
    assert history.row(rows - 1) == {"epoch": rows - 1, "loss": (rows - 1) / 7}


def test_a_history_that_is_not_there_is_an_error(path: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_history(path)
    with pytest.raises(IsADirectoryError):
        read_history(tmp_path)
    reader = HistoryReader(tmp_path)
    with pytest.raises(IsADirectoryError):
        reader.poll()
    reader.close()


# Files that begin anew


def test_widened_by_a_rename_it_is_read_anew(reader: HistoryReader, path: Path) -> None:
    append(path, "epoch,loss\n1,0.5\n2,0.4\n")
    assert reader.poll() == 2
    wider = path.with_suffix(".new")
    wider.write_text("epoch,loss,acc\n1,0.5,\n2,0.4,\n3,0.3,0.9\n")
    wider.replace(path)
    assert reader.poll() == 3
    assert same(
        columns(reader.history), {"epoch": [1, 2, 3], "loss": [0.5, 0.4, 0.3], "acc": [NAN, NAN, 0.9]}
    )
    append(path, "4,0.2,1.0\n")
    assert reader.poll() == 1


@pytest.mark.parametrize("content", ["epoch,loss\n1,0.9\n", "epoch,loss\n1,0.9\n2,0.8\n3,0.7\n4,0.6\n"])
def test_written_anew_in_place_it_is_read_anew_and_once(
    reader: HistoryReader, path: Path, content: str
) -> None:
    """A script without our helper opens its history with mode `w` at each start."""
    append(path, "epoch,loss\n1,0.5\n2,0.4\n3,0.3\n")
    assert reader.poll() == 3
    path.write_text(content)
    rows = content.count("\n") - 1
    assert reader.poll() == rows
    assert columns(reader.history)["loss"] == [0.9, 0.8, 0.7, 0.6][:rows]
    assert reader.poll() == 0
    append(path, "9,0.1\n")
    assert reader.poll() == 1
    assert reader.history.rows == rows + 1


def test_replaced_by_the_same_amount(reader: HistoryReader, path: Path) -> None:
    append(path, "loss\n1\n2\n")
    assert reader.poll() == 2
    before = path.stat().st_mtime_ns
    while path.stat().st_mtime_ns == before:
        path.write_text("loss\n3\n4\n")
    assert reader.poll() == 2
    assert columns(reader.history) == {"loss": [3, 4]}


def test_emptied_it_is_empty(reader: HistoryReader, path: Path) -> None:
    append(path, 'epoch,loss\n1,"bad\n2,0.4,7\n')
    reader.poll()
    os.truncate(path, 0)
    assert reader.poll() == 0
    assert reader.history == History()


def test_what_our_writer_writes_is_read_as_it_was(reader: HistoryReader, path: Path) -> None:
    writer = HistoryWriter(path)
    writer.append({"epoch": 1, "train_loss": 0.1 + 0.2, "note": 'a "b", c'})
    assert reader.poll() == 1
    writer.append({"epoch": 2, "train_loss": NAN})
    writer.append({"epoch": 3, "val_loss": 1e-300})
    writer.close()
    assert reader.poll() == 3
    assert reader.logged(3)[0] == {"epoch": 1, "train_loss": 0.1 + 0.2}
    assert repr(reader.logged(3)[1:]) == repr(
        [{"epoch": 2.0, "train_loss": NAN}, {"epoch": 3.0, "val_loss": 1e-300}]
    )


# Cells and rows


@pytest.mark.parametrize(
    ("row", "values", "what"),
    [
        ("1", [1, NAN, NAN], "1 cells where the header has 3"),
        ("1,2,3,4", [1, 2, 3], "4 cells where the header has 3"),
        ("1,diverged,3", [1, NAN, 3], "b: 'diverged' is not a number"),
        ("1,2,3\0", [1, 2, 3], "NUL bytes were left out"),
        ("1,2\xff,3", [1, NAN, 3], "b: '2ÿ' is not a number"),
    ],
)
def test_a_bad_row_is_kept_as_far_as_it_can_be_read(
    path: Path, row: str, values: list[float], what: str
) -> None:
    history = read(path, f"a,b,c\n0,0,0\n{row}\n9,9,9\n")
    assert repr(list(history.row(1).values())) == repr([float(v) for v in values])
    assert list(history.row(2).values()) == [9, 9, 9]
    assert history.problems == [Problem(3, what)]


def test_an_interrupted_row_has_two_problems(path: Path) -> None:
    history = read(path, b"a,b\n\0\0\0\0\0\n1,\xff\xfe\n")
    assert history.rows == 1
    assert [p.line for p in history.problems] == [2, 3]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("nan", NAN), ("NaN", NAN), ("-nan", NAN), ("inf", math.inf), ("-Infinity", -math.inf),
        (" 1.5 ", 1.5), ('"1.5"', 1.5), ("1e3", 1000), ("+2", 2), ("1.5\r", 1.5),
    ],
)  # fmt: skip
def test_numbers(path: Path, cell: str, value: float) -> None:
    history = read(path, f"a,b\n0,{cell}\n")
    assert repr(history.columns["b"][0]) == repr(float(value))
    assert history.problems == []


def test_an_empty_cell_was_not_logged_and_nan_was(reader: HistoryReader, path: Path) -> None:
    append(path, "epoch,loss,acc,note\n1,nan,,fine\n2,0.5,NaN,\n3\n")
    assert reader.poll() == 3
    assert repr(reader.logged(3)) == repr(
        [{"epoch": 1.0, "loss": NAN}, {"epoch": 2.0, "loss": 0.5, "acc": NAN}, {"epoch": 3.0}]
    )
    append(path, "4,,1,\n")
    assert reader.poll() == 1
    assert reader.logged(1) == [{"epoch": 4, "acc": 1}]


def test_problems_are_counted_to_a_hundred(path: Path) -> None:
    history = read(path, "a,b\n" + "1\n" * 500)
    assert history.rows == 500
    assert len(history.problems) == HistoryReader.MAX_PROBLEMS


def test_empty_lines_are_no_rows(path: Path) -> None:
    assert read(path, "\n\na\n\n1\n  \n\r\n2\r\n").rows == 2


# Headers


def test_a_changed_header_adds_columns(path: Path) -> None:
    history = read(path, "epoch,loss\n1,0.5\nepoch,acc\n2,0.9\n")
    assert same(columns(history), {"epoch": [1, 2], "loss": [0.5, NAN], "acc": [NAN, 0.9]})
    assert history.problems == [Problem(3, "the header changed here")]


def test_the_same_header_again_is_no_row(path: Path) -> None:
    assert columns(read(path, "epoch,loss\n1,0.5\nepoch,loss\n1,0.4\n"))["loss"] == [0.5, 0.4]


def test_a_row_of_words_is_no_header(path: Path) -> None:
    history = read(path, "epoch,note\n1,x\nlate,later\n")
    assert list(history.columns) == ["epoch", "note"]
    assert history.rows == 2


def test_a_byte_order_mark_is_no_part_of_a_name(path: Path) -> None:
    assert list(read(path, "\ufeffepoch,loss\r\n1,2\r\n".encode()).columns) == ["epoch", "loss"]


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("a,a,a", ["a", "a (2)", "a (3)"]),
        ("a,,", ["a", "column 2", "column 3"]),
        ("column 2,,b", ["column 2", "column 2 (2)", "b"]),
        ("a,a (2),a", ["a", "a (2)", "a (3)"]),
        (" a ,b", ["a", "b"]),
    ],
)
def test_every_column_has_a_name_of_its_own(path: Path, header: str, names: list[str]) -> None:
    count = header.count(",") + 1
    history = read(path, header + "\n" + ",".join(str(n) for n in range(count)) + "\n")
    assert columns(history) == {name: [n] for n, name in enumerate(names)}


# Lines that no table has


def test_a_line_of_fifty_megabytes_costs_no_memory(reader: HistoryReader, path: Path) -> None:
    append(path, "a,b\n1,2\n")
    for _ in range(50):
        append(path, b"x" * (1 << 20))
    assert reader.poll() == 1
    assert len(reader._rest) <= MAX_LINE
    append(path, "\n3,4\n")
    assert reader.poll() == 1
    assert columns(reader.history) == {"a": [1, 3], "b": [2, 4]}
    assert reader.history.problems == [Problem(3, "a line of more than 1024 KiB was left out")]


def test_a_cell_too_long_for_csv_is_left_out(path: Path) -> None:
    history = read(path, "a,b\n1," + "9" * 200_000 + "\n3,4\n")
    assert columns(history) == {"a": [3], "b": [4]}
    assert history.problems == [Problem(2, "the line cannot be read as CSV and was left out")]


def test_a_lone_carriage_return_is_left_out(path: Path) -> None:
    assert columns(read(path, "a,b\n1,2\r3,4\n5,6\n"))["a"] == [5]


soup = st.lists(
    st.sampled_from(
        [b"\n", b",", b"\r", b'"', b"\0", b"epoch", b"loss", b"1", b"-0.5", b"nan", b"\xff", b"\xef\xbb\xbf"]
    )
    | st.binary(max_size=5),
    max_size=60,
).map(b"".join)


@given(soup, st.lists(st.integers(0, 200), max_size=8))
@example(b"a,b\n1\r2,3\n", [])
@example(b'a,"b\n1,2\n', [4])
def test_any_bytes_are_read_and_in_any_pieces_alike(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, cuts: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("history")
    (folder / "whole").write_bytes(data)
    whole = read_history(folder / "whole")
    assert {len(values) for values in whole.columns.values()} <= {whole.rows}
    reader = HistoryReader(folder / "pieces")
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    gained = 0
    logged: list[dict[str, float]] = []
    for start, end in pairwise(places):
        append(folder / "pieces", data[start:end])
        gained += (new := reader.poll())
        logged += reader.logged(new)
    reader.close()
    assert gained == whole.rows == len(logged)
    assert repr(reader.history) == repr(whole)


rows_of_cells = st.lists(
    st.lists(
        st.sampled_from(
            [
                "1",
                " 2 ",
                "-0.5e3",
                "1_0",
                "nan",
                "-NaN",
                "inf",
                "",
                "x",
                '"3"',
                "4\r",
                "\r5",
                "\u0661",
                "6\x1c",
                "a",
            ]
        ),
        min_size=1,
        max_size=3,
    ).map(",".join),
    max_size=12,
)


@given(rows_of_cells)
@example(["1,\r5"])
@example(["a,c", "1,2"])
def test_rows_of_numbers_alone_are_read_as_every_row_is(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    path = tmp_path_factory.mktemp("history") / "h.csv"
    path.write_bytes("\n".join(["a,b", *lines, ""]).encode())
    quick, with_care = HistoryReader(path), HistoryReader(path)
    with_care._take_plain = lambda line: False  # type: ignore[method-assign]
    quick.poll()
    with_care.poll()
    assert repr(quick.history) == repr(with_care.history) and quick.missing == with_care.missing
    quick.close()
    with_care.close()


@given(st.lists(st.tuples(st.floats(), st.none() | st.floats()), max_size=20))
def test_every_number_written_is_the_number_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, float | None]]
) -> None:
    path = tmp_path_factory.mktemp("history") / "h.csv"
    path.write_text("a,b\n" + "".join(f"{a!r},{'' if b is None else repr(b)}\n" for a, b in rows))
    reader = HistoryReader(path)
    reader.poll()
    reader.close()
    expected = [{"a": a} if b is None else {"a": a, "b": b} for a, b in rows]
    assert repr(reader.logged(len(rows))) == repr(expected)


# Asking a history


def test_what_a_history_answers(path: Path) -> None:
    history = read(path, "Step,train_loss,val_loss,time_s\n10,3,nan,1\n20,2,5,2\n30,inf,nan,3\n")
    assert history.step_column == "Step"
    assert history.metrics() == ["train_loss", "val_loss"]
    assert list(history.steps()) == [10, 20, 30]
    assert history.last("train_loss") == 2
    assert history.last("val_loss") == 5
    assert history.last("absent") is None
    assert [row["Step"] for row in history.tail(2)] == [20, 30]
    assert len(history.tail(10)) == 3


def test_without_a_step_column_rows_are_counted(path: Path) -> None:
    history = read(path, "loss\n5\n4\n")
    assert history.step_column is None
    assert list(history.steps()) == [1, 2]
    assert list(History().steps()) == []


def test_an_epoch_of_many_steps_is_no_axis(path: Path) -> None:
    rows = "".join(f"{step // 20},{step},{1 / (step + 1)}\n" for step in range(60))
    assert read(path, "epoch,step,loss\n" + rows).step_column == "step"


def test_an_epoch_a_row_is_the_axis_whatever_else_counts(path: Path) -> None:
    rows = "".join(f"{epoch},{epoch * 100},0.5\n" for epoch in range(60))
    assert read(path, "epoch,step,loss\n" + rows).step_column == "epoch"
