"""A thread as the tests over it see it, and what they say of it."""

from __future__ import annotations

from dataclasses import dataclass

from trainer_tui.supervise.doing import frames
from trainer_tui.supervise.doing.snapshot import Frame, Handle, Process, Snapshot, Stack, Thread
from trainer_tui.supervise.doing.source import line_at

Told = tuple[str, str] | None
"""What it does, and what it waits on; None where the test does not hold."""


@dataclass(frozen=True, slots=True)
class Wait:
    """What a thread does."""

    kind: str
    does: str
    """As what follows "the main thread": `waits for a lock (dl.py:7)`."""
    on: str = ""
    """What it waits on: a lock's name, a peer, a file."""
    place: Frame | None = None


@dataclass(frozen=True, slots=True)
class View:
    """A thread with what is needed to read it."""

    thread: Thread
    process: Process
    snapshot: Snapshot

    @property
    def stack(self) -> Stack:
        """Its newest own frames."""
        return frames.own(self.thread.frames)

    @property
    def place(self) -> Frame | None:
        """Where it is in the user's code."""
        return frames.user_frame(self.thread.frames)

    @property
    def at(self) -> str:
        """` in step (train.py:20)`; empty without a stack."""
        return f" in {self.place}" if self.place else ""

    @property
    def line(self) -> str:
        """The source line of that place."""
        return line_at(self.snapshot.sources, self.place) if self.place else ""

    @property
    def handle(self) -> Handle | None:
        """The first thing its system call waits on."""
        return self.thread.handles[0] if self.thread.handles else None
