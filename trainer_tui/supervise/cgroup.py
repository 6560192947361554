"""Memory that this job may really use, along its cgroups, not what the host has; and kills for want of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

UNLIMITED = 1 << 60
"""cgroup v1 writes 9223372036854771712 where there is no limit."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes used and the limit that applies."""

    used: int
    total: int


def memory(root: Path = Path("/"), pid: int | None = None) -> Memory:
    """Use and limit of the tightest cgroup above a process (us), or of the machine when none is tighter."""
    import psutil

    host = psutil.virtual_memory()
    best = Memory(host.total - host.available, host.total)
    for folder, names in _folders(root, pid):
        limit = _number(folder / names.limit)
        usage = _number(folder / names.usage)
        if limit is not None and usage is not None and limit < min(UNLIMITED, best.total):
            best = Memory(max(0, usage - _reclaimable(folder / "memory.stat", names.cache)), limit)
    return best


class _Names(NamedTuple):
    """Names of the files with limit, usage and events, and of `memory.stat`'s line for reclaimable bytes."""

    limit: str
    usage: str
    cache: str
    events: str


_V1 = _Names("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file", "memory.oom_control")
_V2 = _Names("memory.max", "memory.current", "inactive_file", "memory.events")


class OomCounter:
    """Watches the kernel's count of out-of-memory kills in the cgroup of a process."""

    def __init__(self, pid: int | None = None, root: Path = Path("/")) -> None:
        self._path = _events_file(root, pid)
        self._count = self._first = self._read()
        self._risen_at = time.monotonic()

    def look(self) -> None:
        """Read the counter and remember when it rose."""
        count = self._read()
        if count is not None and self._count is not None and count > self._count:
            self._risen_at = time.monotonic()
        self._count = count if count is not None else self._count

    @property
    def rise(self) -> int:
        """Kills since this began to count."""
        return 0 if self._count is None or self._first is None else self._count - self._first

    def before_s(self) -> float | None:
        """Seconds since the counter rose, or since this began to count; None where there is no counter."""
        return None if self._count is None else time.monotonic() - self._risen_at

    def _read(self) -> int | None:
        try:
            lines = _lines(self._path) if self._path is not None else []
        except OSError:
            return None
        words = (line.split() for line in lines)
        counts = (int(w[1]) for w in words if len(w) == 2 and w[0] == "oom_kill" and _is_count(w[1]))
        return next(counts, None)


def _reclaimable(path: Path, name: str) -> int:
    """Bytes of files in the cache: counted as used, and given back before anything is killed."""
    try:
        words = [line.split() for line in _lines(path)]
    except OSError:
        return 0
    return next((int(w[1]) for w in words if len(w) == 2 and w[0] == name and _is_count(w[1])), 0)


def _events_file(root: Path, pid: int | None) -> Path | None:
    """The innermost file that counts out-of-memory kills; None where there is none."""
    files = (folder / names.events for folder, names in _folders(root, pid))
    return next((file for file in files if os.path.exists(file)), None)


def _folders(root: Path, pid: int | None = None) -> Iterator[tuple[Path, _Names]]:
    """Every cgroup folder from that of a process (ours, when it is gone) up to the top, with its names."""
    for line in _cgroup_lines(root, pid):
        _, controllers, path = (*line.split(":", 2), "", "", "")[:3]
        if not path.startswith("/"):
            continue  # the name of a group may hold anything, the end of a line too
        if controllers == "":
            top, names = root / "sys/fs/cgroup", _V2
        elif "memory" in controllers.split(","):
            top, names = root / "sys/fs/cgroup/memory", _V1
        else:
            continue
        parts = [p for p in path.split("/") if p]
        for depth in range(len(parts), -1, -1):
            yield top.joinpath(*parts[:depth]), names


def _cgroup_lines(root: Path, pid: int | None) -> list[str]:
    for name in (str(pid), "self") if pid is not None else ("self",):
        try:
            return _lines(root / "proc" / name / "cgroup")
        except OSError:
            continue
    return []


def _lines(path: Path) -> list[str]:
    """The lines of a file; a group's name need not be UTF-8. Raises OSError."""
    return path.read_bytes().decode("utf-8", "surrogateescape").split("\n")


def _is_count(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 20


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
