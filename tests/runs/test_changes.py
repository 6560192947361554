"""Waking when files change: soon when all is quiet, cheaply when all is busy, and never too late."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from trainer_tui.runs import changes as changes_module
from trainer_tui.runs import inotify as inotify_module
from trainer_tui.runs.changes import Changes
from trainer_tui.runs.inotify import Inotify

FAR = 30.0
"""A poll so far off that whatever comes earlier came from inotify."""


@pytest.fixture(autouse=True)
def calm_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes_module, "CALM_AFTER_S", 0.05)


@pytest.fixture
def changes(tmp_path: Path) -> Iterator[Changes]:
    changes = Changes([tmp_path, tmp_path], ignore=["own.jsonl"], quiet_poll_s=FAR)
    yield changes
    changes.close()


def calm(changes: Changes) -> None:
    """Wait until a watch is set."""
    while not changes._armed and not changes.problem:
        changes.wait(False)


def took(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def append(path: Path, data: bytes = b"x\n") -> None:
    with path.open("ab") as file:
        file.write(data)


@pytest.mark.parametrize("how", ["append", "create", "rename", "delete", "truncate"])
def test_a_quiet_file_that_changes_wakes_within_a_second(changes: Changes, tmp_path: Path, how: str) -> None:
    path = tmp_path / "train.log"
    append(path)
    act: dict[str, Callable[[], object]] = {
        "append": lambda: append(path),
        "create": lambda: append(tmp_path / "exit.json"),
        "rename": lambda: path.rename(tmp_path / "train.log.1"),
        "delete": path.unlink,
        "truncate": lambda: os.truncate(path, 0),
    }
    calm(changes)
    act[how]()
    assert took(lambda: changes.wait(False)) < 1.1
    assert changes.problem == ""


def test_a_file_that_stays_open_wakes_with_each_write(changes: Changes, tmp_path: Path) -> None:
    with (tmp_path / "train.log").open("wb", buffering=0) as file:
        for _ in range(3):
            calm(changes)
            file.write(b"epoch\n")
            assert took(lambda: changes.wait(False)) < 1.1


def test_a_folder_behind_a_link_is_watched(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    (tmp_path / "logs").symlink_to(tmp_path / "scratch")
    changes = Changes([tmp_path / "logs"], quiet_poll_s=FAR)
    calm(changes)
    append(tmp_path / "scratch" / "train.log")
    assert took(lambda: changes.wait(False)) < 1.1
    changes.close()


def test_our_own_files_wake_nobody(changes: Changes, tmp_path: Path) -> None:
    own = tmp_path / "own.jsonl"
    append(own)
    calm(changes)
    stop = threading.Event()

    def write() -> None:
        while not stop.wait(0.02):
            append(own)

    writer = threading.Thread(target=write)
    writer.start()
    assert took(lambda: changes.wait(False, timeout=0.4)) >= 0.4
    assert not changes._wake.is_set()
    stop.set()
    writer.join()


def test_reading_wakes_nobody(changes: Changes, tmp_path: Path) -> None:
    append(tmp_path / "train.log")
    calm(changes)
    (tmp_path / "train.log").read_bytes()
    assert took(lambda: changes.wait(False, timeout=0.3)) >= 0.3


def test_a_busy_reader_polls_and_watches_nothing(changes: Changes, tmp_path: Path) -> None:
    calm(changes)
    append(tmp_path / "train.log")
    changes.wait(False)
    assert took(lambda: changes.wait(True)) < 0.5
    assert not changes._armed
    for _ in range(3):
        assert took(lambda: changes.wait(True)) < 0.5
        assert not changes._armed
    calm(changes)
    assert changes._armed, "quiet again, it is watched again"


def test_twenty_thousand_writes_cost_little(tmp_path: Path, python: Callable[..., Any]) -> None:
    """A reader that takes every event would need seconds of our processor for these."""
    code = """
