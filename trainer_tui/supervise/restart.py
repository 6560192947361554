"""Automatic restart: off unless a budget was set, never without a first step or time and again in vain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainer_tui.runs.state import RunState
from trainer_tui.runs.verdict import REASONS

FRUITLESS_LIMIT = 3
"""Restarts without progress after which it is over (NVRx's `max_no_progress_cycles`)."""

MAX_BACKOFF_S = 600.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of a phase and how far it came: the largest step, or the number of rows, of its history."""

    state: RunState
    progress: float


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether to start again, after how long, and why (not)."""

    restart: bool
    why: str
    wait_s: float = 0.0


def decide(attempts: Sequence[Attempt], budget: int, backoff_s: float) -> Decision | None:
    """Judge the last of a phase's attempts (oldest first); None when the question does not arise."""
    last = attempts[-1]
    if budget <= 0 or not _restartable(last.state.reason):
        return None
    used = len(attempts) - 1
    if last.progress <= 0:
        return Decision(False, "it never made a first step; starting it again would only fail again")
    if used >= budget:
        return Decision(False, f"the budget of {budget} restarts is used up")
    fruitless = _fruitless(attempts)
    if fruitless >= FRUITLESS_LIMIT:
        return Decision(False, f"{fruitless} restarts came no further than the run before them")
    wait = min(MAX_BACKOFF_S, backoff_s * 2**used)
    return Decision(True, f"restart {used + 1} of {budget} after {last.state.reason}", wait)


def _restartable(reason: str) -> bool:
    return reason not in REASONS or REASONS[reason].restartable


def _fruitless(attempts: Sequence[Attempt]) -> int:
    best, count = attempts[0].progress, 0
    for attempt in attempts[1:]:
        count = 0 if attempt.progress > best else count + 1
        best = max(best, attempt.progress)
    return count
