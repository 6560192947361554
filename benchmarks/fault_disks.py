"""Disks that are full or read-only for a while: real small file systems, mounted for it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from fault_compare import compare
from fault_runs import Trial, sweep
from fault_table import Fault, Outcome

from trainer_tui.runs.events import read_events
from trainer_tui.runs.state import observe

SIZE = "1500k"
"""Of the small disk: a run of a minute takes a third of it."""

FAR = 120
"""Steps of the training under the fault: some seconds."""


def needs_mount() -> str:
    """Why nothing can be mounted here; empty: it can."""
    if os.geteuid() != 0:
        return "no right to mount"
    with tempfile.TemporaryDirectory() as folder:
        if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True).returncode:
            return "no right to mount"
        subprocess.run(["umount", folder], check=True)
    return ""


@contextlib.contextmanager
def on_small_disk(folder: str = "output", options: str = "", **settings: object) -> Iterator[Trial]:
    """A trial with one of its folders on a disk of its own."""
    root = Path(tempfile.mkdtemp(prefix="trainer-tui-fault-"))
    disk = root / folder
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}{options}", "tmpfs", str(disk)]
    subprocess.run(mount, check=True)
    try:
        yield Trial(root, phases=("full",), held=True, **settings)  # type: ignore[arg-type]
    finally:
        while subprocess.run(["umount", "-l", str(disk)], capture_output=True).returncode == 0:
            pass
        sweep(root)


def fill(disk: Path) -> None:
    """Leave no byte free."""
    with open(disk / "ballast", "ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    with open(disk / "ballast", "ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x")


def far(trial: Trial, more: int = FAR) -> None:
    """Wait until the training made so many more steps: it goes on."""
    log = trial.runs()[-1].log()
    begun = log.read_bytes().count(b"line ")
    trial.until(lambda: log.read_bytes().count(b"line ") >= begun + more, "the training to go on")


def well(trial: Trial) -> float:
    """Seconds until the state is right again: a note is answered, the run runs, and nothing is blind."""
    began = time.monotonic()
    run = trial.runs()[-1]
    trial.note()
    asked = list(trial.asked)[-1]

    def right() -> bool:
        state = observe(run)
        answered = any(event.get("id") == asked for event in read_events(run.events))
        return answered and state.alive and state.supervised and not state.blind

    trial.until(right, "sight again")
    return time.monotonic() - began


def full(random: Random) -> Outcome:
    """The disk of the run folder is full in mid-run; then there is space again."""
    with on_small_disk(errors=(3, random.randint(30, 90)), end="raise") as trial:
        trial.begin()
        trial.in_phase("full")
        fill(trial.output)
        far(trial)
        (trial.output / "ballast").unlink()
        took = well(trial)
        trial.finish()
        return compare(trial).outcome(took)


def full_at_the_end(random: Random) -> Outcome:
    """It is full while the training fails and ends."""
    with on_small_disk(errors=(3, random.randint(30, 90)), end="raise") as trial:
        trial.begin()
        run = trial.in_phase("full")
        training = trial.training(run)
        fill(trial.output)
        far(trial)
        trial.let_go()
        trial.until(lambda: training is not None and not training.is_alive(), "its end")
        time.sleep(2.0)
        began = time.monotonic()
        (trial.output / "ballast").unlink()
        trial.finish()
        seen = compare(trial)
        if "rows of training_history.csv could not be written and are lost" in run.log().read_text():
            # Its own process kept them, and said in its log that it ended before there was space.
            seen.lost = [what for what in seen.lost if not what.endswith("rows of the history")]
        return seen.outcome(time.monotonic() - began)


LOGGING = """
import logging, os, sys, time
from trainer_tui import TrainingRun
logging.basicConfig(stream=sys.stdout, format="%(message)s")
logging.raiseExceptions = False
root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
with TrainingRun.current() as run:
    n = 0
    while not os.path.exists(os.path.join(root, "go-full")):
        n += 1
        run.log(epoch=n, train_loss=1 / n)
        logging.warning("line %d", n)
        time.sleep(0.02)
    run.save_results([{"score": 0.9}, {"score": 0.8}])
    run.save_model({"weights": [1]})
    raise ValueError("the end of it")
"""


def full_for_the_log(random: Random) -> Outcome:
    """The disk of the log is full; a training that bears this goes on, and what it says later is read."""
    with on_small_disk("logs", script=LOGGING) as trial:
        trial.begin()
        run = trial.in_phase("full")
        fill(trial.root / "logs")
        rows = run.history.read_bytes().count(b"\n")
        trial.until(lambda: run.history.read_bytes().count(b"\n") > rows + FAR, "the training to go on")
        (trial.root / "logs" / "ballast").unlink()
        far(trial, 10)
        trial.let_go()
        trial.finish()
        state = observe(run)
        right = (state.reason, state.sentence) == ("exception", "ValueError: the end of it")
        return Outcome(True, wrong="" if right else f"{state.reason}: {state.sentence}")


def log_ends_the_training(random: Random) -> Outcome:
    """A training that prints, on a full disk of the log, dies of it and cannot even say so."""
    with on_small_disk("logs", end="pass") as trial:
        trial.begin()
        run = trial.in_phase("full")
        fill(trial.root / "logs")
        trial.until(lambda: observe(run).over, "its end")
        state = observe(run)
        right = state.reason == "disk-full"
        return Outcome(True, wrong="" if right else f"it is called {state.reason}: {state.sentence}")


def read_only(random: Random) -> Outcome:
    """The run folder's file system becomes read-only for everything that is opened, and writable again."""
    with on_small_disk(errors=(3, random.randint(30, 90)), end="raise") as trial:
        trial.begin()
        trial.in_phase("full")
        subprocess.run(["mount", "--bind", trial.output, trial.output], check=True)
        subprocess.run(["mount", "-o", "remount,ro,bind", trial.output], check=True)
        far(trial)
        subprocess.run(["umount", "-l", trial.output], check=True)
        took = well(trial)
        trial.finish()
        return compare(trial).outcome(took)


DISKS: tuple[Fault, ...] = (
    Fault(
        "disk-full",
        "a full tmpfs under output/, then space",
        "While the disk of the run folder is full the training goes on; with space again every "
        "event, sample, row and "
        "diary entry is written, once, with its own time.",
        full,
        5,
        needs_mount,
    ),
    Fault(
        "disk-full-end",
        "full while the training fails and ends",
        "A run that ends on a full disk is judged as soon as there is space, by its true exit "
        "status; metrics "
        "that its own process could not write before it ended are lost, and its log says how many.",
        full_at_the_end,
        5,
        needs_mount,
    ),
    Fault(
        "log-full",
        "a full disk under logs/, then space",
        "A training that bears a full log goes on, and what it writes once there is space is read.",
        full_for_the_log,
        2,
        needs_mount,
    ),
    Fault(
        "log-full-end",
        "the training prints on a full disk and dies",
        "A training that dies because its log's disk is full is called disk-full, although it could "
        "not write so.",
        log_ends_the_training,
        2,
        needs_mount,
    ),
    Fault(
        "read-only",
        "output/ read-only, then writable",
        "A file system that becomes read-only costs the training nothing; what we had to write waits "
        "and is written once.",
        read_only,
        3,
        needs_mount,
    ),
)
