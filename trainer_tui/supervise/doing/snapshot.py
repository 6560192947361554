"""What is known of a process tree at one moment: plain data, made by `take`, judged by `verdicts`."""

from __future__ import annotations

import sysconfig
from dataclasses import dataclass, field
from typing import Literal

HandleKind = Literal["file", "pipe", "socket", "terminal", "other"]

_LIBRARY_MARKS = ("/site-packages/", "/dist-packages/", "<frozen")
_STDLIB = sysconfig.get_path("stdlib")


@dataclass(frozen=True, slots=True)
class Frame:
    """One Python frame."""

    function: str
    """With its class where the interpreter knows it: `Thread.run`."""
    file: str
    """The whole path."""
    line: int

    @property
    def place(self) -> str:
        """`train.py:12`, with the package's folder for a file of a library."""
        parts = self.file.rsplit("/", 3)
        return f"{'/'.join(parts[-2:]) if self.is_library else parts[-1]}:{self.line}"

    @property
    def is_library(self) -> bool:
        """Whether the file belongs to the standard library or to an installed package."""
        if any(mark in self.file for mark in _LIBRARY_MARKS) or self.file.startswith(_STDLIB):
            return True
        # The interpreter of the run need not be ours.
        return "/lib/python3." in self.file

    def __str__(self) -> str:
        return f"{self.function} ({self.place})"


Stack = tuple[Frame, ...]
"""Innermost frame first."""


@dataclass(frozen=True, slots=True)
class Handle:
    """What is behind a file descriptor that somebody waits on."""

    fd: int
    kind: HandleKind
    name: str
    """A path, `10.0.0.3:29500`, or what the kernel calls it."""
    others: tuple[str, ...] = ()
    """Who has the other end of a pipe, or holds the lock on a file: `1234 (python)`."""


@dataclass(frozen=True, slots=True)
class Thread:
    """One thread, seen over the time of a snapshot."""

    tid: int
    name: str = ""
    state: str = ""
    """The kernel's letter at the end: R, S, D, T, t, Z; empty where it is not known."""
    states: str = ""
    """The letters of all looks."""
    cpu_percent: float = 0.0
    """Of one core."""
    syscall: str = ""
    """The system call it sits in; empty when it runs, or nobody may know."""
    arguments: tuple[int, ...] = ()
    wchan: str = ""
    handles: tuple[Handle, ...] = ()
    """What that system call waits on."""
    stacks: tuple[Stack, ...] = ()
    """Its Python stack in each look, oldest first; none for threads that run no Python."""
    gil: int = 0
    """In how many looks it held the interpreter's lock."""

    @property
    def frames(self) -> Stack:
        """The newest stack."""
        return self.stacks[-1] if self.stacks else ()


@dataclass(frozen=True, slots=True)
class Growth:
    """A file whose position in a process moved while we looked."""

    path: str
    bytes: int
    at: int
    """The position now."""
    written: bool


@dataclass(frozen=True, slots=True)
class Process:
    """One process of the tree."""

    pid: int
    parent: int
    name: str
    command: str = ""
    state: str = ""
    traced_by: int = 0
    """Pid of a debugger that is attached; 0: none."""
    threads: tuple[Thread, ...] = ()
    problem: str = ""
    """Why there are no Python stacks; empty when there are."""
    growth: tuple[Growth, ...] = ()

    @property
    def main(self) -> Thread:
        """The main thread."""
        for thread in self.threads:
            if thread.tid == self.pid or thread.name == "MainThread":
                return thread
        return self.threads[0] if self.threads else Thread(self.pid, state=self.state)

    @property
    def cpu_percent(self) -> float:
        """Of one core, all its threads together."""
        return sum(thread.cpu_percent for thread in self.threads)

    @property
    def is_zombie(self) -> bool:
        """Whether it has ended and nobody has asked how."""
        return self.state == "Z"

    def __str__(self) -> str:
        return f"{self.pid} ({self.name})"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A process and its descendants over about a second."""

    root: int
    processes: tuple[Process, ...]
    """The root first, parents before their children."""
    seconds: float
    gpu_percent: tuple[float, ...] = ()
    """Utilisation of each GPU, where it is known."""
    left_out: int = 0
    """Descendants beyond the number that is looked at."""
    sources: dict[str, str] = field(default_factory=dict)
    """The text of the files that the stacks name, as they are now."""

    def process(self, pid: int) -> Process | None:
        """The process with this pid."""
        return next((process for process in self.processes if process.pid == pid), None)

    def children(self, pid: int) -> tuple[Process, ...]:
        """The children of a process."""
        return tuple(process for process in self.processes if process.parent == pid and process.pid != pid)

    def below(self, pid: int) -> tuple[Process, ...]:
        """Every descendant of a process."""
        found: list[Process] = []
        parents = {pid}
        for process in self.processes:
            if process.parent in parents and process.pid != pid:
                parents.add(process.pid)
                found.append(process)
        return tuple(found)

    @property
    def cpu_percent(self) -> float:
        """Of one core, all processes together."""
        return sum(process.cpu_percent for process in self.processes)
