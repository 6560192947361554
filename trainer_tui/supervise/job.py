"""The job's processes: the training process, its descendants, and those that escaped from its group."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from pathlib import Path

import psutil

from trainer_tui.runs.process import ProcessIdentity


def descendants(pid: int) -> list[int]:
    """The living descendants of a process, itself first.

    Linux keeps each thread's children in `/proc/PID/task/TID/children`; asking there costs what the job
    costs, while a search through every process of the machine costs what the machine runs.
    """
    if not os.path.exists(f"/proc/{pid}/task/{pid}/children"):
        return _descendants_portable(pid)
    found, queue = [], [pid]
    while queue:
        parent = queue.pop()
        if parent in found:
            continue
        found.append(parent)
        queue.extend(_children(parent))
    return found


def marked(run_dir: Path) -> list[ProcessIdentity]:
    """Every living process whose environment names this run, also daemons that left its group."""
    wanted = f"TRAINER_RUN_DIR={run_dir}".encode()
    found = []
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                environment = file.read()
        except OSError:
            continue
        if wanted in environment.split(b"\0"):
            identity = ProcessIdentity.of(int(name))
            if identity is not None:
                found.append(identity)
    return found


def members(root: ProcessIdentity, run_dir: Path) -> list[ProcessIdentity]:
    """Everything that belongs to the run now: its tree and what escaped, named so that no stranger is hit."""
    found = {identity.pid: identity for identity in marked(run_dir)}
    # A pid that was given to somebody else since is no root of ours.
    for child in descendants(root.pid) if _lives(root) else ():
        identity = ProcessIdentity.of(child)
        if identity is not None:
            found.setdefault(child, identity)
    return list(found.values())


def send(identities: Iterable[ProcessIdentity], number: signal.Signals) -> int:
    """Signal each process that is still the one it was; returns how many were reached."""
    reached = 0
    for identity in identities:
        if not _lives(identity):
            continue
        try:
            os.kill(identity.pid, number)
        except (ProcessLookupError, PermissionError):
            continue
        reached += 1
    return reached


def describe(identities: Iterable[ProcessIdentity], limit: int = 20) -> list[dict[str, object]]:
    """Pid and command line of each, for people."""
    rows: list[dict[str, object]] = []
    for identity in list(identities)[:limit]:
        try:
            with open(f"/proc/{identity.pid}/cmdline", "rb") as file:
                command = file.read().replace(b"\0", b" ").decode("utf-8", "replace").strip()
        except OSError:
            command = ""
        rows.append({"pid": identity.pid, "command": command[:200]})
    return rows


def _lives(identity: ProcessIdentity) -> bool:
    try:
        return identity.is_alive()
    except OSError:
        return False  # who cannot be looked at may be a stranger, and must not be signalled


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
    except OSError:
        return found  # it ended while we looked
    return found


def _descendants_portable(pid: int) -> list[int]:
    try:
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    except psutil.Error:
        return []
