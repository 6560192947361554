"""Memory that this job may really use: the smallest limit along its cgroups, not what the host has."""

from __future__ import annotations

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


def memory(root: Path = Path("/")) -> Memory:
    """Use and limit of the tightest cgroup above us, or of the machine when none is tighter."""
    import psutil

    host = psutil.virtual_memory()
    best = Memory(host.total - host.available, host.total)
    for folder, names in _folders(root):
        limit = _number(folder / names.limit)
        usage = _number(folder / names.usage)
        if limit is not None and usage is not None and limit < min(UNLIMITED, best.total):
            best = Memory(max(0, usage - _reclaimable(folder / "memory.stat", names.cache)), limit)
    return best


class _Names(NamedTuple):
    """Names of the files with limit and usage, and of the line in `memory.stat` for reclaimable bytes."""

    limit: str
    usage: str
    cache: str


_V1 = _Names("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
_V2 = _Names("memory.max", "memory.current", "inactive_file")


def _reclaimable(path: Path, name: str) -> int:
    """Bytes of files in the cache: counted as used, and given back before anything is killed."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name} ")), 0)


def _folders(root: Path) -> Iterator[tuple[Path, _Names]]:
    """Every cgroup folder from ours up to the top, with the names of its files."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            top, names = root / "sys/fs/cgroup", _V2
        elif "memory" in controllers.split(","):
            top, names = root / "sys/fs/cgroup/memory", _V1
        else:
            continue
        parts = [p for p in path.split("/") if p]
        for depth in range(len(parts), -1, -1):
            yield top.joinpath(*parts[:depth]), names


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
