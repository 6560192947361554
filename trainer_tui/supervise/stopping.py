"""Ending, holding and releasing the training process, its group and whatever escaped from it."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from trainer_tui.supervise import job


class Stopper:
    """TERM to everything that belongs to the run, after a grace time KILL. `due` moves it on; it never blocks."""

    def __init__(self, pid: int, run_dir: Path, grace_s: float) -> None:
        self._pid = pid
        self._run_dir = run_dir
        self._grace_s = grace_s
        self._kill_at: float | None = None
        self.why = ""
        self.killed = False

    @property
    def begun(self) -> bool:
        """Whether the end was asked for."""
        return self._kill_at is not None

    def begin(self, why: str) -> None:
        """Send TERM. A held process is released too, else it could not even hear it."""
        if self.begun:
            return
        self.why = why
        self._kill_at = time.monotonic() + self._grace_s
        members = job.members(self._pid, self._run_dir)
        job.send(members, signal.SIGTERM)
        job.send(members, signal.SIGCONT)

    def due(self) -> bool:
        """Send KILL when the grace time is over; True when it did so now."""
        if self._kill_at is None or time.monotonic() < self._kill_at:
            return False
        self.killed = True
        # What the processes start meanwhile is hit by the next round.
        self._kill_at = time.monotonic() + 1.0
        return job.send(job.members(self._pid, self._run_dir), signal.SIGKILL) > 0


def hold(pid: int, run_dir: Path) -> int:
    """SIGSTOP for every process of the run; returns how many."""
    return job.send(job.members(pid, run_dir), signal.SIGSTOP)


def release(pid: int, run_dir: Path) -> int:
    """SIGCONT for every process of the run; returns how many."""
    return job.send(job.members(pid, run_dir), signal.SIGCONT)


def end_left_behind(run_dir: Path) -> int:
    """KILL for what outlived a stopped training process; returns how many."""
    return job.send(job.marked(run_dir), signal.SIGKILL)
