"""The environment of a watch: all its runs see the one in which it was started, whoever supervises them.

It is kept in `environment.json`, readable by its owner alone. What looks like a secret is not written down;
that comes from the environment of whoever supervises.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from trainer_tui.runs.files import read_json, replace_json
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.plain import PRIVATE_MODE
from trainer_tui.runs.plan import RunRequest
from trainer_tui.runs.secrets import is_secret, secrets_of
from trainer_tui.supervise.launchers.local import SCRIPT_VARIABLES

_FILE = "environment.json"
_OF_SCHEDULERS = ("SLURM_JOB_", "PBS_JOBID", "LSB_JOBID")


def keep(model: ModelFolder, run: RunFolder, watch: int | None) -> None:
    """Write down the environment of a new run: ours for the first of a watch (None), else that of the watch.

    Raises OSError when the disk refuses.
    """
    of_watch = None if watch is None else _of_watch(model, watch, run)
    replace_json(run.path / _FILE, ours() if of_watch is None else of_watch, mode=PRIVATE_MODE)


def ours() -> dict[str, str]:
    """Our own environment, without what is never written down."""
    return {name: value for name, value in os.environ.items() if not _is_left_out(name, value)}


def recorded(run: RunFolder) -> dict[str, str]:
    """The environment that was kept of a run; empty where none can be read."""
    return _read(run) or {}


def of_run(run: RunFolder) -> dict[str, str]:
    """The environment for the shim of a run; ours where none was kept, or where we may not read it."""
    living = {name: value for name, value in os.environ.items() if name not in SCRIPT_VARIABLES}
    kept = _read(run)
    if kept is None:
        return living
    return kept | {name: value for name, value in living.items() if _is_left_out(name, value)}


def of_job(run: RunFolder) -> dict[str, str]:
    """What the environment of a run says about the scheduler's job that it is."""
    return {n: v for n, v in (_read(run) or {}).items() if n.startswith(_OF_SCHEDULERS)}


def secrets_of_run(run: RunFolder, request: RunRequest) -> frozenset[str]:
    """The secret values that a run knows: of its environment, its settings and its command."""
    return secrets_of({**of_run(run), **request.plan.env, **request.env}, request.command)


def _of_watch(model: ModelFolder, watch: int, run: RunFolder) -> Mapping[str, str] | None:
    earlier = (other for other in model.watch_runs(watch) if other.number < run.number)
    return next((found for other in earlier if (found := _read(other)) is not None), None)


def _read(run: RunFolder) -> dict[str, str] | None:
    document = read_json(run.path / _FILE)
    if document is None:
        return None
    return {name: value for name, value in document.items() if isinstance(value, str)}


def _is_left_out(name: str, value: str) -> bool:
    if name in SCRIPT_VARIABLES:
        return True
    if is_secret(name, value):
        return True
    # What is not UTF-8 cannot stand in a JSON document.
    return any("\ud800" <= character <= "\udfff" for character in name + value)
