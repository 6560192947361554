"""The chain of a watch: what follows a run that has ended.

A pure question to the run folders, so that a supervisor that has just taken over comes to the same answer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from trainer_tui.runs.files import read_json
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.plan import Phase, RunRequest
from trainer_tui.runs.state import RunState, observe
from trainer_tui.supervise.metrics import history_of_run
from trainer_tui.supervise.restart import Attempt, Decision, decide


@dataclass(frozen=True, slots=True)
class Step:
    """The next run of the watch."""

    phase: Phase
    attempt: int
    wait_s: float = 0.0


def newest_run(model: ModelFolder) -> tuple[RunFolder, RunRequest] | None:
    """The newest run that was asked for; a folder without `run.json` was never finished: nobody's run."""
    for run in model.newest_first():
        request = run.request()
        if request is not None:
            return run, request
    return None


def next_step(model: ModelFolder, request: RunRequest, state: RunState) -> Step | None:
    """What to launch after this ended run; None: the watch is over."""
    plan = request.plan
    if state.called_off:
        return None
    if request.phase == "quick" and state.reason in ("passed", "skipped") and "full" in plan.phases:
        return Step("full", 1)
    decision = restart_decision(model, request, state)
    if decision is not None and decision.restart:
        return Step(request.phase, request.attempt + 1, decision.wait_s)
    return None


def restart_decision(model: ModelFolder, request: RunRequest, state: RunState) -> Decision | None:
    """Whether this ended run is started again; None when nobody asked for restarts or none could help."""
    plan = request.plan
    if plan.restart_max <= 0:
        return None
    runs = [
        run
        for run in model.watch_runs(request.watch)
        if run.phase == request.phase and run.number < request.number
    ]
    attempts = [Attempt(observe(run), progress_of(run, request)) for run in runs]
    latest = model.find(request.number)
    attempts.append(Attempt(state, progress_of(latest, request) if latest is not None else 0.0))
    return decide(attempts, plan.restart_max, plan.restart_backoff_s)


def owed_decision(model: ModelFolder, request: RunRequest, state: RunState) -> Decision | None:
    """The decision about an ended run that nobody has told yet: whoever was to may have been killed."""
    if request.plan.restart_max <= 0 or state.restart_told:
        return None
    return restart_decision(model, request, state)


def progress_of(run: RunFolder, request: RunRequest) -> float:
    """How far a run came: the largest step in its history or its progress file, or the number of its rows."""
    reached = [0.0]
    history = history_of_run(run)
    if history is not None:
        reached += [float(history.rows), *filter(math.isfinite, history.steps())]
    done = (read_json(run.progress) or {}).get("done")
    if isinstance(done, int | float) and math.isfinite(done):
        reached.append(float(done))
    return max(reached)
