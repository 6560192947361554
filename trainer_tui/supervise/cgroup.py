"""Memory that this job may really use: the smallest limit along its cgroups, not what the host has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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
    for folder, limit_name, usage_name in _folders(root):
        limit = _number(folder / limit_name)
        usage = _number(folder / usage_name)
        if limit is not None and usage is not None and limit < min(UNLIMITED, best.total):
            best = Memory(usage, limit)
    return best


def _folders(root: Path) -> Iterator[tuple[Path, str, str]]:
    """Every cgroup folder from ours up to the top, with the names of its limit and usage files."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            top, names = root / "sys/fs/cgroup", ("memory.max", "memory.current")
        elif "memory" in controllers.split(","):
            top, names = root / "sys/fs/cgroup/memory", ("memory.limit_in_bytes", "memory.usage_in_bytes")
        else:
            continue
        parts = [p for p in path.split("/") if p]
        for depth in range(len(parts), -1, -1):
            yield top.joinpath(*parts[:depth]), *names


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
