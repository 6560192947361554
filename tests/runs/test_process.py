"""Who is alive, by the kernel's word."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trainer_tui.runs import process as process_module
from trainer_tui.runs.files import is_locked, replace_json, try_lock
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.process import (
    ProcessIdentity,
    age_s,
    boot_id,
    host_name,
    life_of,
    start_time,
    training_identity,
)
from trainer_tui.runs.state import observe

GONE = {"pid": 2**22 + 1, "start_time": 1, "boot_id": boot_id(), "host": host_name()}


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that cannot tell who holds a lock."""
    monkeypatch.setattr(process_module, "is_locked", lambda path: is_locked(path) and None)


# One process


def test_ourselves() -> None:
    identity = ProcessIdentity.of(os.getpid())
    assert identity is not None
    assert identity.is_alive()
    assert identity.boot_id
    assert training_identity(identity.to_dict()) == identity
    age = age_s(identity)
    assert age is not None
    assert 0 <= age < 86_400


def test_a_new_process_is_young() -> None:
    child = subprocess.Popen(["sleep", "1000"])
    try:
        identity = ProcessIdentity.of(child.pid)
        assert identity is not None
        age = age_s(identity)
        assert age is not None
        assert age < 5
    finally:
        child.kill()
        child.wait()


def test_a_zombie_is_not_alive() -> None:
    child = subprocess.Popen(["sleep", "1000"])
    identity = ProcessIdentity.of(child.pid)
    assert identity is not None
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert Path(f"/proc/{child.pid}").exists()
    assert not identity.is_alive()
    assert ProcessIdentity.of(child.pid) is None
    child.wait()
    assert not identity.is_alive()


def test_a_stopped_process_is_alive() -> None:
    child = subprocess.Popen(["sleep", "1000"])
    identity = ProcessIdentity.of(child.pid)
    assert identity is not None
    child.send_signal(signal.SIGSTOP)
    os.waitpid(child.pid, os.WUNTRACED)
    assert identity.is_alive()
    child.kill()
    child.wait()


def test_a_name_with_spaces_and_parentheses(tmp_path: Path) -> None:
    program = tmp_path / "a) R (b"
    sleep = shutil.which("sleep")
    assert sleep is not None
    program.symlink_to(sleep)
    child = subprocess.Popen([str(program), "1000"], executable=str(program))
    try:
        ours = start_time(os.getpid())
        assert ours is not None
        assert (start_time(child.pid) or 0) >= ours
    finally:
        child.kill()
        child.wait()


def test_a_pid_used_again_is_somebody_else() -> None:
    identity = ProcessIdentity.of(os.getpid())
    assert identity is not None
    assert not ProcessIdentity(identity.pid, identity.start_time - 1, identity.boot_id).is_alive()
    assert not ProcessIdentity(identity.pid, identity.start_time, "another boot").is_alive()
    assert age_s(ProcessIdentity(identity.pid, identity.start_time, "another boot")) is None


def test_where_there_is_no_proc_psutil_is_asked() -> None:
    started = process_module._start_time_portable(os.getpid())
    assert started is not None
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert process_module._start_time_portable(child.pid) is None
    child.wait()
    assert process_module._start_time_portable(child.pid) is None


def test_where_there_is_no_proc_two_clocks_may_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    started = process_module._start_time_portable(os.getpid())
    assert started is not None
    identity = ProcessIdentity(os.getpid(), started - 1, boot_id())
    monkeypatch.setattr(process_module, "start_time", process_module._start_time_portable)
    monkeypatch.setattr(process_module.os.path, "isdir", lambda path: False)
    assert identity.is_alive()
    assert not ProcessIdentity(os.getpid(), started - 9, boot_id()).is_alive()


@pytest.mark.parametrize(
    "document",
    [{}, {"pid": None}, {**GONE, "pid": "x"}, {**GONE, "start_time": []}, {**GONE, "pid": float("inf")}],
)
def test_what_names_no_process_is_none(document: dict[str, Any]) -> None:
    assert training_identity(document) is None


# A run's process


def test_starting(run: RunFolder, job: Any) -> None:
    assert life_of(run) == "starting", "nothing was launched yet"
    job.launch()
    assert life_of(run) == "starting", "the shim is there"
    job.end_shim()
    assert life_of(run) == "unknown-end", "the shim is gone and started nothing"


