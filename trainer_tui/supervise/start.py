"""Starting a watch, and taking one over whose supervisor is gone."""

from __future__ import annotations

import os

from trainer_tui.runs.events import read_events
from trainer_tui.runs.files import is_locked, try_lock
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.plan import WatchPlan
from trainer_tui.runs.state import first_state, fold
from trainer_tui.supervise.chain import newest_run, next_step
from trainer_tui.supervise.launch import prepare_run
from trainer_tui.supervise.launchers import local


def start_watch(model: ModelFolder, plan: WatchPlan) -> RunFolder | None:
    """Begin a watch and return its first run; None when this model is being watched already.

    The first run's folder is made under the supervisor's lock, which is handed to the supervisor itself: of
    two that start at once exactly one wins, and there is no moment in between.
    """
    model.path.mkdir(parents=True, exist_ok=True)
    lock = try_lock(model.supervisor_lock)
    if lock is None:
        return None
    try:
        if _unfinished(model):
            local.start(model, lock)  # a run whose supervisor is gone comes first
            return None
        run = prepare_run(model, plan, plan.phases[0])
        local.start(model, lock)
        return run
    finally:
        os.close(lock)


def revive(model: ModelFolder) -> bool:
    """Start a supervisor for an unfinished watch that has none; False when there is nothing to take over."""
    if is_locked(model.supervisor_lock):
        return False
    lock = try_lock(model.supervisor_lock)
    if lock is None:
        return False
    try:
        if not _unfinished(model):
            return False
        local.start(model, lock)
        return True
    finally:
        os.close(lock)


def retry(model: ModelFolder, plan: WatchPlan | None = None) -> RunFolder | None:
    """Begin the next attempt at what the newest run tried; None when there is none or it is watched.

    `plan`: the settings as they are now; None repeats those of the newest run.
    """
    newest = newest_run(model)
    asked = plan if plan is not None else newest[1].plan if newest is not None else None
    return start_watch(model, asked) if asked is not None else None


def is_unfinished(model: ModelFolder) -> bool:
    """Whether the newest watch still has something to do or to judge."""
    return bool(is_locked(model.supervisor_lock)) or _unfinished(model)


def _unfinished(model: ModelFolder) -> bool:
    newest = newest_run(model)
    if newest is None:
        return False
    run, request = newest
    state = first_state(run, request)
    for event in read_events(run.events):
        state = fold(state, event)
    return not state.over or next_step(model, request, state) is not None
