"""Documents that are there whole or not at all, lines that nothing tears, locks that the kernel keeps."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui.runs import files as files_module
from trainer_tui.runs.files import (
    LineAppender,
    complete_lines,
    is_locked,
    locked,
    parse_records,
    read_json,
    read_records,
    replace_atomic,
    replace_json,
    try_lock,
)

Python = Callable[..., subprocess.CompletedProcess[str]]
Until = Callable[[Callable[[], Any]], Any]


# Documents


def test_a_document_is_replaced_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    replace_json(path, {"done": 1})
    replace_json(path, {"done": 2, "name": "größer", "path": Path("/x")})
    assert read_json(path) == {"done": 2, "name": "größer", "path": "/x"}
    assert os.listdir(tmp_path) == ["progress.json"]


def test_a_full_disk_leaves_the_old_document(small_disk: Path) -> None:
    path = small_disk / "exit.json"
    replace_atomic(path, b"old")
    with pytest.raises(OSError, match="No space left"):
        replace_atomic(path, b"x" * 100_000)
    assert path.read_bytes() == b"old"
    assert os.listdir(small_disk) == ["exit.json"]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        replace_atomic(tmp_path / "none" / "exit.json", b"x")


def test_readers_and_threads_that_write_see_whole_documents(tmp_path: Path) -> None:
    path = tmp_path / "document"
    contents = [bytes([65 + i]) * (50_000 + i) for i in range(4)]
    replace_atomic(path, contents[0], fsync=False)
    seen, troubles = set(), []

    def write(content: bytes) -> None:
        try:
            for _ in range(100):
                replace_atomic(path, content, fsync=False)
        except OSError as trouble:
            troubles.append(trouble)

    writers = [threading.Thread(target=write, args=(content,)) for content in contents]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        seen.add(path.read_bytes())
    for writer in writers:
        writer.join()
    assert troubles == []
    assert seen <= set(contents)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1]", b'"text"', b"\xff\xfe", b"{'a': 1}", b"[" * 100_000, b'{"a":' * 100_000],
    ids=lambda content: ascii(content[:8]),
)
def test_what_is_no_json_object_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    assert read_json(path) is None


def test_an_absent_or_unreadable_document_is_none(tmp_path: Path) -> None:
    assert read_json(tmp_path / "absent") is None
    assert read_json(tmp_path) is None


# Lines


@given(st.binary(max_size=200))
def test_complete_lines_and_the_rest_are_the_data(data: bytes) -> None:
    lines, used = complete_lines(data)
    assert b"".join(line + b"\n" for line in lines) == data[:used]
    assert b"\n" not in data[used:]


@given(st.lists(st.binary(max_size=30)), st.lists(st.integers(0, 300), max_size=10))
def test_lines_are_the_same_in_whatever_pieces_they_come(parts: list[bytes], cuts: list[int]) -> None:
    data = b"\n".join(parts)
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    found, rest = [], b""
    for start, end in pairwise(places):
        lines, used = complete_lines(rest + data[start:end])
        rest = (rest + data[start:end])[used:]
        found += lines
    assert (found, rest) == (complete_lines(data)[0], data[complete_lines(data)[1] :])


@given(st.lists(st.binary(max_size=30) | st.just(b'{"a": 1}') | st.just(b"[" * 5000)))
def test_any_lines_parse_to_objects_alone(lines: list[bytes]) -> None:
    assert all(isinstance(record, dict) for record in parse_records(lines))
    assert sum(record == {"a": 1} for record in parse_records(lines)) >= lines.count(b'{"a": 1}')


def test_torn_and_foreign_lines_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"n": 1}\nnot json\n\n[2]\n\x00\xff\n{"n": 2}\n{"n": 3')
    assert read_records(path) == [{"n": 1}, {"n": 2}]
    assert read_records(tmp_path / "absent") == []


def test_lines_are_appended_whole(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    appender = LineAppender(path)
    assert appender.flush()
    assert not path.exists()
    assert appender.append(b"one")
    assert appender.append(b"two")
    assert path.read_bytes() == b"one\ntwo\n"


def test_a_torn_line_is_closed_first(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"whole\ntorn by a cra")
    appender = LineAppender(path)
    appender.append(b"next")
    appender.append(b"one more")
    assert path.read_bytes() == b"whole\ntorn by a cra\nnext\none more\n"


def test_lines_wait_in_order_and_the_oldest_go_first(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "lines"
    appender = LineAppender(path, keep=3)
    for number in range(5):
        assert not appender.append(b"%d" % number)
    assert appender.waiting == 3
    assert appender.problem is not None
    assert appender.problem.errno == errno.ENOENT
    path.parent.mkdir()
    assert appender.flush()
    assert appender.problem is None
    assert path.read_bytes() == b"2\n3\n4\n"


def test_a_full_disk_loses_no_line_and_tears_none(small_disk: Path) -> None:
    filler, path = small_disk / "filler", small_disk / "telemetry.csv"
    lines = [b"%05d," % n + b"x" * 900 for n in range(60)]
    filler.write_bytes(b"f" * 30_000)
    appender = LineAppender(path)
    taken = [appender.append(line) for line in lines]
    assert taken[0]
    assert not taken[-1]
    assert appender.waiting == taken.count(False)
    assert appender.problem is not None
    assert appender.problem.errno == errno.ENOSPC
    content = path.read_bytes()
    assert content.endswith(b"\n"), "what the disk took of a line is taken back"
    filler.unlink()
    assert appender.flush()
    assert path.read_bytes().splitlines() == lines


def test_a_refused_line_is_not_obeyed_later(small_disk: Path) -> None:
    """A request that was refused for the want of its newline must not come to life with the next one."""
    path = small_disk / "control.jsonl"
    room = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
    refused = json.dumps({"request": "stop", "why": "x" * (room - 40)}).encode()
    refused += b" " * (room - len(refused))  # all of it fits, but not its newline
    assert not LineAppender(path).append(refused)
    assert LineAppender(path).append(b'{"request": "note"}')
    assert read_records(path) == [{"request": "note"}]


def test_what_another_process_appended_is_never_taken_back(tmp_path: Path, python: Python) -> None:
    """A limit on the file's size refuses a part of a line too; here another line came in behind that part."""
    code = """
import os, resource, sys
from pathlib import Path
from trainer_tui.runs.files import LineAppender
path = Path(sys.argv[1])
appender = LineAppender(path)
appender.append(b"first")
resource.setrlimit(resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
write = os.write
def write_and_be_followed(descriptor, data):
    written = write(descriptor, data)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    with path.open("ab") as other:
        other.write(b"of another\\n")
    return written
os.write = write_and_be_followed
assert not appender.append(b"a longer line")
os.write = write
assert appender.flush()
"""
    python(code, tmp_path / "lines")
    assert (tmp_path / "lines").read_bytes() == b"first\na loof another\na longer line\n"


