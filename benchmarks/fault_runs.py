"""One watch to be hurt: a training that notices what is done to it, and the comparison afterwards.

The training prints numbered lines, logs numbered rows, meets a caught error now and then, and says at its
end whether it was ever stopped, signalled or late. `fault_compare` holds its word against log, history and
events.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab import PROGRAM, ours

from trainer_tui.runs.control import ask
from trainer_tui.runs.events import read_events
from trainer_tui.runs.files import is_locked, read_json
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.plan import WatchPlan
from trainer_tui.runs.process import ProcessIdentity, start_time, training_identity
from trainer_tui.runs.state import observe
from trainer_tui.supervise.start import is_unfinished, revive, start_watch

REPOSITORY = Path(__file__).parents[1]

PATIENCE_S = 60.0
"""Far more than anything here takes."""

ERRORS = (3, 5, 7)
"""Steps at which the training meets an error that it catches."""

SCRIPT = """
import json, os, signal, sys, time, traceback
from trainer_tui import TrainingRun
disturbed = []
for number in (signal.SIGCONT, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, lambda number, frame: disturbed.append(signal.Signals(number).name))
phase, folder = os.environ["TRAINER_PHASE"], os.environ["TRAINER_RUN_DIR"]
root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
with open(os.path.join(root, "trial.json")) as file:
    told = json.load(file)
steps, errors = told["steps"], told["errors"]
go = os.path.join(root, "go-" + phase)
# begins
name = os.path.basename(folder)
print("began", flush=True)
with TrainingRun.current() as run:
    slowest, last, n = 0.0, time.monotonic(), 0
    while n < steps or not os.path.exists(go):
        n += 1
        run.log(epoch=n, train_loss=1 / n)
        print("line", n, flush=True)
        if n in errors:
            try:
                raise RuntimeError("hard batch " + "abcdefgh"[errors.index(n)])
            except RuntimeError:
                traceback.print_exc()
                sys.stderr.flush()
        time.sleep(0.02)
        now = time.monotonic()
        slowest, last = max(slowest, now - last), now
    with open(os.path.join(root, "told-" + name), "w") as file:
        json.dump({"steps": n, "slowest": slowest, "disturbed": disturbed}, file)
    # ends
    if told["end"] == "raise" and phase == "full":
        raise ValueError("the end of it")
    run.save_results([{"score": 0.9}, {"score": 0.8}])
    run.save_model({"weights": [1]})
