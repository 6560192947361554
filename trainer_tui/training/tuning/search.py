"""The search: asks for a trial, has it run, tells what came of it. One process writes the storage, whoever
runs the trials.

The sampler is seeded anew for each trial, by the seed and by how many trials there were: a study that was
killed and goes on asks what it would have asked. Source: Bergstra et al. 2011 (TPE), Falkner et al. 2018
(multivariate); Optuna's manual.
"""

from __future__ import annotations

import base64
import os
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from trainer_tui.training.algorithms import Algorithm
from trainer_tui.training.algorithms.spaces import Space, fixed, suggest
from trainer_tui.training.tuning import plan
from trainer_tui.training.tuning.evaluating import OnStep, Outcome
from trainer_tui.training.tuning.records import TrialRecord, TrialState
from trainer_tui.training.tuning.scoring import Scoring
from trainer_tui.training.tuning.storage import KILLED, RETRY_OF, kill

RECORD = "record"
SCORES = "scores"
KEPT_SCORES = 20_000
"""Scores of the validation rows kept with a trial, from which an ensemble is chosen; of more rows a fixed
part is kept."""
OVER = "the time for tuning is over"
RETRIES = 1
"""How often a trial is repeated whose worker died; then it has failed."""


class Runner(Protocol):
    """Runs trials, here or in another process. Raises WorkerDied."""

    name: str

    def run(self, algorithm: str, params: dict[str, Any], on_step: OnStep) -> Outcome:
        """One trial."""
        ...


class WorkerDied(Exception):
    """The process of a trial ended before it did; the text says how."""


@dataclass(slots=True)
class Search:
    """A study and its rules."""

    study: Any
    algorithms: tuple[Algorithm, ...]
    spaces: dict[str, Space]
    defaults: dict[str, dict[str, Any]]
    scoring: Scoring
    seed: int
    budget: int
    """Trials that count: all but the killed ones."""
    deadline: float | None
    """On the monotonic clock; none begins after it."""
    on_trial: Callable[[TrialRecord], None]
    kept: npt.NDArray[np.intp]
    """Positions among the validation rows whose scores are kept."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def work(self, runner: Runner) -> None:
        """Trial after trial until the budget or the time is spent."""
        while (trial := self._ask(runner.name)) is not None:
            self._run(trial, runner)

    def over(self) -> bool:
        """Whether the time is spent."""
        return self.deadline is not None and time.monotonic() >= self.deadline

    def left(self) -> float | None:
        """Seconds until then; None: there is no limit."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def _ask(self, worker: str) -> Any:
        with self.lock:
            trials = self.study.get_trials(deepcopy=False)
            index = sum(_counts(trial) for trial in trials)
            if index >= self.budget or self.over():
                return None
            waiting = any(trial.state.name == "WAITING" for trial in trials)
            if not waiting:
                start = self._start(index, trials)
                if start is None:
                    return None
                self.study.enqueue_trial(start)
            self.study.sampler = _sampler(self.seed, index)
            trial = self.study.ask()
            name = trial.suggest_categorical("algorithm", [a.name for a in self.algorithms])
            params = {**self.defaults[name], **suggest(trial, self.spaces[name], f"{name}.")}
            trial.set_user_attr(
                RECORD,
                {"algorithm": name, "params": params, "worker": worker, "started": _now(), "index": index},
            )
            return trial

    def _start(self, index: int, trials: list[Any]) -> dict[str, Any] | None:
        """What is fixed of the next trial: the algorithm, and in its first trial the defaults."""
        position = plan.first_trial(index, [a.cost for a in self.algorithms])
        if position is not None:
            name = self.algorithms[position].name
            return {"algorithm": name, **fixed(self.spaces[name], self.defaults[name], f"{name}.")}
        chosen = plan.by_rank(self._standings(trials), self.seed, index)
        return None if chosen is None else {"algorithm": chosen}

    def _standings(self, trials: list[Any]) -> dict[str, plan.Standing]:
        found: dict[str, plan.Standing] = {}
        for algorithm in self.algorithms:
            own = [
                t.user_attrs[RECORD]
                for t in trials
                if _counts(t) and t.user_attrs.get(RECORD, {}).get("algorithm") == algorithm.name
            ]
            keys = [
                self.scoring.key(r["value"], _number(r["tie"])) for r in own if r.get("value") is not None
            ]
            found[algorithm.name] = plan.Standing(
                max(keys, default=None), len(own), bool(self.spaces[algorithm.name])
            )
        return found

    def _run(self, trial: Any, runner: Runner) -> None:
        record = trial.user_attrs[RECORD]

        def on_step(percent: int, value: float) -> str:
            if self.over():
                return OVER
            with self.lock:
                trial.report(value, percent)
                return "it is below the median of the trials before it" if trial.should_prune() else ""

        try:
            outcome = runner.run(record["algorithm"], record["params"], on_step)
        except WorkerDied as error:
            self._died(trial, str(error))
            return
        with self.lock:
            self._tell(trial, outcome)
            self.on_trial(self.record_of(self.study.get_trials(deepcopy=False)[trial.number]))

    def _died(self, trial: Any, how: str) -> None:
        """The trial is repeated once, by whoever asks next; when the time is over it was ended for that."""
        with self.lock:
            trials = self.study.get_trials(deepcopy=False)
            again, number = 0, trial.number
            while (number := trials[number].user_attrs.get(RETRY_OF)) is not None:
                again += 1
            if self.over():
                self._tell(trial, Outcome(given_up=True, reason=OVER))
            elif again >= RETRIES:
                self._tell(trial, Outcome(reason=how))
            else:
                self.study.enqueue_trial(
                    dict(trials[trial.number].params), user_attrs={RETRY_OF: trial.number}
                )
                kill(self.study, trial.number)
            self.on_trial(self.record_of(self.study.get_trials(deepcopy=False)[trial.number]))

    def _tell(self, trial: Any, outcome: Outcome) -> None:
        from optuna.trial import TrialState as State

        record = trial.user_attrs[RECORD] | {
            "seconds": outcome.seconds,
            "reason": outcome.reason,
            "value": outcome.value,
            "tie": None if np.isnan(outcome.tie) else outcome.tie,
        }
        if outcome.value is None:
            trial.set_user_attr(RECORD, record)
            self.study.tell(trial, state=State.PRUNED if outcome.given_up else State.FAIL)
            return
        if outcome.scores is not None:
            trial.set_user_attr(SCORES, packed(outcome.scores[self.kept]))
        trial.set_user_attr(RECORD, record)
        self.study.tell(trial, outcome.value)

    def record_of(self, trial: Any) -> TrialRecord:
        """The record of a trial that has ended."""
        known = trial.user_attrs.get(RECORD, {})
        killed = bool(trial.user_attrs.get(KILLED))
        state: TrialState = "killed" if killed else _STATES[trial.state.name]
        return TrialRecord(
            number=trial.number,
            state=state,
            value=known.get("value") if state == "complete" else None,
            algorithm=known.get("algorithm", ""),
            params=known.get("params", {}),
            seconds=known.get("seconds", 0.0),
            started=known.get("started", ""),
            worker=known.get("worker", ""),
            steps=dict(trial.intermediate_values),
            reason="its process ended; a later trial repeats it" if killed else known.get("reason", ""),
        )

    def records(self) -> list[TrialRecord]:
        """All trials that have ended, by number."""
        trials = self.study.get_trials(deepcopy=False)
        return [self.record_of(trial) for trial in trials if trial.state.name in _STATES]