def test_processes_append_at_once_without_mixing(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from trainer_tui.runs.files import LineAppender\n"
        "a = LineAppender(Path(sys.argv[1]))\n"
        "for n in range(300): a.append(sys.argv[2].encode() * 50 + b' %d' % n)\n"
    )
    path = tmp_path / "lines"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(path), who], env=environment) for who in "ABC"
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    lines = [line for line in path.read_bytes().splitlines() if line]
    for who in (b"A", b"B", b"C"):
        assert [line for line in lines if line[:1] == who] == [who * 50 + b" %d" % n for n in range(300)]
    assert len(lines) == 900


# Locks


def test_nobody_locks_what_is_not_there(tmp_path: Path) -> None:
    assert is_locked(tmp_path / "alive.lock") is False
    assert not (tmp_path / "alive.lock").exists(), "an onlooker makes no files"


def test_a_path_that_cannot_be_opened_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert is_locked(tmp_path / "file" / "alive.lock") is None


def test_a_lock_is_held_once_and_let_go(tmp_path: Path) -> None:
    path = tmp_path / "supervisor.lock"
    held = try_lock(path)
    assert held is not None
    assert is_locked(path) is True
    assert try_lock(path) is None
    os.close(held)
    assert is_locked(path) is False
    again = try_lock(path)
    assert again is not None
    os.close(again)


