"""Following a file by bytes, whatever is done to it meanwhile."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from trainer_tui.runs.tail import Chunk, Tail


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "train.log"


@pytest.fixture
def tail(log: Path) -> Iterator[Tail]:
    tail = Tail(log)
    yield tail
    tail.close()


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def rewrite(path: Path, data: bytes) -> None:
    """New content in the same file, as `> log` does; the clock of the file system moves on first."""
    before = path.stat().st_mtime_ns
    while True:
        path.write_bytes(data)
        if path.stat().st_mtime_ns != before:
            return


def test_a_file_that_is_not_there_yet_is_empty(tail: Tail, log: Path) -> None:
    assert tail.read() == Chunk(0, b"")
    append(log, b"first")
    assert tail.read() == Chunk(0, b"first")
    assert tail.read() == Chunk(5, b"")


def test_only_what_is_new_is_read(tail: Tail, log: Path) -> None:
    append(log, b"one ")
    tail.read()
    append(log, b"two")
    assert tail.read(2) == Chunk(4, b"tw")
    assert tail.read() == Chunk(6, b"o")
    assert (tail.offset, tail.generation) == (7, 0)


def test_it_goes_on_from_an_offset(log: Path) -> None:
    append(log, b"scanned new")
    tail = Tail(log, offset=8, generation=3)
    assert tail.read() == Chunk(8, b"new")
    assert tail.generation == 3
    tail.close()


def test_an_offset_beyond_the_end_means_truncated(log: Path) -> None:
    append(log, b"short")
    tail = Tail(log, offset=100)
    assert tail.read() == Chunk(0, b"short", "truncated")
    tail.close()


def test_truncated(tail: Tail, log: Path) -> None:
    append(log, b"a long first line")
    tail.read()
    os.truncate(log, 0)
    assert tail.read() == Chunk(0, b"", "truncated")
    append(log, b"anew")
    assert tail.read() == Chunk(0, b"anew")
    assert tail.generation == 1


@pytest.mark.parametrize("content", [b"other content that is longer", b"first of all"])
def test_replaced_by_the_same_amount_or_more(tail: Tail, log: Path, content: bytes) -> None:
    append(log, b"first content"[: len(b"first of all")])
    tail.read()
    rewrite(log, content)
    chunk = tail.read()
    assert chunk == Chunk(0, content, "replaced")


def test_the_same_content_again_is_no_change(tail: Tail, log: Path) -> None:
    append(log, b"same")
    tail.read()
    rewrite(log, b"same")
    os.utime(log)
    assert tail.read() == Chunk(4, b"")


def test_rotated_after_the_old_file_was_read_to_its_end(tail: Tail, log: Path) -> None:
    append(log, b"old, ")
    tail.read()
    append(log, b"and its end")
    log.rename(log.with_suffix(".1"))
    append(log, b"new")
    assert tail.read() == Chunk(5, b"and its end")
    assert tail.read() == Chunk(0, b"new", "rotated")


def test_last_words_written_while_it_is_rotated_are_read(tail: Tail, log: Path) -> None:
    """They come in just after the end was read and just before the new file is seen."""
    append(log, b"old")
    tail.read()
    look = tail.rotated

    def rotate_and_look() -> bool:
        if not log.with_suffix(".1").exists():
            append(log, b", last words")
            log.rename(log.with_suffix(".1"))
            append(log, b"new")
        return look()

    tail.rotated = rotate_and_look  # type: ignore[method-assign]
    assert tail.read() == Chunk(3, b", last words")
    assert tail.read() == Chunk(0, b"new", "rotated")


def test_moved_away_and_nothing_new_yet(tail: Tail, log: Path) -> None:
    append(log, b"old")
    tail.read()
    log.rename(log.with_suffix(".1"))
    append(log.with_suffix(".1"), b" goes on")
    assert tail.read() == Chunk(3, b" goes on")
    assert not tail.rotated()
    append(log, b"new")
    assert tail.rotated()
    assert tail.read() == Chunk(0, b"new", "rotated")


def test_deleted_and_made_anew(tail: Tail, log: Path) -> None:
    append(log, b"old")
    tail.read()
    log.unlink()
    assert tail.read() == Chunk(3, b"")
    append(log, b"new")
    assert tail.read() == Chunk(0, b"new", "rotated")


def test_a_rotation_that_cannot_be_read_yet_is_still_told(
    tail: Tail, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(log, b"old")
    tail.read()
    log.unlink()
    append(log, b"new")

    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        for _ in range(2):
            with pytest.raises(PermissionError):
                tail.read()
    assert tail.read() == Chunk(0, b"new", "rotated")
    assert tail.generation == 1


def test_a_folder_cannot_be_read(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    with pytest.raises(IsADirectoryError):
        tail.read()
    tail.close()


def test_a_closed_tail_goes_on_where_it_was(tail: Tail, log: Path) -> None:
    append(log, b"one")
    tail.read()
    tail.close()
    assert not tail.rotated()
    assert not tail.skip(1)
    append(log, b"two")
    assert tail.read() == Chunk(3, b"two")
    tail.close()
    rewrite(log, b"something else")
    assert tail.read() == Chunk(0, b"something else", "replaced")


def test_a_burst_is_passed_over(tail: Tail, log: Path) -> None:
    append(log, b"x")
    tail.read()
    append(log, bytes(range(256)) * 1000)
    assert tail.skip(10)
    assert not tail.skip(10)
    assert tail.read() == Chunk(256_001 - 10, bytes(range(246, 256)))
    rewrite(log, b"y" * 300_000)
    assert tail.read(1) == Chunk(0, b"y", "replaced")


class Follow(RuleBasedStateMachine):
    """What a reader has of a file, after each change and look, against what stands in it."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        self.path = Path(self._folder.name) / "log"
        self.tail = Tail(self.path)
        self.had = b""
        self.changes: list[str] = []
        self.serial = 0

    def data(self, size: int) -> bytes:
        """Content that was never there before."""
        self.serial += 1
        return (b"<%d>" % self.serial * (size + 1))[: size + len(b"<%d>" % self.serial)]

    def look(self, limit: int) -> int:
        chunk = self.tail.read(limit)
        if chunk.change:
            self.had = b""
            self.changes.append(chunk.change)
        assert chunk.offset == len(self.had)
        self.had += chunk.data
        return len(chunk.data)

    def catch_up(self) -> None:
        while self.look(1 << 20):
            pass

    @rule(size=st.integers(0, 200))
    def appended(self, size: int) -> None:
        append(self.path, self.data(size))

    @rule(limit=st.integers(1, 50))
    def read(self, limit: int) -> None:
        self.look(limit)

    @precondition(lambda self: self.path.exists() and self.path.stat().st_size)
    @rule(size=st.integers(0, 300))
    def rewritten(self, size: int) -> None:
        self.catch_up()
        rewrite(self.path, self.data(size))
        self.catch_up()
        assert self.changes[-1] in ("truncated", "replaced")

    @precondition(lambda self: self.path.exists() and self.path.stat().st_size)
    @rule()
    def truncated(self) -> None:
        self.catch_up()
        os.truncate(self.path, 0)
        self.catch_up()
        assert self.changes[-1] == "truncated"

    @precondition(lambda self: self.path.exists())
    @rule(size=st.integers(0, 100), more=st.integers(0, 100))
    def rotated(self, size: int, more: int) -> None:
        self.catch_up()  # it is open by now
        append(self.path, self.data(size))
        self.path.rename(self.path.with_suffix(f".{self.serial}"))
        append(self.path, self.data(more))
        self.catch_up()
        assert self.changes[-1] == "rotated"

    @rule()
    def closed(self) -> None:
        self.catch_up()
        self.tail.close()

    @invariant()
    def it_has_what_is_there(self) -> None:
        if self.path.exists():
            assert self.path.read_bytes().startswith(self.had)
            assert self.tail.generation == len(self.changes)

    def teardown(self) -> None:
        self.catch_up()
        if self.path.exists():
            assert self.had == self.path.read_bytes()
        self.tail.close()
        self._folder.cleanup()


Follow.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestFollow = Follow.TestCase
