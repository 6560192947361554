"""Faults of files, disks, clocks and limits: all of them, and what is done to the files of a run."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from fault_clocks import CLOCKS
from fault_compare import compare
from fault_disks import DISKS, far, well
from fault_limits import LIMITS
from fault_logs import BIG
from fault_runs import Trial, gone, trial
from fault_table import Fault, Outcome

from trainer_tui.runs.events import read_events
from trainer_tui.runs.files import read_json
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.schema import SCHEMA, NewerVersionError
from trainer_tui.runs.state import observe
from trainer_tui.supervise.start import is_unfinished, revive

# ---- the folders


def deleted(random: Random) -> Outcome:
    """`rm -r output` in mid-run: the training ends in peace, the supervisor leaves, nothing is made anew."""
    with trial(phases=("full",), held=True, end="pass") as t:
        t.begin()
        run = t.in_phase("full")
        log, training, supervisor = run.log(), t.training(run), t.supervisor()
        assert training is not None and supervisor is not None
        while t.output.exists():  # the run goes on writing into what is being deleted
            shutil.rmtree(t.output, ignore_errors=True)
        lines = log.read_bytes().count(b"line ")
        t.until(lambda: log.read_bytes().count(b"line ") > lines + 100, "the training to go on")
        t.let_go()
        t.until(lambda: gone(training.pid), "the end of the training")
        began = time.monotonic()
        t.until(lambda: gone(supervisor.pid), "the supervisor to leave")
        left = [str(path) for path in t.output.rglob("*")] if t.output.exists() else []
        # The script's own promise: results and model raise where they cannot be saved.
        return Outcome(True, seconds=time.monotonic() - began, wrong=f"made anew: {left}" if left else "")


def _away(t: Trial, path: Path, aside: Path) -> None:
    """Move a folder away in mid-run, and back while the training goes on."""
    path.rename(aside)
    far(t) if t.runs() else time.sleep(3.0)
    assert not path.exists(), f"{path} was made anew: {sorted(map(str, path.rglob('*')))}"
    aside.rename(path)


def moved_and_back(random: Random) -> Outcome:
    """The run folder is moved away for seconds, and moved back."""
    return _moved(random, lambda t: t.runs()[0].path)


def output_moved_and_back(random: Random) -> Outcome:
    """All of output/ is moved away for seconds, and moved back."""
    return _moved(random, lambda t: t.output)


def _moved(random: Random, which: Callable[[Trial], Path]) -> Outcome:
    with trial(phases=("full",), held=True, end="raise", errors=(3, random.randint(40, 120))) as t:
        t.begin()
        t.in_phase("full")
        _away(t, which(t), t.root / "aside")
        took = well(t)
        t.finish()
        return compare(t).outcome(took)


def moved_for_good(random: Random) -> Outcome:
    """output/ and logs/ are moved elsewhere; the training ends there, `supervise` there judges it."""
    with trial(phases=("full",), held=True, end="raise") as t:
        t.begin()
        run = t.in_phase("full")
        training, supervisor = t.training(run), t.supervisor()
        assert training is not None and supervisor is not None
        new = t.root / "elsewhere"
        new.mkdir()
        t.output.rename(new / "output")
        (t.root / "logs").rename(new / "logs")
        time.sleep(1.5)
        (t.root / "go-full").touch()
        t.until(lambda: gone(training.pid) and gone(supervisor.pid), "the end of both")
        if t.output.exists():
            return Outcome(True, wrong=f"made anew: {sorted(map(str, t.output.rglob('*')))}")
        began = time.monotonic()
        model = ModelFolder(new / "output" / "demo", new / "logs" / "demo")
        there = RunFolder(model.path / run.path.name)
        t.until(lambda: read_json(there.exit_json), "the exit status, where the folder is now")
        t.until(lambda: revive(model, asked=True) or not is_unfinished(model), "a supervisor to take over")
        t.until(lambda: not is_unfinished(model), "the end of the watch")
        state = observe(there)
        told = [event["kind"] for event in read_events(there.events)]
        wrong = (
            ""
            if state.reason == "exception" and "the end of it" in state.sentence
            else f"{state.reason}: {state.sentence}"
        )
        return Outcome(
            True, doubled=max(0, told.count("ended") - 1), seconds=time.monotonic() - began, wrong=wrong
        )


# ---- the log


def _hurt_log(hurt: Callable[[Path], None], words: str) -> Outcome:
    """Hurt the log between two errors: the one before and the one after are both told, once."""
    with trial(phases=("full",), held=True, end="raise", errors=(3, 80)) as t:
        t.begin()
        run = t.in_phase("full")
        t.until(lambda: _errors(run), "the first error")
        hurt(run.log())
        t.until(lambda: run.history.read_bytes().count(b"\n") > 90, "the second error")
        t.finish()
        told = _errors(run)
        wanted = ["RuntimeError: hard batch a", "RuntimeError: hard batch b", "ValueError: the end of it"]
        lost = [message for message in wanted if message not in told]
        changes = [event["what"] for event in read_events(run.events) if event["kind"] == "log"]
        wrong = f"not told: {lost}" if lost else ""
        if not wrong and changes != ([words] if words else []):
            wrong = f"it is called {changes}"
        survived = observe(run).reason == "exception"
        return Outcome(survived, len(lost), len(told) - len(set(told)), wrong=wrong)


def _errors(run: RunFolder) -> list[str]:
    """The messages of the errors, each time one was told first."""
    incidents = [event["incident"] for event in read_events(run.events) if event["kind"] == "incident"]
    return [i["message"] for i in incidents if i["severity"] == "error" and i["fate"] == "suspected"]


def _copytruncate(log: Path) -> None:
    shutil.copy(log, log.with_suffix(".log.1"))
    os.truncate(log, 0)


def _replace_in_place(log: Path) -> None:
    """The same number of other bytes, in the same file."""
    with open(log, "r+b") as file:
        size = os.fstat(file.fileno()).st_size
        file.write(b"other\n" * (size // 6) + b"-" * (size % 6))


def truncated(random: Random) -> Outcome:
    """`> log`."""
    return _hurt_log(lambda log: os.truncate(log, 0), "truncated")


def copytruncated(random: Random) -> Outcome:
    """logrotate's copytruncate."""
    return _hurt_log(_copytruncate, "truncated")


