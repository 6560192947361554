"""A search that was killed goes on, nothing lost or doubled; several processes share the work."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import optuna
import psutil
import pytest

from trainer_tui.training.errors import HyperparameterTuningError
from trainer_tui.training.records import ModelCandidate
from trainer_tui.training.spec import TrainSpec
from trainer_tui.training.tuning import TrialRecord, Tuned, evaluating, runners, tune
from trainer_tui.training.tuning.search import Search

_spec = importlib.util.spec_from_file_location("training_tables", Path(__file__).with_name("tables.py"))
assert _spec and _spec.loader
tables = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tables)

TRIALS = 7
NAMES = ("ridge", "lasso", "knn")
KILLED = """
import os, signal, sys
sys.path.insert(0, {folder!r})
import tables
from trainer_tui.training.spec import TrainSpec
from trainer_tui.training.tuning import evaluating, runners, tune
real, calls = evaluating.fit, []
def fit(*given):
    calls.append(1)
    if len(calls) == {at}:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*given)
evaluating.fit = fit
X, y = tables.blobs("regression", rows=160)
data, split = tables.dataset(X, y, "regression"), tables.split(160)
spec = TrainSpec("x", "x", trials={trials}, algorithms={names!r})
tune(data, split, spec, split.positions("train"), split.positions("validation"), {url!r},
     lambda r: print(r.number, flush=True))
