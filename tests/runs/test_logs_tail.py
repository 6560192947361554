"""The end of a log as lines, however fast it grows and whatever is done to it."""

from __future__ import annotations

import os
import resource
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui.runs.logs.tail import OPEN_AT_MOST, LogLines, LogTail
from trainer_tui.runs.text import shown


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "train.log"


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_lines_come_when_they_are_complete(log: Path) -> None:
    tail = LogTail(log)
    assert tail.poll() is None
    append(log, b"one\ntwo\nthr")
    assert tail.poll() == LogLines(("one", "two"), "thr")
    assert tail.poll() is None
    append(log, b"ee\n")
    assert tail.poll() == LogLines(("three",), "")
    assert list(tail.lines) == ["one", "two", "three"]
    tail.close()


def test_blank_lines_are_lines(log: Path) -> None:
    tail = LogTail(log)
    for _ in range(2):
        append(log, b"\n")
        assert tail.poll() == LogLines(("",), "")
    append(log, b"\nend\n\n")
    assert tail.poll() == LogLines(("", "end", ""), "")
    tail.close()


def test_a_progress_bar_is_the_partial_line(log: Path) -> None:
    tail = LogTail(log)
    append(log, b"epoch 1\r 10%")
    assert tail.poll() == LogLines((), " 10%")
    append(log, b"\r 20%")
    assert tail.poll() == LogLines((), " 20%")
    append(log, b"\r100%\n")
    assert tail.poll() == LogLines(("100%",), "")
    tail.close()


def test_only_the_last_lines_are_kept(log: Path) -> None:
    tail = LogTail(log, keep=3)
    append(log, b"".join(b"%d\n" % n for n in range(5)))
    assert tail.poll() == LogLines(("2", "3", "4"), "", skipped=True)
    append(log, b"5\n")
    assert tail.poll() == LogLines(("5",), "")
    assert list(tail.lines) == ["3", "4", "5"]
    tail.close()


def test_an_old_log_opens_at_its_end_with_a_whole_line(log: Path) -> None:
    append(log, b"".join(b"line %07d\n" % n for n in range(100_000)))
    tail = LogTail(log, keep=100_000)
    seen = tail.poll()
    assert seen is not None
    assert seen.lines[-1] == "line 0099999"
    assert len(seen.lines[0]) == len("line 0099999")
    assert len(seen.lines) * 13 <= OPEN_AT_MOST
    tail.close()


@pytest.mark.parametrize("waiting", [0, 300_000])
def test_a_log_replaced_before_the_first_look_loses_no_line(log: Path, waiting: int) -> None:
    append(log, b"x" * OPEN_AT_MOST * 2 + b"\nold\n")
    tail = LogTail(log)
    append(log, b"y" * waiting)
    os.truncate(log, 0)
    append(log, b"first of the new\nsecond\n")
    seen = tail.poll()
    assert seen is not None
    assert seen.lines == ("first of the new", "second")
    assert not seen.skipped
    tail.close()


def test_truncated(log: Path) -> None:
    tail = LogTail(log)
    append(log, b"old\nnot comp")
    tail.poll()
    os.truncate(log, 0)
    append(log, b"new\n")
    assert tail.poll() == LogLines(("new",), "", change="truncated")
    assert list(tail.lines) == ["new"]
    os.truncate(log, 0)
    assert tail.poll() == LogLines((), "", change="truncated")
    tail.close()


def test_rotated(log: Path) -> None:
    tail = LogTail(log)
    append(log, b"old\n")
    tail.poll()
    append(log, b"its end\n")
    log.rename(log.with_suffix(".1"))
    append(log, b"new\n")
    assert tail.poll() == LogLines(("new",), "", change="rotated")
    assert list(tail.lines) == ["new"]
    tail.close()


def test_a_burst_bigger_than_our_memory_shows_its_end(log: Path) -> None:
    tail = LogTail(log, keep=1000)
    append(log, b"before\n")
    tail.poll()
    line = b"%099d\n"
    with log.open("ab") as file:
        file.seek(8 << 30, os.SEEK_END)  # eight GiB that take no room on the disk
        file.write(b"\n" + b"".join(line % n for n in range(3000)))
    read_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seen = tail.poll()
    assert seen is not None
    assert seen.skipped
    assert seen.lines == tuple((line % n)[:-1].decode() for n in range(2000, 3000))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - read_before < 64 << 10
    tail.close()


def test_one_line_of_fifty_megabytes(log: Path) -> None:
    tail = LogTail(log)
    append(log, b"before\n")
    tail.poll()
    with log.open("ab") as file:
        for _ in range(50):
            file.write(b"x" * (1 << 20))
    seen = tail.poll()
    assert seen is not None
    assert seen.lines == ()
    assert seen.partial.startswith("xxx")
    assert len(seen.partial) <= 4096
    append(log, b"\nafter\n")
    seen = tail.poll()
    assert seen is not None
    assert seen.lines[-1] == "after"
    assert tail.lines[0] == "before"
    tail.close()


def test_a_writer_as_fast_as_we_are_does_not_keep_us(log: Path, until: Callable[..., Any]) -> None:
    log.touch()
    tail = LogTail(log)
    enough = threading.Event()

    def write() -> None:
        block = b"a line of a busy log\n" * 50_000
        with log.open("ab", buffering=0) as file:
            while not enough.is_set() and file.tell() < 1 << 30:
                file.write(block)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        until(tail.poll)
        for _ in range(5):
            tail.poll()
        assert writer.is_alive(), "the looks ended before the writing did"
    finally:
        enough.set()
        writer.join()
    assert set(tail.lines) <= {"a line of a busy log"}
    tail.close()


def test_an_unreadable_log_is_an_error(tmp_path: Path) -> None:
    tail = LogTail(tmp_path)
    with pytest.raises(OSError, match="directory"):
        tail.poll()
    tail.close()


@given(
    st.lists(
        st.binary(max_size=40) | st.sampled_from([b"\n", b"\r", b"\x1b[", b"\xc3", b"a\nb"]), max_size=20
    )
)
def test_lines_are_the_same_in_whatever_pieces_they_come(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]
) -> None:
    log = tmp_path_factory.mktemp("log") / "log"
    tail = LogTail(log)
    came: list[str] = []
    for piece in pieces:
        append(log, piece)
        seen = tail.poll()
        if seen is not None:
            came += seen.lines
    *complete, rest = b"".join(pieces).split(b"\n")
    assert came == [shown(line) for line in complete] == list(tail.lines)
    assert tail.partial == shown(rest)
    tail.close()
