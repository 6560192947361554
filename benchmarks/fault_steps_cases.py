"""Deaths at every step: of whoever starts a watch, of the supervisor in its whole life, of the shim."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from fault_compare import compare
from fault_runs import Trial, trial
from fault_table import Fault, Outcome

from trainer_tui.runs.files import try_lock
from trainer_tui.supervise import shim, surroundings
from trainer_tui.supervise.launch import prepare_run

STEPS = str(Path(__file__).with_name("fault_steps.py"))


def steps_of(trial: Trial) -> list[str]:
    """The steps that were taken, in words."""
    report = trial.root / "steps"
    return report.read_text().splitlines() if report.exists() else []


def client(trial: Trial, step: int) -> None:
    """Begin the watch in a process that dies at this step."""
    report = str(trial.root / "steps")
    _run(trial, [sys.executable, "-P", STEPS, str(step), report, "client", str(trial.root)])


def supervisor(trial: Trial, step: int) -> None:
    """Supervise the watch, begun or not, in a process that dies at this step."""
    trial.model.path.mkdir(parents=True, exist_ok=True)
    trial.model.logs.mkdir(parents=True, exist_ok=True)
    lock = trial.until(lambda: try_lock(trial.model.supervisor_lock), "the lock")
    try:
        if not trial.runs():
            prepare_run(trial.model, trial.plan(), trial.plan().phases[0])
        where = [str(trial.model.path), str(trial.model.logs), str(lock)]
        report = str(trial.root / "steps")
        process = _start(trial, [sys.executable, "-P", STEPS, str(step), report, "supervisor", *where], lock)
    finally:
        os.close(lock)
    process.wait()


def taking_over(trial: Trial, step: int) -> None:
    """Kill a supervisor in mid-run, and the one that takes over at this step of it."""
    trial.begin()
    trial.in_phase(trial.phases[0])
    trial.note()
    trial.kill_supervisors()
    trial.let_go()
    supervisor(trial, step)


def of_shim(trial: Trial, step: int) -> None:
    """Start the run's shim, with no supervisor there, in a process that dies at this step."""
    run = prepare_run(trial.model, trial.plan(), trial.plan().phases[0])
    report = str(trial.root / "steps")
    command = [sys.executable, "-I", "-S", STEPS, str(step), report, "shim", shim.__file__, str(run.path)]
    with open(trial.root / "complaints", "ab") as complaints:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=complaints,
            stderr=complaints,
            start_new_session=True,
            env=surroundings.of_run(run),
        )
    process.wait()
    if process.returncode < 0:
        trial.shims_killed.add(run.path.name)


def _run(trial: Trial, command: Sequence[str]) -> None:
    _start(trial, command).wait()


def _start(trial: Trial, command: Sequence[str], lock: int | None = None) -> subprocess.Popen[bytes]:
    if lock is not None:
        os.set_inheritable(lock, True)
    with open(trial.root / "complaints", "ab") as complaints:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=complaints,
            stderr=complaints,
            start_new_session=True,
            pass_fds=() if lock is None else (lock,),
        )


@dataclass
class Stepper:
    """Dies at one step after the other, in a circle; how many there are is counted once, with no death."""

    role: Callable[[Trial, int], None]
    settings: dict[str, object] = field(default_factory=dict)
    forked: bool = False
    """Whether it is what was forked that dies."""
    stride: int = 1
    """Every how many-th step; the steps between come in the next rounds."""
    _at: int = 0
    _steps: int = 0
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, random: Random) -> Outcome:
        """One death."""
        with trial(**self.settings) as hurt:
            step = self._next()
            began = time.time()
            self.role(hurt, -step if self.forked else step)
            if not hurt.runs():
                hurt.begin()
            hurt.come_back()
            hurt.dead.append((began, time.time()))
            hurt.finish()
            seen = compare(hurt, dead_training=self.forked and _died(hurt))
            taken = [line for line in steps_of(hurt) if line.startswith(f"{step} ")]
            found = seen.outcome(hurt.seconds[-1])
            where = f"at step {taken[-1]}: " if found.wrong and taken else ""
            return Outcome(found.survived, found.lost, found.doubled, found.seconds, f"{where}{found.wrong}")

    def _next(self) -> int:
        with self._turn:
            if not self._steps:
                with trial(**self.settings) as whole:
                    self.role(whole, 0)
                    whole.finish()
                    self._steps = max(int(line.split()[0]) for line in steps_of(whole))
            step = self._at % self._steps + 1
            self._at += self.stride
            return step


def _died(hurt: Trial) -> bool:
    """Whether the training was killed at its birth: then it never said that it began."""
    with contextlib.suppress(OSError):
        return b"began" not in hurt.runs()[-1].log().read_bytes()
    return True


_ONE = {"phases": ("full",)}
_SKIPPED = {"phases": ("full",), "skip_quick": "for the fault table"}

FAULTS = (
    Fault(
        "start-steps",
        "kill -9 of `watch` at each step of starting",
        "Whoever starts a watch may die at any step: there is then a whole run or none, and the next start begins"
        " or takes over exactly one.",
        Stepper(client, _SKIPPED),
        60,
    ),
    Fault(
        "supervisor-steps",
        "kill -9 of the supervisor at each step, launch to last event",
        "A supervisor may die at any step of launching, watching, judging and finishing a run: whoever takes over"
        " writes what is missing and nothing twice.",
        Stepper(supervisor, _SKIPPED, stride=7),
        120,
    ),
    Fault(
        "chain-steps",
        "the same from the quick run over the gate to the full one",
        "The full run follows a passed quick run once, at whichever step of the change-over the supervisor dies.",
        Stepper(supervisor, {"end": "pass"}, stride=7),
        160,
    ),
    Fault(
        "takeover-steps",
        "kill -9 of the supervisor that takes over, at each step",
        "A supervisor that is killed while it takes over leaves the run as the first one left it.",
        Stepper(taking_over, {**_ONE, "held": True}, stride=5),
        60,
    ),
    Fault(
        "shim-steps",
        "kill -9 of the shim at each step",
        "A shim killed before it started the training is started again or the launch is said to have failed;"
        " killed later it costs the exit status, which is said, and nothing else.",
        Stepper(of_shim, _ONE),
        50,
    ),
    Fault(
        "birth-steps",
        "kill -9 of the training between fork and its first line",
        "A training that dies at its birth ends with its signal in the events.",
        Stepper(of_shim, {**_ONE, "errors": ()}, forked=True),
        30,
    ),
)
"""Deaths at every step."""
