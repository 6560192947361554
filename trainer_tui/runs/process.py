"""Who is alive: identity of a process that survives pid reuse, reboots and clocks."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from trainer_tui.runs.files import is_locked, read_json
from trainer_tui.runs.layout import RunFolder

Life = Literal["starting", "running", "left-behind", "ending", "ended", "unknown-end", "elsewhere"]


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process as (boot, pid, start time): the same pid after a reboot or a reuse is somebody else."""

    pid: int
    start_time: int
    """Clock ticks after boot (`/proc/PID/stat` field 22, proc(5)); elsewhere seconds since the epoch."""
    boot_id: str

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity | None:
        """The identity of a living process; None when there is none with this pid."""
        start = start_time(pid)
        return None if start is None else cls(pid, start, boot_id())

    def is_alive(self) -> bool:
        """Whether this very process still runs (a zombie does not)."""
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
    """When a process started; None when it is gone or a zombie."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            data = stat.read()
    except FileNotFoundError:
        return None if os.path.isdir("/proc/self") else _start_time_portable(pid)
    except OSError:
        return None
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
    `elsewhere`: it runs (or ran) on another machine, whose locks are not seen here.
    """
    if run.exit_json.exists():
        return "ended"
    # Read before the locks: what is named in there had its lock by then, and without one now it is gone.
    process = read_json(run.process_json)
    held = is_locked(run.alive_lock)
    shim = is_locked(run.shim_lock)
    if held:
        return "left-behind" if _is_orphan(run, process) else "running"
    if process is None:
        return "starting" if shim or not run.shim_lock.exists() else _after_shim(run)
    if held is None or process.get("host") != host_name():
        return _by_identity(process)
    return "ending" if shim else _after_shim(run)


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


def age_s(identity: ProcessIdentity) -> float | None:
    """Seconds since a process of this boot started, by a clock that nobody sets; None where there is none."""
    if identity.boot_id != boot_id() or not hasattr(time, "CLOCK_BOOTTIME"):
        return None
    ticks = os.sysconf("SC_CLK_TCK")
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - identity.start_time / ticks)
