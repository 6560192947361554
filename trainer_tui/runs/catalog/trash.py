"""Deleting a run without losing it: its folder and log go to `output/.trash`, from where they can come back.

    output/.trash/model_3/007-full/        the run folder
    output/.trash/model_3/007-full.log     its log (and what was rotated away from it)

A number is never given out again: it is written down before the folder goes. The folder goes before the log,
so that a crash in between leaves a log too many, never a run without one.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer_tui.runs.clock import utc_now
from trainer_tui.runs.files import is_locked, locked, read_json, replace_json
from trainer_tui.runs.layout import ModelFolder, RunFolder, log_link
from trainer_tui.runs.plain import make_folders
from trainer_tui.runs.process import life_of
from trainer_tui.runs.state import observe

FOLDER = ".trash"
_NOTE = "trash.json"
"""In the folder in the trash: where its log was, and when it was put there."""

QUIET_S = 86400.0
"""A run of another machine, of whose end nothing is known, is left alone until it was silent for so long."""


class TrashError(Exception):
    """Why a run is not deleted or restored, in one sentence."""


@dataclass(frozen=True, slots=True)
class Trashed:
    """One run in the trash."""

    run: RunFolder
    when: str
    """UTC stamp."""
    log: Path | None
    """Where its log goes back to; None when that is not known."""

    @property
    def name(self) -> str:
        """`model_3/007-full`."""
        return self.run.name


def refusal(run: RunFolder) -> str:
    """Why a run must not be deleted now, in one sentence; empty when it may be."""
    if not run.path.is_dir():
        return f"{run.name} is not there"
    life = life_of(run)
    if life in ("running", "ending"):
        return f"{run.name} is still running"
    if life == "unseen":
        return f"whether {run.name} still runs cannot be looked at: no file can be opened here"
    if life == "left-behind":
        return f"a process that {run.name} left behind still runs"
    newest = ModelFolder(run.path.parent, run.path.parent).latest()
    if newest is not None and newest.path == run.path and is_locked(run.supervisor_lock) is not False:
        return f"the supervisor of {run.model} still works on {run.name}"
    if life == "elsewhere" and not observe(run).ended and _quiet_s(run) < QUIET_S:
        host = (read_json(run.process_json) or {}).get("host", "another machine")
        return f"{run.name} may still run on {host}: delete it there"
    if life == "starting" and is_locked(run.shim_lock):
        return f"{run.name} is just being started"
    return ""


def delete(run: RunFolder) -> Trashed:
    """Move an ended run and its log to the trash.

    Raises TrashError when it lives or is in the trash already, OSError when the file system refuses.
    """
    why = refusal(run)
    if why:
        raise TrashError(why)
    model = ModelFolder(run.path.parent, run.path.parent)
    log = run.log()
    target = _trash_of(run.path.parent.parent) / run.model / run.path.name
    make_folders(target.parent)
    _ignored_by_git(_trash_of(run.path.parent.parent))
    with locked(model.path / "last_number") as last:
        noted = os.pread(last, 32, 0).strip()
        if run.number > (int(noted) if noted.isdigit() else 0):
            os.ftruncate(last, 0)
            os.pwrite(last, b"%d\n" % run.number, 0)
        if target.exists():
            raise TrashError(f"another {run.name} lies in the trash already; empty it first")
        os.rename(run.path, target)
    trashed = Trashed(RunFolder(target), utc_now(), log)
    replace_json(target / _NOTE, {"when": trashed.when, "log": str(log)}, fsync=False)
    _move_log(log, target.parent)
    _mend_link(run, log)
    return trashed


def restore(trashed: Trashed) -> RunFolder:
    """Put a run and its log back.

    Raises TrashError when something of its name is there by now, OSError when the file system refuses.
    """
    source = trashed.run.path
    back = source.parents[2] / trashed.run.model / source.name
    if back.exists():
        raise TrashError(f"there is a {trashed.name} already")
    make_folders(back.parent)
    if trashed.log is not None:
        for kept in source.parent.glob(f"{source.name}.log*"):
            target = trashed.log.with_name(trashed.log.name + kept.name.removeprefix(f"{source.name}.log"))
            make_folders(target.parent)
            if not target.exists():
                shutil.move(kept, target)
    try:
        os.rename(source, back)
    except FileNotFoundError:
        raise TrashError(f"{trashed.name} is not in the trash any more") from None
    (back / _NOTE).unlink(missing_ok=True)
    return RunFolder(back)


def list_trash(output: Path) -> list[Trashed]:
    """What lies in the trash of a project, put there last comes last."""
    found = []
    trash = _trash_of(output)
    try:
        models = [path for path in trash.iterdir() if path.is_dir()]
    except OSError:
        return []
    for model in models:
        for run in ModelFolder(model, model).runs():
            note = read_json(run.path / _NOTE) or {}
            log = note.get("log")
            found.append(Trashed(run, str(note.get("when", "")), _place_of_log(run, log)))
    return sorted(found, key=lambda one: (one.when, one.name))


def empty(output: Path) -> int:
    """Delete what lies in the trash for good, and return how many runs that were. Raises OSError."""
    count = len(list_trash(output))
    with suppress(FileNotFoundError):
        shutil.rmtree(_trash_of(output))
    return count


def _trash_of(output: Path) -> Path:
    return output / FOLDER


def _place_of_log(run: RunFolder, noted: Any) -> Path | None:
    """Where the log goes back to; None for a place where no log of this run can have been."""
    path = Path(noted) if isinstance(noted, str) and "\0" not in noted else None
    ours = path is not None and (path.parent.name, path.name) == (run.model, f"{run.path.name}.log")
    return path if ours and ".." not in noted.split("/") else None


def _ignored_by_git(trash: Path) -> None:
    with suppress(OSError):
        if not (trash / ".gitignore").exists():
            (trash / ".gitignore").write_text("*\n")


def _move_log(log: Path, folder: Path) -> None:
    """The log and what was rotated away from it (`007-full.log.1`)."""
    try:
        parts = [path for path in log.parent.iterdir() if path.name == log.name or _is_rotated(path, log)]
    except OSError:
        return
    for part in parts:
        try:
            shutil.move(part, folder / part.name)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise


def _is_rotated(path: Path, log: Path) -> bool:
    return path.name.startswith(f"{log.name}.")


def _mend_link(run: RunFolder, log: Path) -> None:
    """The link to the newest log of the phase: to the newest that is left, or away."""
    link = log.parent.parent / log_link(run.phase, run.model)
    if not link.is_symlink() or link.exists():
        return
    left = [other for other in ModelFolder(run.path.parent, log.parent).runs() if other.phase == run.phase]
    newest = next((path for other in reversed(left) if (path := other.log()).exists()), None)
    with suppress(OSError):
        link.unlink()
        if newest is not None:
            link.symlink_to(os.path.relpath(newest, link.parent))


def _quiet_s(run: RunFolder) -> float:
    """Seconds since something was written to the run or its log."""
    newest = 0.0
    for path in (run.path, run.events, run.telemetry, run.history, run.log()):
        with suppress(OSError):
            newest = max(newest, path.stat().st_mtime)
    return max(0.0, time.time() - newest)
