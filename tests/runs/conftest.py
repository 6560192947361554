"""What the tests of the run folder share: folders on a real disk, and real processes that live in them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the tests beside this file share `catalog_world`

from trainer_tui.runs.files import replace_json, try_lock
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.plan import Phase, RunRequest, WatchPlan
from trainer_tui.runs.process import ProcessIdentity, boot_id, host_name

ROOT = Path(__file__).parents[2]
PLENTY_S = 20.0
"""Longer than anything here takes on a busy machine; nothing waits for all of it unless it fails."""


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], Any]:
    """Wait for a condition to come true, and fail when it never does."""

    def wait(condition: Callable[[], Any]) -> Any:
        give_up = time.monotonic() + PLENTY_S
        while not (result := condition()):
            assert time.monotonic() < give_up, "it never happened"
            time.sleep(0.005)
        return result

    return wait


@pytest.fixture
def python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Python code in a process of its own, which must end well."""

    def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            text=True,
            capture_output=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root can mount a small disk")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@pytest.fixture
def model(tmp_path: Path) -> ModelFolder:
    """A model without runs."""
    return ModelFolder(tmp_path / "output" / "model_3", tmp_path / "logs" / "model_3")


@pytest.fixture
def make_run(model: ModelFolder) -> Callable[..., RunFolder]:
    """Make a run as a supervisor does: its folder, its `run.json`."""

    def make(phase: Phase = "full", watch: int | None = None, **plan: Any) -> RunFolder:
        run = model.new_run(phase)
        replace_json(run.run_json, request_of(model, run, watch, **plan).to_dict())
        return run

    return make


def request_of(model: ModelFolder, run: RunFolder, watch: int | None = None, **plan: Any) -> RunRequest:
    root = str(model.path.parents[1])
    watch_plan = WatchPlan(model=model.name, command=("python", "train.py"), cwd=root, root=root)
    return RunRequest(
        model=model.name,
        number=run.number,
        phase=run.phase,  # type: ignore[arg-type]
        watch=run.number if watch is None else watch,
        plan=replace(watch_plan, **plan),
        command=watch_plan.command,
        cwd=root,
        env={},
        log=os.path.relpath(model.log_of(run), run.path),
        created="2026-01-25T14:00:00.000Z",
        host=host_name(),
        boot_id=boot_id(),
        user="ada",
    )


@pytest.fixture
def run(make_run: Callable[..., RunFolder]) -> RunFolder:
    """One full run, asked for and not yet launched."""
    return make_run("full")


@dataclass
class Job:
    """A training process that holds `alive.lock` by an inherited descriptor, and the shim's lock."""

    run: RunFolder
    _shim: int | None = None
    _process: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        """The shim is there, the training process is not."""
        self._shim = try_lock(self.run.shim_lock)
        assert self._shim is not None

    def start(self, **changed: Any) -> int:
        """Start the process and name it in `process.json`, some fields `changed`; returns its pid."""
        self.launch()
        lock = try_lock(self.run.alive_lock)
        assert lock is not None
        self._process = subprocess.Popen(["sleep", "1000"], pass_fds=[lock])
        os.close(lock)
        identity = ProcessIdentity.of(self._process.pid)
        assert identity is not None
        self.named(
            {**identity.to_dict(), "host": host_name(), "started": "2026-01-25T14:00:01.000Z", **changed}
        )
        return self._process.pid

    def named(self, process: dict[str, Any]) -> None:
        replace_json(self.run.process_json, process)

    def kill(self, *, reap: bool = True) -> None:
        """SIGKILL; without `reap` it stays a zombie."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        if reap:
            self._process.wait()
        else:
            os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)

    def end_shim(self, exit_status: dict[str, Any] | None = None) -> None:
        """The shim goes, having written how the process ended, or nothing."""
        if exit_status is not None:
            replace_json(self.run.exit_json, exit_status)
        if self._shim is not None:
            os.close(self._shim)
            self._shim = None

    def tidy(self) -> None:
        """End whatever is left."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self.end_shim()


@pytest.fixture
def job(run: RunFolder) -> Iterator[Job]:
    """The process of `run`."""
    job = Job(run)
    yield job
    job.tidy()


@pytest.fixture
def supervised(model: ModelFolder, run: RunFolder) -> Iterator[None]:
    """Somebody holds the supervisor's lock."""
    held = try_lock(model.supervisor_lock)
    assert held is not None
    yield
    os.close(held)


@pytest.fixture
def record() -> Callable[..., None]:
    """Append events to a run, with a time."""

    def write(run: RunFolder, *events: dict[str, Any]) -> None:
        with run.events.open("ab") as file:
            for event in events:
                file.write(json.dumps({"time": "2026-01-25T14:00:02.000Z", **event}).encode() + b"\n")

    return write