import sys, threading, time
from pathlib import Path
from trainer_tui.runs import changes as module
from trainer_tui.runs.changes import Changes
from trainer_tui.runs.tail import Tail
module.CALM_AFTER_S = 0.1
log = Path(sys.argv[1]) / "train.log"
log.touch()
changes, tail, looks, done = Changes([log.parent]), Tail(log), 0, False
while not changes._armed:
    changes.wait(False)
cpu = time.process_time()
print("ready", flush=True)
deadline = time.monotonic() + 30
while tail.offset < 20000 * 8 and time.monotonic() < deadline:
    looks += 1
    changes.wait(bool(tail.read().data))
print(tail.offset, looks, time.process_time() - cpu)
"""
    writer = """
import os, sys, time
log = os.open(sys.argv[1] + "/train.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
while not os.path.exists(sys.argv[1] + "/go"): time.sleep(0.01)
for _ in range(20000): os.write(log, b"epoch 1\\n")
"""
    folder = tmp_path / "logs"
    folder.mkdir()
    root = str(Path(__file__).parents[2])
    writing = subprocess.Popen([sys.executable, "-c", writer, str(folder)])
    reading = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        env={**os.environ, "PYTHONPATH": root},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reading.stdout is not None
    assert reading.stdout.readline() == "ready\n"
    (folder / "go").touch()
    assert writing.wait() == 0
    offset, looks, cpu = reading.communicate()[0].split()
    assert int(offset) == 160_000
    assert int(looks) < 200
    assert float(cpu) < 0.5


def test_no_change_is_lost_between_the_look_and_the_watch(
    changes: Changes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changes fall at any moment of the loop; with the poll so far off, a lost one would be seen."""
    monkeypatch.setattr(changes_module, "CALM_AFTER_S", 0.0)
    changes._busy_poll_s = 0.001
    path = tmp_path / "train.log"
    path.touch()
    taken = threading.Semaphore(0)
    rounds = 300

    def write() -> None:
        for number in range(rounds):
            time.sleep(number % 7 * 0.0007)  # falls on another step of the loop each time
            append(path)
            if not taken.acquire(timeout=5):
                return

    writer = threading.Thread(target=write)
    writer.start()
    seen, slowest, looked = 0, 0.0, time.monotonic()
    while seen < rounds and writer.is_alive():
        size = path.stat().st_size // 2
        changed = size > seen
        if changed:
            seen = size
            slowest = max(slowest, time.monotonic() - looked)
            looked = time.monotonic()
            taken.release()
        if seen < rounds:
            changes.wait(changed, timeout=6)
    writer.join()
    assert seen == rounds, "a change was not seen within five seconds"
    assert slowest < 2


def test_another_thread_can_wake_it(changes: Changes) -> None:
    calm(changes)
    threading.Timer(0.05, changes.wake).start()
    assert took(lambda: changes.wait(False)) < 1.1
    changes.wake()
    assert took(lambda: changes.wait(False)) < 1.1, "also when it was woken before it waited"


def test_other_folders_from_now_on(changes: Changes, tmp_path: Path) -> None:
    calm(changes)
    new = tmp_path / "new"
    new.mkdir()
    changes.follow([new, tmp_path / "absent"])
    assert not changes._armed
    calm(changes)
    append(new / "train.log")
    assert took(lambda: changes.wait(False)) < 1.1


def test_a_watched_folder_that_is_deleted_harms_nobody(changes: Changes, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    changes.follow([gone, tmp_path])
    calm(changes)
    gone.rmdir()
    changes.wait(False)
    calm(changes)
    append(tmp_path / "train.log")
    assert took(lambda: changes.wait(False)) < 1.1


def descriptors() -> list[str]:
    """What every open descriptor of ours leads to."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            found.append(os.readlink(f"/proc/self/fd/{name}"))
    return found


def instances() -> int:
    """Inotify instances that this process holds."""
    return sum("inotify" in link for link in descriptors())


def test_watching_costs_one_instance_and_no_thread(changes: Changes, tmp_path: Path) -> None:
    """Of both there are few: two hundred supervisors share 128 instances."""
    before, held, open_files = threading.active_count(), instances(), len(descriptors())
    for _ in range(10):
        calm(changes)
        assert instances() == held + 1
        append(tmp_path / "train.log")
        changes.wait(False)
        changes.wait(True)
    assert threading.active_count() == before
    changes.close()
    assert (instances(), len(descriptors())) == (held, open_files)
    changes.close()
    changes.wake()


def test_waking_one_that_is_closed_writes_into_no_other_file(changes: Changes, tmp_path: Path) -> None:
    calm(changes)
    assert changes._bell is not None
    number = changes._bell[1]
    changes.close()
    others = [(tmp_path / f"other-{n}").open("wb") for n in range(4)]
    assert number in [other.fileno() for other in others], "its number is another file's now"
    changes.wake()
    for other in others:
        other.close()
        assert Path(other.name).read_bytes() == b""


@pytest.mark.parametrize("failing", [1, 2])
def test_without_inotify_it_polls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    """The second folder's watch is one too many: the first one's must not stay either."""
    (tmp_path / "other").mkdir()
    watch, calls, held = Inotify.watch, [], instances()

    def refuse(self: Inotify, folder: Path | str) -> None:
        calls.append(folder)
        if len(calls) == failing:
            raise OSError(errno.ENOSPC, "inotify watch limit reached")
        watch(self, folder)

    monkeypatch.setattr(Inotify, "watch", refuse)
    changes = Changes([tmp_path, tmp_path / "other"], quiet_poll_s=0.2)
    calm(changes)
    assert changes.problem == "inotify is not available (inotify watch limit reached); polling instead"
    assert instances() == held
    append(tmp_path / "train.log")
    assert 0.15 < took(lambda: changes.wait(False)) < 1.1, "nothing wakes it, it looks by the clock"
    assert took(lambda: changes.wait(False)) < 1.1
    assert len(calls) == failing, "inotify is not asked again"
    changes.close()


def test_the_last_instances_are_left_for_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With very many supervisors the later ones poll, and the user's other programs go on as before."""
    monkeypatch.setattr(inotify_module, "LEFT_FREE", 3)
    made, held = [], instances()
    init = Inotify._instance

    def of_five(self: Inotify) -> int:
        if len(made) == 5:
            raise OSError(errno.EMFILE, "too few instances are left for this user")
        made.append(1)
        return init(self)

    monkeypatch.setattr(Inotify, "_instance", of_five)
    first, second = Inotify(), None
    try:
        made[:] = [1, 1]  # one of ours, one of somebody else
        second = Changes([tmp_path], quiet_poll_s=0.05)
        calm(second)
        assert second.problem == (
            "inotify is not available (too few instances are left for this user); polling instead"
        )
        assert instances() == held + 1, "what was tried is given back"
    finally:
        first.close()
        if second is not None:
            second.close()


def test_with_no_descriptor_left_it_polls(tmp_path: Path, python: Callable[..., Any]) -> None:
    code = """
import os, resource, sys, time
from pathlib import Path
from trainer_tui.runs import changes as module
module.CALM_AFTER_S = 0.0
changes = module.Changes([Path(sys.argv[1])], quiet_poll_s=0.05)
spare = os.open(os.devnull, os.O_RDONLY)
resource.setrlimit(resource.RLIMIT_NOFILE, (spare + 1, spare + 1))
for _ in range(3):
    began = time.monotonic()
    changes.wait(False)
    print(time.monotonic() - began)
print(changes.problem)
changes.close()
"""
    *waits, problem = python(code, tmp_path).stdout.splitlines()
    assert problem.startswith("inotify is not available (")
    assert all(0.04 < float(wait) < 1 for wait in waits)
