"""Where the trials of a search are kept, so that a killed one goes on: in memory, in SQLite or any database,
in a journal."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trainer_tui.runs.process import boot_id, host_name, start_time
from trainer_tui.training.errors import HyperparameterTuningError

BUSY_S = 60
"""Seconds for which SQLite waits for another process."""
OWNER = "owner"
KILLED = "killed"
RETRY_OF = "retry_of"


@contextmanager
def quiet() -> Iterator[None]:
    """Optuna says nothing below an error while this lasts."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)


def open_storage(url: str) -> Any:
    """`` in memory, `journal:PATH` a file appended to, anything else a database URL (`sqlite:///PATH`).

    Raises HyperparameterTuningError when it cannot be opened.
    """
    import optuna
    from optuna.storages.journal import JournalFileBackend

    try:
        if not url:
            return optuna.storages.InMemoryStorage()
        if url.startswith("journal:"):
            return optuna.storages.JournalStorage(JournalFileBackend(url.removeprefix("journal:")))
        wait = {"connect_args": {"timeout": BUSY_S}} if url.startswith("sqlite") else {}
        return optuna.storages.RDBStorage(url, engine_kwargs=wait)
    except Exception as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise HyperparameterTuningError(
            f"The trials cannot be kept in {_without_password(url)} ({first}): name a folder that can be "
            "written to, or a database that answers."
        ) from error


def _without_password(url: str) -> str:
    head, at, tail = url.rpartition("@")
    return f"{head.partition('://')[0]}://…@{tail}" if at else url


def name_of(asked: dict[str, Any]) -> str:
    """A study's name: one for each different search, so that trials of another data set or metric are never
    mixed in."""
    return (
        "tuning-" + hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()[:16]
    )


def take(study: Any) -> None:
    """Makes this process the one that runs the study. Raises HyperparameterTuningError while another one
    lives."""
    owner = study.user_attrs.get(OWNER)
    me = {"host": host_name(), "boot": boot_id(), "pid": os.getpid(), "start": start_time(os.getpid())}
    if owner and owner != me and _lives(owner):
        raise HyperparameterTuningError(
            f"Process {owner['pid']} is tuning the same thing in the same storage: wait for it, or stop it."
        )
    study.set_user_attr(OWNER, me)


def release(study: Any) -> None:
    """Nobody runs it any more."""
    study.set_user_attr(OWNER, None)


def _lives(owner: dict[str, Any]) -> bool:
    """Of another machine nothing can be seen; the run folder's lock is what keeps two apart there."""
    if owner["host"] != host_name() or owner["boot"] != boot_id():
        return False
    return start_time(owner["pid"]) == owner["start"] and owner["start"] is not None


def recover(study: Any) -> list[int]:
    """Trials left running by a process that ended are marked as killed, and asked for once more. Returns
    their numbers."""
    from optuna.trial import TrialState

    trials = study.get_trials(deepcopy=False)
    running = [trial for trial in trials if trial.state == TrialState.RUNNING]
    repeated = {trial.user_attrs.get(RETRY_OF) for trial in trials}
    for trial in running:
        if trial.number not in repeated:
            study.enqueue_trial(dict(trial.params), user_attrs={RETRY_OF: trial.number})
        kill(study, trial.number)
    return [trial.number for trial in running]


def kill(study: Any, number: int) -> None:
    """Marks a running trial as killed: it counts for nothing."""
    from optuna.trial import TrialState

    trial = study.get_trials(deepcopy=False)[number]
    study._storage.set_trial_user_attr(trial._trial_id, KILLED, True)
    study.tell(number, state=TrialState.FAIL)
