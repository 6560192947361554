"""Who holds a file open for writing: whose history it is, where several trainings share a folder."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.process import ProcessIdentity
from trainer_tui.supervise import job

_ACCESS = 0o3
"""Bits of a descriptor's flags that say whether it reads (0) or writes."""


def held_by_job(run: RunFolder, process: ProcessIdentity | None) -> frozenset[str]:
    """The real paths of all files that the job's processes have open for writing."""
    members = job.members(process, run.path) if process is not None else job.marked(run.path)
    return frozenset(path for member in members for path in _written_by(member.pid))


def held_by_others(paths: Iterable[Path], run: RunFolder, process: ProcessIdentity | None) -> bool:
    """Whether a process that is none of the job's writes one of these files."""
    wanted = frozenset(os.path.realpath(path) for path in paths)
    if not wanted or not os.path.isdir("/proc/self/fd"):
        return False
    members = job.members(process, run.path) if process is not None else job.marked(run.path)
    ours = {os.getpid(), *(member.pid for member in members)}
    pids = (int(name) for name in os.listdir("/proc") if name.isdigit())
    return any(not wanted.isdisjoint(_written_by(pid, wanted)) for pid in pids if pid not in ours)


def _written_by(pid: int, among: frozenset[str] | None = None) -> list[str]:
    """The files that a process has open for writing; empty when that is not ours to know."""
    folder = f"/proc/{pid}/fd"
    try:
        descriptors = os.listdir(folder)
    except OSError:
        return []
    found = []
    for descriptor in descriptors:
        try:
            path = os.readlink(f"{folder}/{descriptor}")
            if path.startswith("/") and (among is None or path in among) and _writes(pid, descriptor):
                found.append(path)
        except OSError:
            continue  # closed meanwhile
    return found


def _writes(pid: int, descriptor: str) -> bool:
    with open(f"/proc/{pid}/fdinfo/{descriptor}", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("flags:"):
                return int(line.split()[1], 8) & _ACCESS != 0
    return False
