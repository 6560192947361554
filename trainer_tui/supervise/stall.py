"""Silence: when the next step is due, and what is told when it does not come. Nothing is killed for it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

from trainer_tui.runs.clock import duration_text
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.plan import WatchPlan
from trainer_tui.supervise.doing import Snapshot, Verdict, stacks_text

HALF_LIFE_S = 3600.0
HALF_LIFE_EPOCHS = 4.0
HALF_LIFE_GAPS = 4.0
"""The slowest wait seen counts half after so long, whichever is longest; a gap is the time that had gone by
since the last wait of its size."""

LONGEST_HALF_LIFE_S = 24 * 3600.0

FIRST_WAITS = 2.0
"""The second step may take so many times what the first one took, start-up included."""

PATIENT_BUDGETS = 4.0
"""Computing that ends in no step for so many budgets is no longer taken for honest work."""

COMPUTING = ("computes", "native")


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a silence may be now."""

    seconds: float
    why: str
    normal_s: float | None = None
    """The slowest recent wait for a step; None before one was measured."""


class StallWatch:
    """Knows when the next progress is due.

    Progress is a new row or step; until two of them came, log bytes too. Budget: `first_progress_s` until a
    step was measured (`silent_s` if longer, while there is none at all), then `hang_factor` times the slowest
    step, at least `hang_floor_s`; a promise of the script (`run.expect`) outweighs both. All times are
    monotonic, in seconds: such a clock neither jumps when somebody sets the date nor runs while the machine
    sleeps.

    The slowest step is forgotten by halves, slowly enough to outlast several epochs and several of its own
    kind: what comes once an epoch (an evaluation), or every few hours (a checkpoint), is as normal as the
    steps between.
    """

    def __init__(self, plan: WatchPlan, now: float | None = None) -> None:
        self._plan = plan
        now = time.monotonic() if now is None else now
        self._progress_at = now
        self._bytes_at = now
        self._promised_until = 0.0
        self._slowest = 0.0
        self._first_wait = 0.0
        self._measured_from: float | None = None
        self._row_at: float | None = None
        self._epoch_s = 0.0
        self._gap_s = 0.0
        self._ended_at: dict[int, float] = {}
        self._publishes = False

    def progress(self, now: float) -> None:
        """A new step was seen."""
        # A wait that was promised says nothing about those that are not.
        if self._publishes and self._promised_until <= self._progress_at:
            self._measure(self._progress_at, now)
        if not self._publishes:
            self._first_wait = now - self._progress_at
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

    def unseen(self, seconds: float) -> None:
        """Nobody could look for so long (the machine or we ourselves stood still): that is no silence."""
        self._progress_at += seconds
        self._bytes_at += seconds
        self._promised_until += seconds

    def budget(self) -> Budget:
        """The silence that is still normal."""
        plan = self._plan
        if not self._publishes:
            seconds = max(plan.first_progress_s, plan.silent_s)
            return Budget(seconds, f"no step so far, and no output for {duration_text(seconds)}")
        if self._measured_from is None:
            seconds = max(plan.hang_floor_s, plan.first_progress_s, FIRST_WAITS * self._first_wait)
            return Budget(seconds, "start-up: the second step shows how long one takes")
        slowest = self._slowest
        seconds = max(plan.hang_floor_s, plan.hang_factor * slowest)
        if seconds > plan.hang_floor_s:
            why = f"{plan.hang_factor:g} times the slowest recent wait, {duration_text(slowest)}"
        else:
            why = f"the least that counts as silence; the slowest recent wait was {duration_text(slowest)}"
        return Budget(seconds, why, slowest)

    def overdue(self, now: float) -> float | None:
        """Seconds without progress once that is too long; None while it is normal."""
        # Until a step was measured, the first may well be hours long: then a line is a sign of life too.
        measured = self._measured_from is not None
        last = self._progress_at if measured else max(self._progress_at, self._bytes_at)
        silent = now - last
        return silent if silent > self.budget().seconds and now > self._promised_until else None

    @property
    def publishes(self) -> bool:
        """Whether the script has reported a step."""
        return self._publishes

    def _measure(self, began: float, now: float) -> None:
        took = now - began
        if self._measured_from is None:
            self._measured_from = began
        half_life = max(HALF_LIFE_S, HALF_LIFE_EPOCHS * self._epoch_s, HALF_LIFE_GAPS * self._gap_s)
        faded = self._slowest * 0.5 ** (took / min(half_life, LONGEST_HALF_LIFE_S))
        size = math.frexp(took)[1]
        if took > faded:
            alike = [at for s, at in self._ended_at.items() if s >= size - 1]
            self._gap_s = began - max([self._measured_from, *alike])
        self._ended_at[size] = now
        self._slowest = max(took, faded)


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence that is too long, as it was when it was noticed."""

    seconds: float
    budget: Budget
    publishes: bool
    reached: tuple[Any, ...] = ()
    """How far the run is: rows, and what its progress file says."""

    @property
    def text(self) -> str:
        """`no new step for 3 min (normal: 20 s)`."""
        what = "no new step" if self.publishes else "no step and no output"
        normal = self.budget.normal_s
        usual = f"normal: {duration_text(normal)}" if normal else f"allowed: {_round(self.budget.seconds)}"
        return f"{what} for {_round(self.seconds)} ({usual})"

    @property
    def facts(self) -> dict[str, Any]:
        """The budget, and why it was that."""
        return {
            "silent_s": round(self.seconds),
            "budget_s": round(self.budget.seconds, 1),
            "budget_why": self.budget.why,
            "reached": list(self.reached),
        }


def is_excused(verdict: Verdict, silence: Silence) -> bool:
    """Whether what the process does explains the silence: it writes, reads, or computes, and not for ever."""
    if verdict.name in COMPUTING:
        return silence.seconds <= PATIENT_BUDGETS * silence.budget.seconds
    return verdict.works


def stall_incident(
    number: int, silence: Silence, verdict: Verdict, snapshot: Snapshot | None, cpu_percent: float
) -> Incident:
    """The `number`-th word about a run that makes no progress, with what the machine shows of it."""
    excused = is_excused(verdict, silence)
    stacks = stacks_text(snapshot) if snapshot is not None else ""
    facts: dict[str, Any] = {
        **silence.facts,
        "verdict": verdict.name,
        "state": verdict.state,
        "cpu_percent": round(snapshot.cpu_percent if snapshot is not None else cpu_percent, 1),
    }
    if verdict.waiting_on:
        facts["waiting_on"] = verdict.waiting_on
    if snapshot is not None and snapshot.gpu_percent:
        facts["gpu_percent"] = list(snapshot.gpu_percent)
    if stacks:
        facts["stacks"] = stacks
    return Incident(
        id=f"silence:{number}",
        severity="notice" if excused else "warning",
        kind="slowdown" if excused else "hang",
        message=f"{silence.text}: {verdict.sentence}",
        source="silence",
        rule="silence",
        hypotheses=verdict.hypotheses,
        excerpt=stacks,
        facts=facts,
    )


def _round(seconds: float) -> str:
    return duration_text(round(seconds) if seconds >= 10 else seconds)
