"""Run folders as a supervisor and a training process leave them, written through the real parts."""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot

from trainer_tui.runs.events import EventLog
from trainer_tui.runs.files import replace_json, try_lock
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.plan import RunRequest, WatchPlan
from trainer_tui.runs.process import ProcessIdentity
from trainer_tui.runs.telemetry import COLUMNS
from trainer_tui.tui import Cockpit

GIB = float(1 << 30)

SIZES = pytest.mark.parametrize("size", [(160, 48), (120, 36), (80, 24)], ids=["160x48", "120x36", "80x24"])
"""The sizes of a picture: columns and rows."""

ENTRY = """\
## Dev Diary Entry #{number}

**Date**: 2026-01-25 14:30
**Phase**: Phase 5B (full training)
**Model**: model_3
**Run**: model_3/{run}

### The Struggle

**What Happened**: NaN at epoch 50

### The Investigation

<!-- what did you try? -->

### The Fix

<!-- what did you change? -->

### The Why (Physical Interpretation)

### Actionable Next Steps

**Status**: OPEN
"""


class FakeRun:
    """One run of a model, alive as long as its child holds `alive.lock`."""

    def __init__(self, world: World, phase: str, watch: int | None = None) -> None:
        self.world = world
        self.folder: RunFolder = world.model.new_run(phase)
        self.events = EventLog(self.folder.events)
        log = world.model.log_of(self.folder)
        self.log_path = log
        plan = WatchPlan(model=world.model.name, command=("python", "m.py"), cwd=".", root=str(world.root))
        request = RunRequest(
            model=world.model.name,
            number=self.folder.number,
            phase=phase,  # type: ignore[arg-type]
            watch=watch or self.folder.number,
            plan=plan,
            command=plan.command,
            cwd=".",
            env={},
            log=os.path.relpath(log, self.folder.path),
            created="2026-01-25T12:20:00.000Z",
            host=socket.gethostname(),
        )
        replace_json(self.folder.run_json, request.to_dict(), fsync=False)
        self.child: subprocess.Popen[bytes] | None = None

    def begin(self, at: str | None = None) -> FakeRun:
        """A real process that holds the lock of the living."""
        lock = try_lock(self.folder.alive_lock)
        assert lock is not None
        self.child = subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE, pass_fds=(lock,)
        )
        os.close(lock)
        self.world.on_exit.callback(self.end)
        identity = ProcessIdentity.of(self.child.pid)
        assert identity is not None
        replace_json(
            self.folder.process_json, {**identity.to_dict(), "host": socket.gethostname()}, fsync=False
        )
        self.events.append("started", pid=self.child.pid, **({"at": at} if at else {}))
        return self

    def end(self) -> None:
        """Let the process end."""
        if self.child is not None and self.child.stdin is not None:
            self.child.stdin.close()
            self.child.wait(10)
            self.child = None

    def finish(self, reason: str, sentence: str, code: int = 0, duration: float = 131.0) -> None:
        """The process ended and was judged."""
        self.end()
        exit_status = {"code": code, "duration_s": duration}
        self.folder.exit_json.write_text(json.dumps(exit_status))
        self.events.append("exited", **exit_status)
        self.events.append("ended", reason=reason, sentence=sentence)

    def log(self, *lines: str | bytes, end: bytes = b"\n") -> None:
        """Write to the log."""
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log_path, "ab") as file:
            for line in lines:
                file.write((line if isinstance(line, bytes) else line.encode()) + end)

    def history(self, rows: int, start: int = 1, nan_from: int | None = None) -> None:
        """Epochs of a loss that falls."""
        path = self.folder.history
        fresh = not path.exists()
        with open(path, "a") as file:
            if fresh:
                file.write("epoch,train_loss,val_loss,rmse,grad_norm,time_s\n")
            for epoch in range(start, start + rows):
                loss = 0.4 + 2.1 * math.exp(-epoch / 60) + 0.02 * math.sin(epoch * 1.7)
                values = [loss, loss * 1.06 + 0.01, 4 + loss, 3 / epoch]
                if nan_from is not None and epoch >= nan_from:
                    values[:2] = [math.nan, math.nan]
                file.write(f"{epoch}," + ",".join(f"{v:.5f}" for v in values) + ",3.2\n")

    def progress(self, done: float, total: float | None) -> None:
        """How far it is."""
        replace_json(self.folder.progress, {"done": done, "total": total, "step_name": "epoch"}, fsync=False)

    def sample(self, elapsed: float, *, gpus: int = 0, **values: float) -> None:
        """One sample of the machine."""
        row: dict[str, float] = {
            "time": 1769337000.0 + elapsed,
            "elapsed_s": elapsed,
            "cpu_percent": 55 + 20 * math.sin(elapsed / 5),
            "cpu_count": 16,
            "ram_used": 9.8 * GIB,
            "ram_total": 24 * GIB,
            "job_cpu_percent": 1150,
            "job_rss": 3.1 * GIB + elapsed / 60 * 12 * 2**20,
            "job_processes": 5,
            "disk_free": 212 * GIB,
            "disk_total": 900 * GIB,
        }
        assert set(row) == set(COLUMNS)
        for index in range(gpus):
            row |= {
                f"gpu{index}_util": 98,
                f"gpu{index}_mem_used": 88 * GIB,
                f"gpu{index}_mem_total": 139 * GIB,
                f"gpu{index}_temp": 61,
                f"gpu{index}_power": 412,
            }
        row |= values
        path = self.folder.telemetry
        fresh = not path.exists()
        with open(path, "a") as file:
            if fresh:
                file.write(",".join(row) + "\n")
            file.write(",".join(f"{value:.6g}" for value in row.values()) + "\n")

    def fail(self, entry: int = 1, *, confirmed: bool = True) -> Incident:
        """An error, with a diary entry about it."""
        incident = Incident(
            id="log-1234",
            severity="error",
            kind="nan-loss",
            message="RuntimeError: NaN detected in loss computation",
            line=1081,
            excerpt='Traceback (most recent call last):\n  File "train.py", line 88, in step\n'
            "RuntimeError: NaN detected in loss computation",
            frames=("train.py:120 in main", "train.py:88 in step"),
            hypotheses=("The learning rate is too high for the gradients' scale.",),
        )
        self.events.append("incident", incident=incident.to_dict())
        self.world.write_entry(entry, self.folder.path.name)
        self.events.append("diary", entry=entry, incident=incident.id)
        if confirmed:
            incident = incident.with_fate("confirmed")
            self.events.append("incident", incident=incident.to_dict())
        return incident


