"""What an attempt came to, in a sentence: `still diverged, epoch 45 instead of 50`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from trainer_tui.diary.markdown import code, one_line
from trainer_tui.runs.catalog.results import read_results
from trainer_tui.runs.clock import duration_text
from trainer_tui.runs.history import History
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.state import RunState
from trainer_tui.supervise.metrics import history_of_run
from trainer_tui.supervise.notebook.failed import Failed, same_failure

BROKE: dict[str, str] = {
    "nan-loss": "diverged",
    "cpu-oom": "ran out of memory",
    "cuda-oom": "ran out of GPU memory",
    "disk-full": "ran out of disk space",
    "hang": "hung",
    "crash": "crashed",
    "signal": "was killed",
}
"""What a run did, by the kind of its failure; every other kind `failed`."""

_ENDED: dict[str, str] = {
    "stopped-by-user": "stopped by a user",
    "skipped": "the rest of it was skipped by a user",
    "time-limit": "ended by its time limit",
    "cancelled": "cancelled by the scheduler",
    "preempted": "preempted by the scheduler",
    "lost": "lost, nobody knows how it ended",
}
"""Ends that say nothing about the failure."""

_PLACE = re.compile(r"\b(?:at|in) (epoch|step|row) (\d+(?:\.\d+)?)")
_MOST_NUMBERS = 3


@dataclass(frozen=True, slots=True)
class Place:
    """How far a run came."""

    unit: str
    at: str

    def __str__(self) -> str:
        return f"{self.unit} {self.at}"


def place_of(run: RunFolder, incident: Incident | None, history: History | None = None) -> Place | None:
    """Where a run broke, or how far it came; None where nothing says so."""
    if incident is not None and incident.source == "history":
        found = _PLACE.search(incident.message)
        if found:
            return Place(found[1], found[2])
    known = history if history is not None else history_of_run(run)
    if known is None or not known.rows:
        return None
    last = next((step for step in reversed(known.steps()) if math.isfinite(step)), float(known.rows))
    return Place(known.step_column or "row", f"{last:g}")


def numbers_of(run: RunFolder, history: History | None, main_metric: str) -> dict[str, float]:
    """The numbers that say how good a run is: its main metric and validation metrics, else its results."""
    found: dict[str, float] = {}
    if history is not None:
        names = [main_metric, *(n for n in history.metrics() if n.startswith("val")), *history.metrics()]
        for name in dict.fromkeys(names):
            value = history.last(name)
            if value is not None and not (found and not name.startswith("val")):
                found[name] = value
    if not found:
        found = {n: v for n, v in read_results(run.results).items() if isinstance(v, float)}
        found = {n: v for n, v in found.items() if math.isfinite(v) and n != "rows"}
    return dict(list(found.items())[:_MOST_NUMBERS])


def result_of(
    run: RunFolder, state: RunState, history: History | None, main_metric: str, failed: Failed
) -> str:
    """What an ended run came to, held against the failure that it was to mend; with its name and duration."""
    sentence = _sentence(run, state, history, main_metric, failed)
    took = f", {duration_text(state.duration_s)}" if state.duration_s is not None else ""
    return f"{sentence} ({code(run.name)}{took})"


def fate_of(state: RunState) -> str:
    """`converged`, `passed`, `diverged`, `failed`: one word for how a run ended."""
    if state.passed:
        settled = any(g.name == "converged" and g.state == "passed" for g in state.gates)
        return "converged" if settled else "passed"
    if state.failure is not None and state.reason not in _ENDED:
        return BROKE.get(state.failure.kind, "failed")
    return _ENDED.get(state.reason, "failed")


def _sentence(
    run: RunFolder, state: RunState, history: History | None, main_metric: str, failed: Failed
) -> str:
    failure = state.failure
    place = place_of(run, failure if not state.passed else None, history)
    at = f" at {place}" if place else ""
    if state.passed:
        numbers = numbers_of(run, history, main_metric)
        said = "".join(f", {one_line(name, 60)} {value:.4g}" for name, value in numbers.items())
        return f"{fate_of(state)}{at}{said}"
    if state.reason in _ENDED:
        return f"{_ENDED[state.reason]}{at}, which shows nothing yet"
    if state.reason == "gate-failed" or failure is None:
        return f"did not fail in this way, but did not pass{at}: {code(state.sentence)}"
    message = "" if failure.kind == "nan-loss" else f": {code(failure.message)}"
    if same_failure(failed.incident, failure):
        before = place_of(failed.run, failed.incident)
        instead = f" instead of {before.at}" if before and place and before.unit == place.unit else ""
        same = f"{f', {place}' if place else ''}{instead}" if instead else at
        if place and before == place:
            same = f", at {place} again"
        return f"still {fate_of(state)}{same}{message}"
    elsewhere = state.diary[0][0] if state.diary else None
    see = f", see entry #{elsewhere}" if elsewhere not in (None, failed.entry) else ""
    fate = fate_of(state)
    return f"failed otherwise{'' if fate == 'failed' else f', {fate}'}{at}{message}{see}"