"""


@dataclass
class Trial:
    """One project with one model, `demo`, whose watch is hurt."""

    root: Path
    steps: int = 12
    end: str = "raise"
    """`raise`: the full run fails at its end; `pass`."""
    held: bool = False
    """Whether a phase lasts until `let_go`."""
    phases: tuple[str, ...] = ("quick", "full")
    script: str = SCRIPT
    begins: str = ""
    """What the training does first, besides: lines of Python."""
    ends: str = ""
    """What it does last: one line."""
    prints: bool = True
    """Whether what it prints reaches the log."""
    errors: tuple[int, ...] = ERRORS
    restart_max: int = 0
    skip_quick: str = ""
    dead: list[tuple[float, float]] = field(default_factory=list)
    """When nobody supervised, wall time."""
    shims_killed: set[str] = field(default_factory=set)
    """Runs whose shim was killed: how they ended cannot be known."""
    asked: dict[str, str] = field(default_factory=dict)
    """Requests: id → the run that was asked."""
    notes: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    """From each coming back to the right state."""

    def __post_init__(self) -> None:
        """Keep what the settings are, for a process that begins the watch in our place."""
        self.output = self.root / "output"
        self.model = ModelFolder(self.output / "demo", self.root / "logs" / "demo")
        kept = self.root / "trial.json"
        names = ("steps", "end", "held", "phases", "script", "errors", "restart_max", "skip_quick")
        if kept.exists():
            for name, value in json.loads(kept.read_text()).items():
                setattr(self, name, tuple(value) if isinstance(value, list) else value)
        else:
            self.script = self.script.replace("# begins", self.begins).replace("# ends", self.ends)
            (self.root / "models").mkdir()
            (self.root / "models" / "demo.py").write_text(self.script)
            (self.root / "trainer.toml").write_text("[full]\nmin_hours = 0.0\n")
            kept.write_text(json.dumps({name: getattr(self, name) for name in names}))
            if not self.held:
                self.let_go()

    # ---- starting

    def plan(self) -> WatchPlan:
        """A watch of short runs."""
        script = self.root / "models" / "demo.py"
        return WatchPlan(
            model="demo",
            command=(sys.executable, "-S", str(script)),
            cwd=str(self.root),
            root=str(self.root),
            phases=self.phases,  # type: ignore[arg-type]
            sources=(str(script),),
            env={"PYTHONPATH": str(REPOSITORY)},
            min_s=0.0,
            grace_s=0.5,
            restart_max=self.restart_max,
            restart_backoff_s=0.05,
            skip_quick_reason=self.skip_quick,
        )

    def begin(self) -> RunFolder | None:
        """Start the watch, as `trainer-tui watch` does."""
        return start_watch(self.model, self.plan())

    def let_go(self, *phases: str) -> None:
        """Let the runs of these phases (all) end once they made their steps."""
        for phase in phases or ("quick", "full"):
            (self.root / f"go-{phase}").touch()

    # ---- looking

    def runs(self) -> list[RunFolder]:
        """The runs that were asked for."""
        return [run for run in self.model.runs() if run.request() is not None]

    def newest(self) -> RunFolder | None:
        """The newest of them."""
        return self.model.newest()

    def until(self, condition: Callable[[], Any], what: str, seconds: float = PATIENCE_S) -> Any:
        """Wait until it holds, and return it. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            if time.monotonic() > end:
                raise TimeoutError(f"waited in vain for {what}")
            time.sleep(0.01)
        return found

    def in_phase(self, phase: str, step: int = 4) -> RunFolder:
        """Wait until the run of a phase has logged some steps and is supervised."""

        def there() -> RunFolder | None:
            run = self.newest()
            if run is None or run.phase != phase or not kinds(run)["started"]:
                return None
            return run if run.history.exists() and run.history.read_bytes().count(b"\n") > step else None

        return self.until(there, f"the {phase} phase")  # type: ignore[no-any-return]

    def supervisor(self) -> ProcessIdentity | None:
        """The supervisor that is at work, if one said so."""
        run = self.newest()
        events = read_events(run.events) if run is not None else []
        pids = [int(event["pid"]) for event in events if event["kind"] == "supervisor"]
        return ProcessIdentity.of(pids[-1]) if pids else None

    def training(self, run: RunFolder) -> ProcessIdentity | None:
        """The training process of a run."""
        return training_identity(read_json(run.process_json) or {})

    def shim(self, run: RunFolder) -> ProcessIdentity | None:
        """Its shim."""
        told = read_json(run.process_json) or {}
        return ProcessIdentity.of(int(told["shim_pid"])) if "shim_pid" in told else None

    # ---- hurting

    def kill(self, pid: int) -> None:
        """SIGKILL, and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self.until(lambda: gone(pid), f"the end of {pid}")

    def kill_supervisors(self) -> int:
        """SIGKILL whatever supervises; returns how many there were."""
        found = self.processes("trainer_tui.supervise", "fault_steps.py")
        for pid in found:
            self.kill(pid)
        self.until(lambda: not is_locked(self.model.supervisor_lock), "the supervisor's lock")
        return len(found)

    def kill_shim(self, run: RunFolder) -> bool:
        """SIGKILL the shim of a run; False when it was gone."""
        shim = self.shim(run)
        if shim is None:
            return False
        done = not run.exit_json.exists()
        self.kill(shim.pid)
        if done and not run.exit_json.exists():
            self.shims_killed.add(run.path.name)
        return True

    def processes(self, *words: str) -> list[int]:
        """Our processes here whose command line has one of these words."""
        return [p.pid for p in ours(self.root) if any(w in " ".join(command_of(p.pid)) for w in words)]

    def note(self) -> None:
        """Ask for a note, as a user does; its text is never the same twice."""
        run = self.newest()
        if run is None or run.exit_json.exists():
            return
        text = f"note {len(self.notes)}"
        self.notes.append(text)
        self.asked[ask(run, "note", text=text)] = run.path.name

    # ---- coming back

    def come_back(self) -> float:
        """Somebody looks again: seconds until a supervisor is at work and the state is the true one."""
        began = time.monotonic()
        before = self._supervisors()

        def right() -> bool:
            if not is_unfinished(self.model):
                return True
            revive(self.model)
            run = self.newest()
            return run is not None and self._supervisors() > before and self._is_true(run)

        self.until(right, "the right state")
        took = time.monotonic() - began
        self.seconds.append(took)
        return took

    def _supervisors(self) -> int:
        return sum(kinds(run)["supervisor"] for run in self.runs())

    def _is_true(self, run: RunFolder) -> bool:
        """Whether the state is what the kernel says."""
        alive = (identity := self.training(run)) is not None and identity.is_alive()
        state = observe(run)
        return state.alive if alive else not (state.status == "running" and run.exit_json.exists())

    def status(self) -> dict[str, Any]:
        """What `trainer-tui status --json` says."""
        done = subprocess.run(
            [PROGRAM, "status", "demo", "--json"], cwd=self.root, capture_output=True, text=True
        )
        found: dict[str, Any] = json.loads(done.stdout) if done.stdout.strip() else {}
        return found

    def finish(self) -> None:
        """Let everything end; a supervisor is started whenever none is there."""
        self.let_go()

        def over() -> bool:
            if not is_locked(self.model.supervisor_lock):
                if not is_unfinished(self.model):
                    return True
                revive(self.model)
            return False

        self.until(over, "the end of the watch")


def command_of(pid: int) -> list[str]:
    """The words of a command line; none when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return []


def gone(pid: int) -> bool:
    """Whether a process is gone, or a zombie; one of ours is taken away."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    return start_time(pid) is None


def adopt_orphans() -> None:
    """Become the parent of what our descendants leave behind (prctl(2), PR_SET_CHILD_SUBREAPER)."""
    import ctypes

    ctypes.CDLL(None).prctl(36, 1)


def kinds(run: RunFolder) -> Counter[str]:
    """How often each kind of event was written."""
    return Counter(event["kind"] for event in read_events(run.events))


@contextlib.contextmanager
def trial(**settings: Any) -> Iterator[Trial]:
    """A trial in a folder of its own; everything that it started is ended and removed afterwards."""
    root = Path(tempfile.mkdtemp(prefix="trainer-tui-fault-"))
    try:
        yield Trial(root, **settings)
    finally:
        sweep(root)


def sweep(root: Path) -> None:
    """End every process of a project and remove it."""
    import shutil

    mark = os.fsencode(str(root))
    until = time.monotonic() + 10
    while (found := [pid for pid in _pids() if mark in _words(pid)]) and time.monotonic() < until:
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
            gone(pid)
    shutil.rmtree(root, ignore_errors=True)


def _pids() -> list[int]:
    return [int(n) for n in os.listdir("/proc") if n.isdigit() and int(n) != os.getpid() and not gone(int(n))]


def _words(pid: int) -> bytes:
    found = b""
    for name in ("cmdline", "environ"):
        with contextlib.suppress(OSError):
            found += Path(f"/proc/{pid}/{name}").read_bytes()
    return found