class World:
    """A project with one model."""

    def __init__(self, root: Path, on_exit: ExitStack) -> None:
        self.root = root
        self.on_exit = on_exit
        self.model = ModelFolder(root / "output" / "model_3", root / "logs" / "model_3")
        self.model.path.mkdir(parents=True)
        self.diary = root / "output" / "dev_diary.md"
        self.retried: list[str] = []
        self.revived: list[str] = []
        self._supervisor: int | None = None

    @property
    def cockpit(self) -> Cockpit:
        """What the screens are built from."""
        return Cockpit(
            self.model,
            self.diary,
            "demo",
            lambda: self.retried.append("retry"),
            lambda: self.revived.append("revive"),
        )

    def run(self, phase: str = "full", watch: int | None = None) -> FakeRun:
        """A new run."""
        return FakeRun(self, phase, watch)

    def supervise(self) -> None:
        """Somebody holds the supervisor's lock."""
        self._supervisor = try_lock(self.model.supervisor_lock)
        assert self._supervisor is not None
        self.on_exit.callback(self.abandon)

    def abandon(self) -> None:
        """The supervisor is gone."""
        if self._supervisor is not None:
            os.close(self._supervisor)
            self._supervisor = None

    def write_entry(self, number: int, run: str) -> None:
        """An entry as the supervisor opens it."""
        text = self.diary.read_text() if self.diary.exists() else "# Dev Diary\n\n"
        self.diary.write_text(text + ENTRY.format(number=number, run=run) + "\n")


def busy(world: World) -> FakeRun:
    """A run that has been training for a while."""
    world.supervise()
    run = world.run().begin()
    run.history(120)
    run.progress(120, 400)
    for second in range(0, 60, 2):
        run.sample(float(second))
    run.log(*[f"epoch {i} train 0.4" for i in range(100)])
    return run


def requests_of(run: FakeRun) -> list[dict[str, Any]]:
    """What was asked of a run."""
    if not run.folder.control.exists():
        return []
    return [json.loads(line) for line in run.folder.control.read_text().splitlines()]


async def until(pilot: Pilot[Any], condition: Callable[[], object], seconds: float = 8.0) -> None:
    """Let the app go on until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        await pilot.pause(0.02)


def screen_text(app: App[Any]) -> str:
    """What stands on the screen now."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def hushed(pilot: Pilot[Any]) -> None:
    """Take away what stands for some seconds, which no picture should depend on."""
    pilot.app.clear_notifications()
    await until(pilot, lambda: "R starts another" not in screen_text(pilot.app))


def said(app: App[Any]) -> str:
    """What was said in notifications that are still there; on the screen their lines are broken."""
    return "\n".join(notification.message for notification in app._notifications)