def test_onlookers_do_not_take_each_other_for_a_holder(tmp_path: Path) -> None:
    path = tmp_path / "alive.lock"
    path.touch()
    seen: list[bool | None] = []

    def look() -> None:
        seen.extend([is_locked(path) for _ in range(500)])

    onlookers = [threading.Thread(target=look) for _ in range(4)]
    for onlooker in onlookers:
        onlooker.start()
    for onlooker in onlookers:
        onlooker.join()
    assert seen == [False] * 2000


def test_a_lock_is_had_while_an_onlooker_looks(tmp_path: Path) -> None:
    path = tmp_path / "supervisor.lock"
    path.touch()
    enough = threading.Event()

    def look() -> None:
        while not enough.is_set():
            is_locked(path)
            time.sleep(0.0005)

    onlooker = threading.Thread(target=look)
    onlooker.start()
    try:
        for _ in range(50):
            held = try_lock(path)
            assert held is not None
            os.close(held)
    finally:
        enough.set()
        onlooker.join()


def test_a_lock_that_an_onlooker_holds_this_moment_is_waited_for(tmp_path: Path) -> None:
    import fcntl

    path = tmp_path / "supervisor.lock"
    looking = os.open(path, os.O_RDONLY | os.O_CREAT)
    fcntl.flock(looking, fcntl.LOCK_SH)
    timer = threading.Timer(0.03, os.close, [looking])
    timer.start()
    held = try_lock(path)
    timer.join()
    assert held is not None
    os.close(held)


def test_the_lock_lives_in_a_child_that_inherited_it_and_dies_with_it(tmp_path: Path) -> None:
    path = tmp_path / "alive.lock"
    held = try_lock(path)
    assert held is not None
    child = subprocess.Popen(["sleep", "1000"], pass_fds=[held])
    os.close(held)
    try:
        assert is_locked(path) is True, "the child holds it alone"
        child.send_signal(signal.SIGSTOP)
        assert is_locked(path) is True, "a stopped process holds it too"
    finally:
        child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert is_locked(path) is False, "a zombie holds nothing"
    child.wait()


def test_a_child_inherits_no_lock_by_accident(tmp_path: Path) -> None:
    path = tmp_path / "supervisor.lock"
    held = try_lock(path)
    assert held is not None
    child = subprocess.Popen(["sleep", "1000"], close_fds=False)
    os.close(held)
    try:
        assert is_locked(path) is False
    finally:
        child.kill()
        child.wait()


def test_locked_waits_for_its_turn(tmp_path: Path, until: Until) -> None:
    path, order = tmp_path / "lock", []

    def other() -> None:
        with locked(path):
            order.append("other")

    with locked(path) as descriptor:
        os.pwrite(descriptor, b"mine", 0)
        thread = threading.Thread(target=other)
        thread.start()
        until(lambda: _waits_for_lock(thread))
        order.append("first")
    thread.join()
    assert order == ["first", "other"]
    assert path.read_bytes() == b"mine"


def _waits_for_lock(thread: threading.Thread) -> bool:
    """/proc/locks marks a lock that is waited for with an arrow."""
    locks = Path("/proc/locks")
    if not locks.exists():
        time.sleep(0.1)
        return True
    return any(
        "->" in line and "FLOCK" in line and f" {os.getpid()} " in line
        for line in locks.read_text().split("\n")
    )


def test_what_cannot_be_read_is_not_taken_for_empty(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        read_records(path)
    assert read_records(tmp_path / "absent" / "events.jsonl") == []


def test_a_file_system_without_locks_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(files_module.fcntl, "flock", refuse)
    with pytest.raises(OSError, match="file system has no locks") as caught:
        try_lock(tmp_path / "lock")
    assert caught.value.filename == str(tmp_path / "lock")


def test_a_folder_that_is_not_there_is_named_and_not_a_file_of_ours(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        replace_atomic(tmp_path / "nowhere" / "a.csv", b"x")
    assert caught.value.filename == str(tmp_path / "nowhere") and ".tmp" not in str(caught.value)
