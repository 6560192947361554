"""Ending, holding and releasing the training process, its group and whatever escaped from it."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from trainer_tui.runs.process import ProcessIdentity
from trainer_tui.supervise import job


class Stopper:
    """TERM to all that belongs to the run, after a grace time KILL. `due` moves it on; it never blocks."""

    def __init__(self, root: ProcessIdentity, run_dir: Path, grace_s: float) -> None:
        self._root = root
        self._run_dir = run_dir
        self._grace_s = grace_s
        self._kill_at: float | None = None
        self.killed = False
        """Whether TERM was not enough."""

    def begin(self) -> None:
        """Send TERM. A held process is released too, else it could not even hear it."""
        self._kill_at = time.monotonic() + self._grace_s
        members = job.members(self._root, self._run_dir)
        job.send(members, signal.SIGTERM)
        job.send(members, signal.SIGCONT)

    def due(self) -> bool:
        """Send KILL when the grace time is over; True when it did so now."""
        if self._kill_at is None or time.monotonic() < self._kill_at:
            return False
        # What the processes start meanwhile is hit by the next round.
        self._kill_at = time.monotonic() + 1.0
        reached = job.send(job.members(self._root, self._run_dir), signal.SIGKILL)
        self.killed = self.killed or reached > 0
        return reached > 0


def hold(root: ProcessIdentity, run_dir: Path) -> int:
    """SIGSTOP for every process of the run; returns how many."""
    return job.send(job.members(root, run_dir), signal.SIGSTOP)


def release(root: ProcessIdentity, run_dir: Path) -> int:
    """SIGCONT for every process of the run; returns how many."""
    return job.send(job.members(root, run_dir), signal.SIGCONT)


def end_left_behind(run_dir: Path) -> int:
    """KILL for what outlived a stopped training process; returns how many."""
    return job.send(job.marked(run_dir), signal.SIGKILL)