_STATES: dict[str, TrialState] = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}


def _counts(trial: Any) -> bool:
    return trial.state.name != "WAITING" and not trial.user_attrs.get(KILLED)


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _sampler(seed: int, index: int) -> Any:
    from optuna.samplers import TPESampler

    mixed = int(np.random.SeedSequence([seed, index]).generate_state(1)[0])
    return TPESampler(seed=mixed, multivariate=True, group=True, constant_liar=True, n_startup_trials=5)


def pruner(first: int) -> Any:
    """The median rule, once `first` trials (every algorithm's defaults) are complete."""
    from optuna.pruners import MedianPruner

    return MedianPruner(n_startup_trials=first, n_warmup_steps=10, n_min_trials=5)


def kept_rows(rows: int, classes: int, seed: int) -> npt.NDArray[np.intp]:
    """Positions of the validation rows whose scores are kept: all, or as many as `KEPT_SCORES` allows, drawn
    once."""
    most = KEPT_SCORES // max(1, classes if classes > 2 else 1)
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).permutation(rows)[:most])


def packed(scores: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Scores as text for a storage, in float32."""
    data = zlib.compress(np.ascontiguousarray(scores, dtype=np.float32).tobytes(), 1)
    return {"shape": list(scores.shape), "data": base64.b64encode(data).decode()}


def unpacked(text: dict[str, Any]) -> npt.NDArray[np.float64]:
    """What `packed` kept."""
    data = zlib.decompress(base64.b64decode(text["data"]))
    return np.frombuffer(data, dtype=np.float32).astype(np.float64).reshape(text["shape"])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