def test_running_and_ending_and_ended(run: RunFolder, job: Any) -> None:
    job.start()
    assert life_of(run) == "running"
    job.kill()
    assert life_of(run) == "ending"
    job.end_shim({"signal": 9})
    assert life_of(run) == "ended"


def test_a_zombie_has_ended(run: RunFolder, job: Any) -> None:
    job.start()
    job.kill(reap=False)
    assert life_of(run) == "ending"


def test_shim_killed_too(run: RunFolder, job: Any) -> None:
    job.start()
    job.end_shim()
    assert life_of(run) == "running", "training goes on without its shim"
    job.kill()
    assert life_of(run) == "unknown-end"


def test_a_process_that_was_left_behind_is_not_the_training(run: RunFolder, job: Any) -> None:
    job.start()
    job.kill()
    held = try_lock(run.alive_lock)  # a daemon has the very descriptor of its parent
    assert held is not None
    assert life_of(run) == "running", "its shim is about to write how it ended"
    job.end_shim()
    assert life_of(run) == "left-behind"
    state = observe(run)
    assert not state.over and any("left behind" in why for _, why in state.blind)
    os.close(held)
    assert life_of(run) == "unknown-end"


def test_a_running_process_needs_no_process_json(run: RunFolder, job: Any) -> None:
    job.start()
    run.process_json.unlink()
    assert life_of(run) == "running"


def test_a_pid_that_somebody_else_has_by_now_is_never_running(run: RunFolder, job: Any) -> None:
    job.named({**GONE, "pid": os.getpid()})
    assert life_of(run) == "unknown-end"


@pytest.mark.usefixtures("no_locks")
def test_without_locks_the_identity_decides(run: RunFolder, job: Any) -> None:
    pid = job.start()
    assert life_of(run) == "running"
    identity = ProcessIdentity.of(pid)
    assert identity is not None
    document = {**identity.to_dict(), "host": host_name()}
    for changed in ({"start_time": identity.start_time - 1}, {"boot_id": "another boot"}, {"pid": None}):
        job.named({**document, **changed})
        assert life_of(run) == "unknown-end", changed
    job.named({**document, "host": "gpu02"})
    assert life_of(run) == "elsewhere"
    job.named(document)
    job.kill()
    assert life_of(run) != "running"


def test_a_folder_copied_to_another_machine_is_lost_there(run: RunFolder, job: Any, record: Any) -> None:
    job.start()
    record(run, {"kind": "started", "pid": 1})
    assert observe(run).status == "running"
    copy = RunFolder(run.path.parents[1] / "model_4" / run.path.name)
    shutil.copytree(run.path, copy.path)
    assert life_of(copy) == "unknown-end", "on the same machine nobody holds the copy's lock"
    document = {**GONE, "pid": os.getpid(), "start_time": start_time(os.getpid()), "host": "gpu02"}
    replace_json(copy.process_json, document)
    assert life_of(copy) == "elsewhere"
    state = observe(copy)
    assert (state.status, state.reason, state.alive) == ("ended", "lost", False)


def test_a_run_is_never_taken_for_dead_while_it_starts(
    make_run: Callable[..., RunFolder], until: Any
) -> None:
    """Between the locks and `process.json` an onlooker may look at any moment."""
    from trainer_tui.runs.files import try_lock

    for _ in range(20):
        run = make_run()
        seen: list[str] = []
        enough = threading.Event()

        def look(run: RunFolder = run, seen: list[str] = seen, enough: threading.Event = enough) -> None:
            while not enough.is_set():
                seen.append(life_of(run))

        shim = os.open(run.shim_lock, os.O_RDWR | os.O_CREAT)
        os.close(shim)
        shim_lock = try_lock(run.shim_lock)
        onlooker = threading.Thread(target=look)
        onlooker.start()
        alive = try_lock(run.alive_lock)
        replace_json(run.process_json, GONE, fsync=False)
        until(lambda seen=seen: "running" in seen)
        enough.set()
        onlooker.join()
        assert shim_lock is not None
        assert alive is not None
        os.close(alive)
        os.close(shim_lock)
        assert set(seen) <= {"starting", "running"}
