"""The lab: a project in a temporary folder, real scripts and processes, and an end for all of them."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the tests beside this file share `stuck`

from trainer_tui.runs.control import ask
from trainer_tui.runs.events import Event, read_events
from trainer_tui.runs.files import is_locked, read_json
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.plan import WatchPlan
from trainer_tui.runs.state import RunState, observe
from trainer_tui.supervise.start import is_unfinished, revive, start_watch

Found = TypeVar("Found")

PATIENCE_S = 30.0
"""Far more than anything here takes: only a failing test waits so long."""

PRELUDE = '''
import os, signal, sys, time
RUN = os.environ["TRAINER_RUN_DIR"]
PHASE = os.environ["TRAINER_PHASE"]
ROOT = {root!r}

def path(name):
    return os.path.join(RUN, name)

def write(name, text):
    with open(path(name) + ".part", "w") as file:
        file.write(text)
    os.replace(path(name) + ".part", path(name))

def log(epoch, loss, name="training_history.csv"):
    new = not os.path.exists(path(name))
    with open(path(name), "a") as file:
        file.write(("epoch,train_loss\\n" if new else "") + f"{{epoch}},{{loss}}\\n")

def results(text="medals,rank\\n3,1\\n2,2\\n"):
    write("results.csv", text)

def good():
    for epoch in range(1, 4):
        log(epoch, 1 / epoch)
    results()
    write("model_final.pkl", "a model")

def reach(name):
    """Say that this place was reached."""
    open(os.path.join(ROOT, name), "w").close()

def wait_for(name, seconds=60):
    """Go on when the test says so."""
    until = time.monotonic() + seconds
    while not os.path.exists(os.path.join(ROOT, name)):
        if time.monotonic() > until:
            sys.exit("nobody came")
        time.sleep(0.01)
'''


class Lab:
    """One project with one model, `demo`."""

    def __init__(self, root: Path, output: Path | None = None) -> None:
        self.root = root
        self.output = output or root / "output"
        self.model = ModelFolder(self.output / "demo", root / "logs" / "demo")
        self.diary = self.output / "dev_diary.md"
        self._script = root / "demo.py"

    # ---- starting

    def script(self, body: str) -> Path:
        """A training script: the prelude and this body."""
        self._script.write_text(PRELUDE.format(root=str(self.root)) + textwrap.dedent(body))
        return self._script

    def plan(self, **changes: Any) -> WatchPlan:
        """A plan with short times; one full phase unless `phases` says otherwise."""
        settings: dict[str, Any] = {
            "model": "demo",
            "command": (sys.executable, "-S", str(self._script)),
            "cwd": str(self.root),
            "root": str(self.root),
            "phases": ("full",),
            "sources": (str(self._script),),
            "min_s": 0.0,
            "max_s": 3600.0,
            "grace_s": 0.4,
            "restart_backoff_s": 0.05,
        }
        return WatchPlan(**{**settings, **changes})

    def start(self, body: str, **changes: Any) -> RunFolder:
        """Write the script, start the watch, return its first run."""
        self.script(body)
        run = start_watch(self.model, self.plan(**changes))
        assert run is not None, "the watch was not started"
        return run

    def watch(self, body: str, **changes: Any) -> RunState:
        """Start and wait until the whole watch is over; the state of its last run."""
        self.start(body, **changes)
        return self.finished()

    # ---- looking

    def until(self, look: Callable[[], Found], what: str = "") -> Found:
        """Wait until `look` finds something, and return it."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            found = look()
            if found:
                return found
            time.sleep(0.01)
        pytest.fail(f"waited in vain for {what or look}\n{self.report()}")

    def report(self) -> str:
        """What there is to see when a test fails."""
        lines = []
        for run in self.model.runs():
            lines += [run.name, *(str(event)[:300] for event in read_events(run.events))]
            lines.append(
                run.log().read_bytes()[-1000:].decode(errors="replace") if run.log().is_file() else ""
            )
        complaints = self.model.supervisor_log
        return "\n".join([*lines, complaints.read_text() if complaints.exists() else ""])

    def events(self, run: RunFolder, *kinds: str) -> list[Event]:
        """The run's events (of these kinds)."""
        return [event for event in read_events(run.events) if not kinds or event["kind"] in kinds]

    def event(self, run: RunFolder, kind: str, **fields: Any) -> Event:
        """Wait for an event of this kind with these fields."""

        def look() -> Event | None:
            found = self.events(run, kind)
            return next((e for e in found if all(e.get(k) == v for k, v in fields.items())), None)

        found = self.until(look, f"event {kind} {fields}")
        assert found is not None
        return found

    def incident(self, run: RunFolder, kind: str, fate: str) -> Incident:
        """Wait for an incident of this kind to have this fate."""

        def look() -> Incident | None:
            found = [Incident.from_dict(e["incident"]) for e in self.events(run, "incident")]
            return next((i for i in found if (i.kind, i.fate) == (kind, fate)), None)

        found = self.until(look, f"incident {kind} {fate}")
        assert found is not None
        return found

    def reached(self, name: str) -> None:
        """Wait until the script has reached this place."""
        self.until((self.root / name).exists, f"the script to reach {name}")

    def allow(self, name: str) -> None:
        """Let the script go on."""
        (self.root / name).touch()

    def ended(self, run: RunFolder) -> RunState:
        """Wait until this run was judged."""
        self.event(run, "ended")
        return observe(run)

    def finished(self) -> RunState:
        """Wait until the watch is over and its supervisor gone; the state of the last run."""
        self.until(lambda: not is_unfinished(self.model), "the end of the watch")
        latest = self.model.latest()
        assert latest is not None
        return observe(latest)

    def pid(self, run: RunFolder) -> int:
        """Wait for the training process."""
        self.event(run, "started")
        return int((read_json(run.process_json) or {})["pid"])

    # ---- acting

    def ask(self, run: RunFolder, request: Any, **fields: Any) -> str:
        """Ask, and wait for the outcome."""
        identity = ask(run, request, **fields)
        return str(self.event(run, "control", id=identity)["outcome"])

    def kill_supervisor(self, run: RunFolder) -> None:
        """SIGKILL the supervisor that is at work and wait until its lock is free."""
        pid = int(self.events(run, "supervisor")[-1]["pid"])
        os.kill(pid, signal.SIGKILL)
        self.until(lambda: not is_locked(self.model.supervisor_lock), "the supervisor's end")

    def kill_shim(self, run: RunFolder) -> None:
        """SIGKILL the shim and wait until its lock is free."""
        os.kill(int((read_json(run.process_json) or {})["shim_pid"]), signal.SIGKILL)
        self.until(lambda: not is_locked(run.shim_lock), "the shim's end")

    def take_over(self) -> None:
        """Start a supervisor for the watch that has none."""
        assert self.until(lambda: revive(self.model), "a supervisor to take over")

    def alive(self, pid: int) -> bool:
        """Whether a process is there and no zombie."""
        return status_of(pid) not in ("", "Z", "X")

    def processes(self) -> list[int]:
        """Everything of this lab that lives: by command line, by environment."""
        mark = os.fsencode(str(self.root))
        found = []
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) != os.getpid() and self.alive(int(name)):
                words = b"".join(_read(f"/proc/{name}/{file}") for file in ("cmdline", "environ"))
                if mark in words:
                    found.append(int(name))
        return found

    def clean(self) -> None:
        """End every process of this lab."""
        if "COVERAGE_PROCESS_CONFIG" in os.environ and not is_unfinished(self.model):
            self._let_leave()
        end = time.monotonic() + 10
        while (found := self.processes()) and time.monotonic() < end:
            for pid in found:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            time.sleep(0.02)
        # The supervisors are our children.
        while True:
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    return
            except ChildProcessError:
                return

    def _let_leave(self) -> None:
        """Give a supervisor that is about to leave the time to write down which of its lines it ran."""
        end = time.monotonic() + 3
        while time.monotonic() < end and any(_is_supervisor(pid) for pid in self.processes()):
            time.sleep(0.02)


def _is_supervisor(pid: int) -> bool:
    return b"trainer_tui.supervise" in _read(f"/proc/{pid}/cmdline")


def status_of(pid: int) -> str:
    """The letter of a process's state; empty when it is gone."""
    data = _read(f"/proc/{pid}/stat")
    return data[data.rfind(b")") + 2 :].split()[0].decode() if data else ""


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A lab of its own for each test."""
    # Tests must see what a script gets from us, not what the terminal of the tests happens to set.
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    monkeypatch.chdir(tmp_path)
    lab = Lab(tmp_path)
    try:
        yield lab
    finally:
        lab.clean()
