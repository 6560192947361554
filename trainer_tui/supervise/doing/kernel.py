"""What the kernel says of a process and its threads: `/proc` on Linux, psutil elsewhere. See proc(5)."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

import psutil

from trainer_tui.runs.secrets import masked_command
from trainer_tui.supervise.doing.syscalls import syscall_name

THREADS = 256
"""Threads of one process that are looked at."""

_PORTABLE_STATES = {
    psutil.STATUS_RUNNING: "R",
    psutil.STATUS_SLEEPING: "S",
    psutil.STATUS_DISK_SLEEP: "D",
    psutil.STATUS_STOPPED: "T",
    psutil.STATUS_TRACING_STOP: "t",
    psutil.STATUS_ZOMBIE: "Z",
    psutil.STATUS_IDLE: "S",
}


_DIGITS = re.compile(r"-?[0-9]{1,20}")


@dataclass(frozen=True, slots=True)
class TaskSample:
    """One thread at one moment."""

    tid: int
    state: str
    cpu_s: float
    """CPU seconds since it began."""


@dataclass(frozen=True, slots=True)
class SyscallNow:
    """Where a thread sits in the kernel."""

    name: str = ""
    arguments: tuple[int, ...] = ()
    wchan: str = ""


@dataclass(frozen=True, slots=True)
class ProcessNow:
    """Who a process is."""

    pid: int
    parent: int
    name: str
    command: str
    state: str
    traced_by: int


def has_proc() -> bool:
    """Whether this system has Linux' `/proc`."""
    return os.path.exists("/proc/self/stat")


def process_now(pid: int) -> ProcessNow | None:
    """Who this process is; None when it is gone."""
    if not has_proc():
        return _process_portable(pid)
    stat = _stat(f"/proc/{pid}/stat")
    if stat is None:
        return None
    name, fields = stat
    command = _text(f"/proc/{pid}/cmdline").replace("\0", " ").strip()
    return ProcessNow(pid, int(fields[1]), name, command, fields[0], _tracer(pid))


def state_of(pid: int) -> str:
    """The letter of its state; empty when it is gone. Unlike its command line this never waits for it."""
    if not has_proc():
        now = _process_portable(pid)
        return "" if now is None else now.state or "S"
    stat = _stat(f"/proc/{pid}/stat")
    return "" if stat is None else stat[1][0]


def tasks(pid: int) -> list[TaskSample]:
    """Its threads now; none when it is gone."""
    if not has_proc():
        return _tasks_portable(pid)
    try:
        names = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    tick = os.sysconf("SC_CLK_TCK")
    found = []
    for name in sorted(names, key=int)[:THREADS]:
        stat = _stat(f"/proc/{pid}/task/{name}/stat")
        if stat is not None:
            fields = stat[1]
            found.append(TaskSample(int(name), fields[0], (int(fields[11]) + int(fields[12])) / tick))
    return found


def syscall_now(pid: int, tid: int) -> SyscallNow:
    """The system call a thread sits in; empty where it runs, or where nobody tells us."""
    folder = f"/proc/{pid}/task/{tid}"
    wchan = _text(f"{folder}/wchan").strip()
    words = _text(f"{folder}/syscall").split()
    try:
        number, *rest = (int(word, 0) for word in words)
    except ValueError:  # `running`
        number, rest = -1, []
    name = syscall_name(number) if number >= 0 else ""
    return SyscallNow(name, tuple(rest[:6]), "" if wchan == "0" else wchan)


def thread_name(pid: int, tid: int) -> str:
    """What a thread calls itself in the kernel's eyes."""
    return _text(f"/proc/{pid}/task/{tid}/comm").strip()


def memory_at(pid: int, address: int, size: int) -> bytes:
    """Bytes of another process, as a debugger reads them; empty where that is not allowed."""
    try:
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as file:
            return os.pread(file.fileno(), size, address)
    except (OSError, OverflowError, ValueError):
        return b""


def _stat(path: str) -> tuple[str, list[str]] | None:
    """The name, and the fields behind it, state first."""
    text = _text(path)
    end = text.rfind(")")
    fields = text[end + 2 :].split()
    whole = end > 0 and len(fields) > 12 and all(_DIGITS.fullmatch(field) for field in fields[1:13])
    return (text[text.find("(") + 1 : end], fields) if whole else None


def _tracer(pid: int) -> int:
    for line in _text(f"/proc/{pid}/status").splitlines():
        if line.startswith("TracerPid:"):
            told = line.removeprefix("TracerPid:").strip()
            return int(told) if _DIGITS.fullmatch(told) else 0
    return 0


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(64 << 10).decode(errors="replace")
    except OSError:
        return ""


def _process_portable(pid: int) -> ProcessNow | None:
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            state = _PORTABLE_STATES.get(process.status(), "")
            parent, name = process.ppid(), process.name()
        return ProcessNow(pid, parent, name, " ".join(masked_command(process.cmdline())), state, 0)
    except psutil.NoSuchProcess:
        return None
    except psutil.Error:
        return ProcessNow(pid, 0, "?", "", "", 0)


def _tasks_portable(pid: int) -> list[TaskSample]:
    """Without `/proc` a process is one thread: its state and its CPU time as a whole."""
    try:
        process = psutil.Process(pid)
        times = process.cpu_times()
        state = _PORTABLE_STATES.get(process.status(), "")
    except psutil.Error:
        return []
    return [TaskSample(pid, state, times.user + times.system)]
