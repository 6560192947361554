"""The quick way through a history gives what the slow one gives, to the last bit."""

from __future__ import annotations

import struct
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trainer_tui.runs import history as module
from trainer_tui.runs.history import HistoryReader, read_history
from trainer_tui.runs.history_block import LEAST, parse_block

NEVER = 1 << 60

numbers = st.one_of(
    st.floats(width=64).map(repr),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(
        ["", "nan", "-nan", "+inf", "-inf", "Infinity", "1e999", "-1e-999", ".5", "5.", "1E3", "+7"]
    ),
)
odd = st.sampled_from(
    [
        "1_000",
        "0x1p3",
        "1e",
        "--1",
        " 1 ",
        "1 2",
        '"3"',
        "'3'",
        "#1",
        "n/a",
        "nan(1)",
        "infinite",
        "1,5",
        "\t4",
        "٣",
    ]
)
cells = st.one_of(numbers, numbers, numbers, odd)
rows = st.lists(cells, min_size=0, max_size=4).map(",".join)
headers = st.sampled_from(["epoch,loss,acc", "a,b", "nan,inf", "epoch", "a,a,b", "", "\ufeffepoch,loss,acc"])
ends = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r", "\n\n"])
files = st.tuples(headers, ends, st.lists(st.tuples(rows, ends), max_size=12)).map(
    lambda parts: parts[0] + parts[1] + "".join(row + end for row, end in parts[2])
)
plain_files = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(numbers, min_size=width, max_size=width), max_size=12).map(
        lambda table: "".join(",".join(row) + "\n" for row in [[f"c{n}" for n in range(width)], *table])
    )
)


def told(path: Path, least: int, piece: int | None) -> object:
    """Everything that a reader says about a file."""
    before, module.LEAST = module.LEAST, least
    reader = HistoryReader(path)
    polls = []
    try:
        while True:
            gained = reader.poll(piece)
            polls.append((gained, sorted(reader.missing)))
            if not reader.behind:
                break
    finally:
        module.LEAST = before
        reader.close()
    history = reader.history
    values = {
        name: [struct.pack("d", v) if v == v else b"nan" for v in column]
        for name, column in history.columns.items()
    }
    return polls, values, list(history.columns), history.rows, history.problems


@given(text=st.one_of(files, plain_files), piece=st.sampled_from([None, 7, 64, 1024]))
@example(text="a,b\n,\n,\n1,\n,2\n", piece=None)
@example(text="a,b,c\n,,\n1,,\n", piece=None)
@example(text="a\n1\n\n2\n", piece=None)
@example(text="nan,inf\n1,2\nnan,inf\n", piece=None)
@example(text="a,b\n1,2\na,b\n3,4\n", piece=None)
@example(text="a,b\n1,2\na,c\n3,4\n5,6\n", piece=16)
def test_both_ways_give_the_same_history(text: str, piece: int | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "training_history.csv")
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        assert told(path, 1, piece) == told(path, NEVER, piece)


def test_a_line_too_long_is_left_out_by_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LINE", 64)
    monkeypatch.setattr(module, "READ_SIZE", 64)
    path = tmp_path / "training_history.csv"
    for length in (10, 60, 63, 64, 65, 66, 100, 140, 200, 300):
        path.write_text(f"a,b\n1,2\n3,{'0' * length}4\n5,6\n7,8\n")
        assert told(path, 1, None) == told(path, NEVER, None), length


def test_a_long_history_takes_the_quick_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "training_history.csv"
    lines = [f"{n},{n / 7!r},{'' if n % 3 else n}" for n in range(60_000)]
    path.write_text("epoch,loss,val\n" + "\n".join(lines) + "\n")
    slow: list[bytes] = []
    taken = HistoryReader._take
    monkeypatch.setattr(HistoryReader, "_take", lambda self, line: slow.append(line) or taken(self, line))
    history = read_history(path)
    assert history.rows == 60_000 and history.problems == []
    assert history.row(59_999)["loss"] == 59_999 / 7
    assert len(slow) < 60_000 * 0.2


def test_without_numpy_it_is_read_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    assert parse_block(b"1,2\n", 2) is None
    path = tmp_path / "training_history.csv"
    path.write_text("a,b\n" + "1,2\n" * (LEAST // 3))
    assert read_history(path).rows == LEAST // 3