"""


def search(
    url: str = "", workers: int = 1, trials: int = TRIALS, tuning_s: float | None = None, **given: Any
) -> Tuned:
    X, y = tables.blobs("regression", rows=160)
    data, split = tables.dataset(X, y, "regression"), tables.split(160)
    spec = TrainSpec("x", "x", trials=trials, algorithms=NAMES, workers=workers, tuning_s=tuning_s)
    return tune(data, split, spec, split.positions("train"), split.positions("validation"), url, **given)


def plain(records: Any) -> list[tuple[Any, ...]]:
    return [(r.algorithm, r.params, r.value, r.state) for r in records if r.state != "killed"]


def killed_at(url: str, at: int) -> list[int]:
    """A search of another process that is killed in the middle of a trial; the numbers that it told."""
    script = KILLED.format(folder=str(Path(__file__).parent), at=at, trials=TRIALS, names=NAMES, url=url)
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert said.returncode == -signal.SIGKILL, said.stderr
    return [int(line) for line in said.stdout.split()]


def test_a_killed_search_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'trials.db'}"
    told = killed_at(url, at=6)
    assert told == [0, 1, 2, 3, 4]
    later: list[TrialRecord] = []
    found = search(url, on_trial=later.append, known=told)
    whole = search()
    assert plain(found.trials) == plain(whole.trials)
    assert found.params == whole.params and found.value == whole.value
    states = [r.state for r in found.trials]
    assert states.count("killed") == 1 and states[5] == "killed"
    assert [*told, *(r.number for r in later)] == [r.number for r in found.trials] == list(range(TRIALS + 1))


def test_a_search_that_is_over_begins_nothing_and_tells_what_was_not_told(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'trials.db'}"
    first = search(url)
    again: list[TrialRecord] = []
    assert search(url, on_trial=again.append, known=range(5)) == first
    assert [r.number for r in again] == [5, 6]


def test_another_search_in_the_same_storage_is_another_study(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'trials.db'}"
    search(url, trials=3)
    X, y = tables.blobs("regression", rows=160)
    data, split = tables.dataset(X, y, "regression"), tables.split(160)
    spec = TrainSpec("x", "x", trials=3, algorithms=NAMES, metric="mae")
    found = tune(data, split, spec, split.positions("train"), split.positions("validation"), url)
    assert len(found.trials) == 3 and found.metric == "mae"
    assert len(optuna.get_all_study_names(url)) == 2


def test_a_storage_that_somebody_uses_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'trials.db'}"
    parent = psutil.Process(os.getppid())

    def interrupted(*_given: Any) -> None:
        study = optuna.load_study(study_name=optuna.get_all_study_names(url)[0], storage=url)
        from trainer_tui.runs.process import start_time

        owner = study.user_attrs["owner"]
        study.set_user_attr("owner", owner | {"pid": parent.pid, "start": start_time(parent.pid)})
        with pytest.raises(HyperparameterTuningError, match=f"Process {parent.pid} is tuning the same"):
            search(url)

    search(url, trials=1, on_trial=interrupted)


def test_a_storage_that_cannot_be_opened_is_said_without_its_password() -> None:
    with pytest.raises(HyperparameterTuningError) as caught:
        search("sqlite:////no/such/folder/trials.db")
    assert "/no/such/folder" in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(HyperparameterTuningError) as caught:
        search("nodatabase://ada:secret@host/trials")
    assert "secret" not in str(caught.value)


def test_workers_share_the_budget_and_one_that_is_killed_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'trials.db'}"
    told: list[TrialRecord] = []
    send, sent = runners.Worker._send, []

    def kill_the_first(worker: Any, message: dict[str, Any]) -> None:
        if "algorithm" in message:
            sent.append(message)
            if len(sent) == 1:
                worker._process.kill()
                worker._process.wait()
        send(worker, message)

    monkeypatch.setattr(runners.Worker, "_send", kill_the_first)
    found = search(url, workers=2, on_trial=told.append)
    states = [r.state for r in found.trials]
    assert states.count("killed") == 1 and states.count("complete") == TRIALS
    assert sorted(r.number for r in told) == list(range(TRIALS + 1))
    repeated = [r for r in found.trials if r.params == found.trials[states.index("killed")].params]
    assert [r.state for r in repeated].count("complete") >= 1
    assert {r.worker for r in found.trials} <= {"1", "2"}
    assert not [p for p in psutil.Process().children() if "tuning.worker" in " ".join(p.cmdline())]


def test_a_trial_that_runs_when_the_time_is_over_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    send, endless = runners.Worker._send, threading.Event()

    def note(worker: Any, message: dict[str, Any]) -> None:
        send(worker, message)
        if message.get("params", {}).get("n_estimators") == 10**7:
            endless.set()

    def left(search: Search) -> float:
        endless.wait()
        search.deadline = time.monotonic()
        return 0.0

    monkeypatch.setattr(runners.Worker, "_send", note)
    monkeypatch.setattr(Search, "left", left)
    candidate = ModelCandidate("m", "random_forest", {"n_estimators": [10, 10**7]}, {"n_estimators": 10})
    found = search(trials=40, tuning_s=1e6, candidate=candidate)
    last = found.trials[-1]
    assert last.state == "pruned" and last.params["n_estimators"] == 10**7 and "time" in last.reason
    assert found.params["n_estimators"] == 10 and len(found.trials) < 40


def test_a_trial_that_kills_its_worker_twice_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    send = runners.Worker._send

    def kill(worker: Any, message: dict[str, Any]) -> None:
        if "algorithm" in message:
            worker._process.kill()
            worker._process.wait()
        send(worker, message)

    monkeypatch.setattr(runners.Worker, "_send", kill)
    told: list[TrialRecord] = []
    with pytest.raises(HyperparameterTuningError, match="SIGKILL"):
        search(trials=1, tuning_s=1e6, on_trial=told.append)
    assert [r.state for r in told] == ["killed", "failed"]
    assert told[0].params == told[1].params


def test_an_interruption_leaves_a_search_that_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"journal:{tmp_path / 'trials.log'}"
    real, calls = evaluating.fit, []

    def fit(*given: Any) -> Any:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(evaluating, "fit", fit)
    with pytest.raises(KeyboardInterrupt):
        search(url)
    assert plain(search(url).trials) == plain(search().trials)


def test_a_worker_ends_with_its_parent() -> None:
    """Its input stays open here: only the look at its parent can end it."""
    script = """
import os, subprocess, sys
command = [sys.executable, "-m", "trainer_tui.training.tuning.worker", "nowhere", str(os.getpid())]
print(subprocess.Popen(command).pid, flush=True)
sys.stdin.read(1)
os.abort()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdin is not None and parent.stdout is not None
        worker = psutil.Process(int(parent.stdout.readline()))
        assert worker.is_running()
        parent.kill()
        parent.wait()
        psutil.wait_procs([worker], timeout=60)
        assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE
