"""What a key asks of the running process, and what to say before it is asked. Pure functions."""

from __future__ import annotations

from trainer_tui.runs.control import Request
from trainer_tui.runs.plan import PHASE_NAMES
from trainer_tui.runs.state import RunState

_STOPPABLE = ("starting", "running", "paused", "stopping")
"""While starting, the supervisor keeps a stop; while a skip is at work, it calls off the full phase."""

_SKIPPABLE = ("starting", "running", "paused")


def request_of_key(key: str, state: RunState) -> Request | None:
    """The request that the key means for a run in this state; None when it means none."""
    if key == "pause":
        return "resume" if state.status == "paused" else "pause" if state.status == "running" else None
    if key == "stop":
        return "stop" if state.status in _STOPPABLE else None
    if key == "skip":
        return "skip" if state.phase == "quick" and state.status in _SKIPPABLE else None
    if key == "note":
        return None if state.over else "note"
    return None


def stop_text(state: RunState, grace_s: float) -> str:
    """What stopping will do."""
    phase = PHASE_NAMES.get(state.phase, state.phase)
    then = " The full phase will not start." if state.phase == "quick" else ""
    return (
        f"This ends {state.model} #{state.number} {phase}: its whole process group gets SIGTERM now and "
        f"SIGKILL after {grace_s:.0f} s. What it saved stays; what it did not save is lost.{then}\n"
    )


NOTE_TEXT = "It stands among the signals and in the run's events, with the time.\n"

SKIP_TEXT = (
    "This ends the quick phase and starts the full one, without the proof that the quick one gives. "
    "The reason is written into the run's record.\n"
)
