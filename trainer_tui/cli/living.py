"""Whether a watch of a model is going on."""

from __future__ import annotations

import time

from trainer_tui.runs.files import is_locked
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.state import RunState, observe
from trainer_tui.supervise import start
from trainer_tui.supervise.chain import next_step

LEAVES_WITHIN_S = 25.0
"""A supervisor whose watch is over needs a moment to leave."""


def asked(folder: ModelFolder) -> list[RunFolder]:
    """The runs that were asked for: a folder without `run.json` was never finished and is nobody's run."""
    return [run for run in folder.runs() if run.run_json.exists()]


def newest_asked(folder: ModelFolder) -> RunFolder | None:
    """The newest of these; None without one."""
    return next((run for run in folder.newest_first() if run.run_json.exists()), None)


def lives(folder: ModelFolder) -> bool:
    """Whether there is a run to come back to.

    A supervisor that has judged its last run holds the model's lock a moment longer; it is waited for, so
    that what follows neither comes back to a run that is over nor is refused because of it.
    """
    until = time.monotonic() + LEAVES_WITHIN_S
    while start.is_unfinished(folder):
        latest = folder.newest()
        if latest is None or not is_locked(folder.supervisor_lock) or time.monotonic() > until:
            return True
        state = observe(latest)
        if not state.over or follows(folder, latest, state):
            return True
        time.sleep(0.05)
    return False


def follows(folder: ModelFolder, run: RunFolder, state: RunState) -> bool:
    """Whether another run of the same watch comes after this ended one."""
    request = run.request()
    return request is not None and next_step(folder, request, state) is not None
