"""Silence: no new step for too long, and what the machine says to it. Nothing is ever killed for it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from trainer_tui.runs.clock import duration_text
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.plan import WatchPlan

BUSY_CPU_PERCENT = 5.0
HALF_LIFE_S = 3600.0
HALF_LIFE_EPOCHS = 4.0
"""The slowest step seen counts half after so long, whichever is longer."""

_STACKS_TIMEOUT_S = 10.0
_STACKS_LIMIT = 6000


class StallWatch:
    """Knows when the next progress is due.

    Progress is a new row or step; for scripts that publish none, log bytes. Budget: `first_progress_s` until
    the first step, then `hang_factor` times the slowest step, at least `hang_floor_s`; a promise of the
    script (`run.expect`) outweighs both. All times are monotonic, in seconds.

    The slowest step is forgotten by halves, slowly enough to outlast several epochs: what comes once an
    epoch (an evaluation, a checkpoint) is as normal as the steps between.
    """

    def __init__(self, plan: WatchPlan, now: float | None = None) -> None:
        self._plan = plan
        now = time.monotonic() if now is None else now
        self._progress_at = now
        self._bytes_at = now
        self._promised_until = 0.0
        self._slowest = 0.0
        self._row_at: float | None = None
        self._epoch_s = 0.0
        self._publishes = False

    def progress(self, now: float) -> None:
        """A new step was seen."""
        # A wait that was promised says nothing about those that are not.
        if self._publishes and self._promised_until <= self._progress_at:
            took = now - self._progress_at
            half_life = max(HALF_LIFE_S, HALF_LIFE_EPOCHS * self._epoch_s)
            self._slowest = max(took, self._slowest * 0.5 ** (took / half_life))
        self._publishes = True
        self._progress_at = now

    def row(self, now: float) -> None:
        """A row of the history came, which is progress; the longest time between two is called an epoch."""
        if self._row_at is not None:
            self._epoch_s = max(self._epoch_s, now - self._row_at)
        self._row_at = now
        self.progress(now)

    def output(self, now: float) -> None:
        """The log grew."""
        self._bytes_at = now

    def promise(self, until: float) -> None:
        """The script said that its next progress may take until then."""
        self._promised_until = until

    def hold(self, now: float) -> None:
        """The process is held by a user: time does not count."""
        self._progress_at = self._bytes_at = now

    def budget(self) -> float:
        """Seconds of silence that are still normal."""
        if not self._publishes:
            return max(self._plan.first_progress_s, self._plan.silent_s)
        return max(self._plan.hang_floor_s, self._plan.hang_factor * self._slowest)

    def overdue(self, now: float) -> float | None:
        """Seconds without progress once that is too long; None while it is normal."""
        last = self._progress_at if self._publishes else max(self._progress_at, self._bytes_at)
        silent = now - last
        return silent if silent > self.budget() and now > self._promised_until else None


def stall_incident(silent: float, budget: float, cpu_percent: float, number: int, **facts: Any) -> Incident:
    """The `number`-th warning about a run that makes no progress, with what the machine shows of it."""
    busy = cpu_percent > BUSY_CPU_PERCENT
    evidence = f"the job uses {cpu_percent:.0f} % of a core" if busy else "the job uses no CPU"
    return Incident(
        id=f"silence:{number}",
        severity="warning",
        kind="hang",
        message=f"no new step for {duration_text(silent)} (normal: {duration_text(budget)}); {evidence}",
        source="silence",
        rule="silence",
        hypotheses=(
            ("Busy: a long evaluation, a checkpoint, a compilation; say so with run.expect(seconds=…).",)
            if busy
            else ("It waits for something that does not come: a lock, a queue, the network, another rank.",)
        ),
        facts={"silent_s": round(silent), "cpu_percent": round(cpu_percent, 1), **facts},
    )


def live_stacks(pid: int) -> str:
    """The Python stacks of a process, taken by py-spy without pausing it; or why there are none."""
    program = Path(sys.executable).with_name("py-spy")
    try:
        done = subprocess.run(
            [str(program), "dump", "--nonblocking", "--pid", str(pid)],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_STACKS_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        return "no stacks: py-spy is not installed"
    except subprocess.TimeoutExpired:
        return f"no stacks: py-spy did not answer within {_STACKS_TIMEOUT_S:.0f} s"
    text = done.stdout.strip() if done.returncode == 0 else f"no stacks: {done.stderr.strip()[:300]}"
    return text[:_STACKS_LIMIT]
