"""When somebody who does not look is to be told of a run: what happened between two of its states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trainer_tui.runs.plan import PHASE_NAMES
from trainer_tui.runs.state import RunState
from trainer_tui.runs.text import clean

OccasionKind = Literal["failed", "ended", "gate", "silent"]

OCCASIONS: dict[OccasionKind, str] = {
    "failed": "something certainly went wrong, or the run ended badly",
    "ended": "the run ended otherwise, or ended after its failure had been told",
    "gate": "the quick run passed its gate",
    "silent": "the run fell silent",
}
"""What can be told, and when; a run that a user stopped is told as ended."""

_TEXT = 300


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something to tell; title and text hold no control sequences."""

    kind: OccasionKind
    title: str
    text: str
    run: str
    bad: bool = False


def occasions(before: RunState, after: RunState) -> list[Occasion]:
    """What happened between two states of one run. A failure is told once, its end once."""
    found = []
    told = _failed_alive(before)
    if after.over and not before.over:
        # A phase that was skipped is no news: somebody has just skipped it, and the next one begins.
        found += [] if after.reason == "skipped" else [_end(after, told)]
    elif _failed_alive(after) and not told and after.failure is not None:
        found.append(_occasion("failed", after, f"failed: {after.failure.kind}", after.failure.message, True))
    known = {incident.id for incident in before.incidents}
    for incident in after.incidents:
        if incident.kind == "hang" and incident.id not in known and incident.fate != "recovered":
            found.append(_occasion("silent", after, "fell silent", incident.message, True))
    return found


def has_failed(state: RunState) -> bool:
    """Whether something certainly went wrong. What a user stopped or skipped did not fail."""
    failure = state.failure
    return (failure is not None and failure.fate == "confirmed") or state.tone == "bad"


def _failed_alive(state: RunState) -> bool:
    """Whether it has certainly failed and goes on all the same; what fails by ending is told with its end."""
    failure = state.failure
    return state.alive and failure is not None and failure.fate == "confirmed"


def _end(state: RunState, told: bool) -> Occasion:
    sentence = state.sentence or state.reason
    if state.tone == "bad":
        return _occasion("ended" if told else "failed", state, state.reason, sentence, True)
    if state.phase == "quick" and state.passed:
        return _occasion("gate", state, "passed its gate", sentence, False)
    return _occasion("ended", state, state.reason, sentence, False)


def _occasion(kind: OccasionKind, state: RunState, what: str, text: str, bad: bool) -> Occasion:
    title = f"{state.model} #{state.number} {PHASE_NAMES.get(state.phase, state.phase)}: {what}"
    return Occasion(kind, clean(title, 120), clean(text, _TEXT), clean(state.name, 120), bad)
