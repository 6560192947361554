"""Tuning: trials on train rows, measured on validation rows; the choice; the model that the choice stands
for."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Collection
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from trainer_tui.training.algorithms import ALGORITHMS, Algorithm, chosen, scale_of
from trainer_tui.training.algorithms.spaces import Space, parse, to_plain
from trainer_tui.training.errors import DataLeakageError, HyperparameterTuningError
from trainer_tui.training.preprocess import make_preprocessor
from trainer_tui.training.splits.split import PARTS
from trainer_tui.training.tuning import matrices, storage
from trainer_tui.training.tuning.choosing import choice
from trainer_tui.training.tuning.records import TrialRecord, Tuned
from trainer_tui.training.tuning.runners import Here, Worker, side_by_side
from trainer_tui.training.tuning.scoring import scoring
from trainer_tui.training.tuning.search import Search, cores, kept_rows, pruner

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Dataset
    from trainer_tui.training.records import ModelCandidate
    from trainer_tui.training.spec import TrainSpec
    from trainer_tui.training.splits.split import Split

Rows = npt.NDArray[np.intp]

MANY_CELLS = 500_000
"""Train rows times columns from which on more than one thread pays for a fit."""


def tune(
    dataset: Dataset,
    split: Split,
    spec: TrainSpec,
    rows_train: Rows,
    rows_validation: Rows,
    storage_url: str = "",
    on_trial: Callable[[TrialRecord], None] = lambda record: None,
    *,
    candidate: ModelCandidate | None = None,
    known: Collection[int] = (),
    ensemble: bool = True,
) -> Tuned:
    """Searches for the algorithm and hyperparameters that do best on validation.

    rows_train, rows_validation: positions in the dataset. storage_url: as `storage.open_storage`; a search
    that was killed goes on there. on_trial: called for each trial that ended, one at a time, those of before
    a restart first; `known`: numbers it was told already. candidate: one algorithm with its own space and
    defaults, instead of those of the table. With one worker and no limit of time the same seed gives the same
    trials, bit for bit, also across a restart; with more workers or a limit of time it does not. Raises
    HyperparameterTuningError: no trial came to a result, a space or an algorithm is not possible;
    DataLeakageError: the rows are not of their parts.
    """
    _check_rows(split, rows_train, rows_validation)
    measure = scoring(spec.metric, dataset.task, len(dataset.classes))
    algorithms, spaces, defaults = _asked(dataset, spec, len(rows_train), candidate)
    data = matrices.prepare(dataset, rows_train, rows_validation, (a.scale for a in algorithms))
    asked = {
        "data": dataset.fingerprint,
        "split": split.split_id,
        "rows": [len(rows_train), len(rows_validation), int(rows_train.sum()), int(rows_validation.sum())],
        "metric": measure.metric,
        "seed": spec.seed,
        "spaces": {name: to_plain(space) for name, space in spaces.items()},
        "defaults": defaults,
    }
    with storage.quiet():
        import optuna

        study = optuna.create_study(
            storage=storage.open_storage(storage_url),
            study_name=storage.name_of(asked),
            direction=measure.direction,
            pruner=pruner(len(algorithms)),
            load_if_exists=True,
        )
        storage.take(study)
        try:
            storage.recover(study)
            search = Search(
                study,
                algorithms,
                spaces,
                defaults,
                measure,
                spec.seed,
                spec.trials,
                None,
                on_trial,
                kept_rows(len(rows_validation), len(dataset.classes), spec.seed),
            )
            before = search.records()
            for record in before:
                if record.number not in known:
                    on_trial(record)
            if spec.tuning_s is not None:
                spent = sum(record.seconds for record in before) / max(1, spec.workers)
                search.deadline = time.monotonic() + spec.tuning_s - spent
            _work(search, data, spec)
            return choice(search, data, ensemble)
        finally:
            storage.release(study)


def refit(
    dataset: Dataset, rows: Rows, algorithm: str, params: dict[str, Any], seed: int = 0, workers: int = 1
) -> tuple[Any, Any]:
    """Preprocessor and model, both fitted on these rows: on the train rows, with the search's seed and
    workers, the very model that the search measured. Raises what the algorithm raises."""
    from threadpoolctl import threadpool_limits

    preprocessor = make_preprocessor(dataset, scale_of(algorithm, params))
    y = dataset.y.to_numpy()[rows]
    X = preprocessor.fit_transform(dataset.X.iloc[rows], y)
    threads = threads_for(X.size, workers)
    with threadpool_limits(threads):
        model = ALGORITHMS[algorithm].make(params, dataset.task, seed, dataset.classes, threads)
        return preprocessor, model.fit(X, y)


def threads_for(cells: int, workers: int) -> int:
    """Threads of one fit: one for small tables, where more only wait for each other; else its share of the
    cores."""
    return 1 if cells < MANY_CELLS else max(1, cores() // max(1, workers))


def _check_rows(split: Split, rows_train: Rows, rows_validation: Rows) -> None:
    for part, rows in (("train", rows_train), ("validation", rows_validation)):
        if not len(rows):
            raise HyperparameterTuningError(f"There is no {part} row to tune on: take more data.")
        if bool((split.codes[rows] != PARTS.index(part)).any()):
            raise DataLeakageError(
                f"Rows of another part of the split were given to the search as {part} rows."
            )


def _asked(
    dataset: Dataset, spec: TrainSpec, rows: int, candidate: ModelCandidate | None
) -> tuple[tuple[Algorithm, ...], dict[str, Space], dict[str, dict[str, Any]]]:
    names = spec.algorithms
    own = candidate is not None and candidate.algorithm_name not in ("", "auto")
    if candidate is not None and own:
        names = (candidate.algorithm_name,)
    elif candidate is not None and candidate.hyperparameter_space:
        raise HyperparameterTuningError(
            "A search space of one's own belongs to one algorithm: name it instead of `auto`."
        )
    algorithms = chosen(names, dataset.task, rows)
    spaces = {a.name: a.space_for(dataset.task) for a in algorithms}
    defaults = {a.name: a.defaults_for(dataset.task) for a in algorithms}
    if candidate is not None and own:
        name = algorithms[0].name
        defaults[name] |= candidate.default_hyperparameters
        if candidate.hyperparameter_space:
            spaces[name] = parse(candidate.hyperparameter_space, name)
    # A default that only goes with another choice would come along with every choice.
    for name, space in spaces.items():
        defaults[name] = {
            key: value for key, value in defaults[name].items() if key not in space or not space[key].when
        }
    return algorithms, spaces, defaults


def _work(search: Search, data: matrices.Matrices, spec: TrainSpec) -> None:
    threads = threads_for(data.cells, spec.workers)
    if spec.workers <= 1 and search.deadline is None:
        search.work(Here(data, search.scoring, spec.seed, threads))
        return
    # A trial in another process can be ended when the time is over.
    with tempfile.TemporaryDirectory(prefix="trainer-tui-tuning-") as name:
        folder = Path(name)
        matrices.save(data, folder)
        settings = {"scoring": asdict(search.scoring), "seed": spec.seed}
        side_by_side(
            search, [Worker(k, folder, settings, threads) for k in range(1, max(1, spec.workers) + 1)]
        )
