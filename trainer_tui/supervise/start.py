"""Starting a watch, and taking one over whose supervisor is gone."""

from __future__ import annotations

import os

from trainer_tui.runs.events import read_events
from trainer_tui.runs.files import is_locked, try_lock
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.plain import make_folders
from trainer_tui.runs.plan import WatchPlan
from trainer_tui.runs.schema import NewerVersionError, is_newer, told_as_newer
from trainer_tui.runs.state import first_state, fold
from trainer_tui.supervise.chain import newest_run, next_step, owed_decision
from trainer_tui.supervise.launch import prepare_run, user_name
from trainer_tui.supervise.launchers import local
from trainer_tui.supervise.revival import NotOursError


def start_watch(model: ModelFolder, plan: WatchPlan) -> RunFolder | None:
    """Begin a watch and return its first run; None when this model is being watched already.

    The first run's folder is made under the supervisor's lock, which is handed to the supervisor itself: of
    two that start at once exactly one wins, and there is no moment in between.
    Raises NewerVersionError where a newer version's run is not over, OSError when the disk refuses.
    """
    make_folders(model.path)
    lock = try_lock(model.supervisor_lock)
    if lock is None:
        return None
    try:
        refuse_newer(model)
        if _unfinished(model):
            if _is_ours(model):
                local.start(model, lock)  # a run whose supervisor is gone comes first
            return None
        run = prepare_run(model, plan, plan.phases[0])
        local.start(model, lock)
        return run
    finally:
        os.close(lock)


def revive(model: ModelFolder, *, asked: bool = False) -> bool:
    """Start a supervisor for an unfinished watch that has none; False when there is nothing to take over.

    A supervisor runs what `run.json` says. So a watch that somebody else began, or that began in another
    place (a copy, a cloned repository), is taken over only where the user has `asked` for just that.
    Raises NewerVersionError for a newer version's run, OSError when the disk refuses.
    """
    if is_locked(model.supervisor_lock):
        return False
    lock = try_lock(model.supervisor_lock)
    if lock is None:
        return False
    try:
        refuse_newer(model)
        if not _unfinished(model) or not (asked or _is_ours(model)):
            return False
        local.start(model, lock)
        return True
    finally:
        os.close(lock)


def come_back(model: ModelFolder) -> bool:
    """`revive` for a view. Raises NotOursError where an unfinished watch waits for a user who asks for it."""
    if revive(model):
        return True
    if not is_locked(model.supervisor_lock) and _unfinished(model) and not _is_ours(model):
        raise NotOursError(
            "somebody else began it, or it began in another place; "
            f"`trainer-tui supervise {model.name}` takes it over"
        )
    return False


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


def _is_ours(model: ModelFolder) -> bool:
    newest = newest_run(model)
    if newest is None:
        return False
    run, request = newest
    began_at = request.env.get("TRAINER_RUN_DIR", "")
    return request.user == user_name() and os.path.realpath(began_at) == os.path.realpath(run.path)


def _unfinished(model: ModelFolder) -> bool:
    run = model.newest()
    if run is None:
        return False
    request = run.request()
    state = first_state(run, request)
    for event in read_events(run.events):
        state = fold(state, event)
    if request is None or is_newer(request.schema):
        return not state.over  # what follows is written in a plan that we may not understand
    if not state.over or next_step(model, request, state) is not None:
        return True
    return owed_decision(model, request, state) is not None


def refuse_newer(model: ModelFolder) -> None:
    """Raise NewerVersionError where the newest run is not over and only a newer version may carry it on."""
    run = model.newest()
    version = run.version() if run is not None else None
    if run is not None and version is not None and is_newer(version) and _unfinished(model):
        raise NewerVersionError(
            f"{run.name} is not over and was {told_as_newer(version)}; "
            "supervise it with that version, this one could misread its plan"
        )
