"""Who is alive: identity of a process that survives pid reuse, reboots and clocks."""

from __future__ import annotations

import errno
import json
import os
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from trainer_tui.runs.files import NOT_JSON, is_locked, read_json
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.plain import LARGEST_DOCUMENT, read_plain

Life = Literal["starting", "running", "left-behind", "ending", "ended", "unknown-end", "elsewhere", "unseen"]


_NO_MEANS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES, errno.EIO, errno.ESTALE)
"""Errors that say nothing about the file: too many are open, the disk or the server does not answer."""


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process as (boot, pid, start time): the same pid after a reboot or a reuse is somebody else."""

    pid: int
    start_time: int
    """Clock ticks after boot (`/proc/PID/stat` field 22, proc(5)); elsewhere seconds since the epoch."""
    boot_id: str

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity | None:
        """The identity of a living process; None when there is none with this pid that can be looked at."""
        try:
            start = start_time(pid)
        except OSError:
            return None
        return None if start is None else cls(pid, start, boot_id())

    def is_alive(self) -> bool:
        """Whether this very process still runs (a zombie does not).

        Raises OSError when that cannot be looked at: no file can be opened, say.
        """
        if self.boot_id != boot_id():
            return False
        found = start_time(self.pid)
        return found is not None and abs(found - self.start_time) <= _tolerance()

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


@cache
def boot_id() -> str:
    """What names this boot of this machine; empty where the system has no such name."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


@cache
def host_name() -> str:
    """This machine's name."""
    return os.uname().nodename


def start_time(pid: int) -> int | None:
    """When a process started; None when it is gone or a zombie.

    Raises OSError when that cannot be looked at: who took that for an end would give up a living run.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            data = stat.read()
    except FileNotFoundError:
        return None if os.path.isdir("/proc/self") else _start_time_portable(pid)
    except ProcessLookupError:
        return None  # it ended between the opening and the reading
    # The name in parentheses may itself hold spaces and parentheses.
    fields = data[data.rfind(b")") + 2 :].split()
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def _tolerance() -> int:
    """How far two readings of one start time may lie apart: without `/proc` the shim reads it off a clock."""
    return 0 if os.path.isdir("/proc/self") else 2


def _start_time_portable(pid: int) -> int | None:
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return int(process.create_time())
    except psutil.Error:
        return None


def life_of(run: RunFolder) -> Life:
    """Where the run's process stands, from what the kernel and the shim say.

    `ending`: the process is gone and its shim is about to write the exit status. `unknown-end`: both are gone
    and nobody wrote one. `left-behind`: so they are, but a process that it left behind holds its lock.
    `elsewhere`: it runs (or ran) on another machine, whose locks are not seen here. `unseen`: no file can be
    opened (too many are open, say), so nobody can know; that is not an end.
    """
    try:
        return _life_of(run)
    except OSError:
        return "unseen"


def _life_of(run: RunFolder) -> Life:
    if run.exit_json.exists():
        return "ended"
    # Read before the locks: what is named in there had its lock by then, and without one now it is gone.
    process = _process_document(run)
    held = is_locked(run.alive_lock)
    shim = is_locked(run.shim_lock)
    if held:
        return "left-behind" if _is_orphan(run, process) else "running"
    if process is None:
        return "starting" if shim or not run.shim_lock.exists() else _after_shim(run)
    if held is None or process.get("host") != host_name():
        return _by_identity(process)
    identity = training_identity(process)
    if identity is not None and identity.is_alive() and (shim or _is_marked(identity.pid, run)):
        return "running"  # it has closed the descriptor that holds its lock
    return "ending" if shim else _after_shim(run)


def _process_document(run: RunFolder) -> dict[str, Any] | None:
    """Who runs; None while nobody was named. Raises OSError when it is there and nobody could read it."""
    try:
        document = json.loads(read_plain(run.process_json, LARGEST_DOCUMENT, within=run.path))
    except OSError as error:
        if error.errno in _NO_MEANS:
            raise
        return None
    except NOT_JSON:
        return None
    return document if isinstance(document, dict) else None


def _is_marked(pid: int, run: RunFolder) -> bool:
    """Whether the environment of a process names this very folder, not one that it was copied from."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return os.fsencode(f"TRAINER_RUN_DIR={run.path}") in file.read().split(b"\0")
    except OSError:
        return False


def _is_orphan(run: RunFolder, process: dict[str, Any] | None) -> bool:
    """Whether the lock is held by somebody else than the process of this machine that is named there."""
    if process is None or process.get("host") != host_name() or is_locked(run.shim_lock) is not False:
        return False
    identity = training_identity(process)
    return identity is not None and not identity.is_alive()


def _after_shim(run: RunFolder) -> Life:
    # The exit status may have been written between our two looks.
    return "ended" if run.exit_json.exists() else "unknown-end"


def _by_identity(process: dict[str, Any]) -> Life:
    if process.get("host") != host_name():
        return "elsewhere"
    identity = training_identity(process)
    return "running" if identity and identity.is_alive() else "unknown-end"


def training_identity(process: dict[str, Any]) -> ProcessIdentity | None:
    """The training process named in `process.json`."""
    try:
        return ProcessIdentity(int(process["pid"]), int(process["start_time"]), str(process["boot_id"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def running_s(run: RunFolder) -> float | None:
    """Seconds since the process of a run began, by a clock that nobody sets and that stands still while the
    machine sleeps; None where it is not a process of this boot of this machine."""
    process = read_json(run.process_json) or {}
    began = process.get("began")
    here = process.get("host") == host_name() and process.get("boot_id") == boot_id()
    if not here or not isinstance(began, int | float):
        return None
    age = time.monotonic() - began
    return age if age >= 0 else None  # a container may have a clock of its own


def age_s(identity: ProcessIdentity) -> float | None:
    """Seconds since a process of this boot started, by a clock that nobody sets; None where there is none."""
    if identity.boot_id != boot_id() or not hasattr(time, "CLOCK_BOOTTIME"):
        return None
    ticks = os.sysconf("SC_CLK_TCK")
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - identity.start_time / ticks)
