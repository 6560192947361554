"""The processes of a job as rows of a table: in the order of their tree, or the greediest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Order = Literal["tree", "cpu", "memory"]

ORDERS: tuple[Order, ...] = ("tree", "cpu", "memory")

STATES: dict[str, str] = {
    "running": "runs",
    "sleeping": "sleeps",
    "disk-sleep": "waits",
    "stopped": "held",
    "tracing-stop": "held",
    "zombie": "zombie",
    "dead": "dead",
    "idle": "idle",
    "parked": "parked",
    "waking": "wakes",
    "wake-kill": "wakes",
}
"""What the kernel's states are called here; `waits` is a wait in the kernel that no signal ends."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process at one moment."""

    pid: int
    parent: int
    command: str
    """Clean."""
    cpu: float | None
    """Percent of one core since the look before; None at the first look."""
    rss: int
    threads: int
    state: str


@dataclass(frozen=True, slots=True)
class Row:
    """A process in its place: `branch` is drawn before its command."""

    process: Process
    branch: str = ""


def arranged(processes: Sequence[Process], order: Order) -> tuple[Row, ...]:
    """The rows of the table."""
    if order == "tree":
        return tuple(_as_tree(processes))
    if order == "cpu":
        return tuple(Row(p) for p in sorted(processes, key=lambda p: (-(p.cpu or 0.0), p.pid)))
    return tuple(Row(p) for p in sorted(processes, key=lambda p: (-p.rss, p.pid)))


def _as_tree(processes: Sequence[Process]) -> Iterable[Row]:
    here = {process.pid for process in processes}
    children: dict[int, list[Process]] = {}
    roots = []
    for process in sorted(processes, key=lambda p: p.pid):
        if process.parent in here and process.parent != process.pid:
            children.setdefault(process.parent, []).append(process)
        else:
            roots.append(process)
    # Parents that name each other in a circle, read while they changed, have no root: they come last.
    seen: set[int] = set()
    waiting = [(process, "", "") for process in reversed(roots)]
    while waiting:
        process, branch, below = waiting.pop()
        if process.pid in seen:
            continue
        seen.add(process.pid)
        yield Row(process, branch)
        young = children.get(process.pid, [])
        for number in reversed(range(len(young))):
            last = number == len(young) - 1
            waiting.append(
                (young[number], below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "))
            )
    yield from (Row(process) for process in processes if process.pid not in seen)