def same_size(random: Random) -> Outcome:
    """Overwritten in place by as many other bytes."""
    return _hurt_log(_replace_in_place, "replaced")


def log_deleted(random: Random) -> Outcome:
    """`rm log`: what the training writes on goes into a file without a name."""
    return _hurt_log(Path.unlink, "")


FOLDERS: tuple[Fault, ...] = (
    Fault(
        "run-deleted",
        "rm -r output/ in mid-run",
        "A run folder that is deleted costs the training nothing; its supervisor leaves and makes "
        "nothing anew.",
        deleted,
        3,
    ),
    Fault(
        "run-moved",
        "the run folder away and back",
        "A run folder that is moved away and back is written on as if nothing had happened.",
        moved_and_back,
        3,
    ),
    Fault("output-moved", "output/ away and back", "So is a whole output/.", output_moved_and_back, 3),
    Fault(
        "moved-for-good",
        "output/ and logs/ moved elsewhere",
        "A folder that is moved for good gets its exit status where it is now, and a watch there "
        "judges the run.",
        moved_for_good,
        3,
    ),
)

LOGS: tuple[Fault, ...] = (
    Fault(
        "log-truncated",
        "truncate to 0 in mid-run",
        "No error is missed or told twice around a truncated log.",
        truncated,
        3,
    ),
    Fault(
        "log-copytruncate",
        "copy, then truncate",
        "Nor where logrotate copies and truncates.",
        copytruncated,
        3,
    ),
    Fault(
        "log-same-size",
        "overwritten by as many bytes",
        "Nor where other bytes of the same number take its place.",
        same_size,
        3,
    ),
    Fault("log-deleted", "rm of the log", "A deleted log is read on as long as it is open.", log_deleted, 3),
)


def old_folder(random: Random) -> Outcome:
    """A recorded folder of version 1 is read by every command; the same of a newer version is left alone."""
    recorded = Path(__file__).parents[1] / "tests" / "data" / "run_folder_1"
    with trial(phases=("full",), held=True) as t:
        shutil.copytree(recorded, t.root, dirs_exist_ok=True)
        model = ModelFolder(t.output / "model_3", t.root / "logs" / "model_3")
        state, wrong = observe(model.runs()[1]), []
        if (state.reason, state.duration_s) != ("exception", 7.219):
            wrong.append(f"it is read as {state.reason}")
        newest = model.runs()[1]
        document = read_json(newest.run_json) or {}
        newest.run_json.write_text(json.dumps({**document, "schema": SCHEMA + 1}))
        newest.exit_json.unlink()
        newest.events.write_text("".join(newest.events.read_text().splitlines(True)[:3]))
        try:
            revive(model)
            wrong.append("a newer version's run is supervised")
        except NewerVersionError as error:
            wrong += [] if "newer trainer-tui" in str(error) else [str(error)]
        return Outcome(True, wrong="; ".join(wrong))


VERSIONS: tuple[Fault, ...] = (
    Fault(
        "versions",
        "a folder of version 1, and one of a newer version",
        "A folder of any version is read; a run that a newer version began is refused with a "
        "sentence, not guessed at.",
        old_folder,
    ),
)

FAULTS: tuple[Fault, ...] = (*DISKS, *FOLDERS, *LOGS, *BIG, *CLOCKS, *LIMITS, *VERSIONS)
