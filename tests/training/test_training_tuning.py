"""The search: exact budgets, the same bits twice, failures do not end it, the choice can be made again."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainer_tui.training.algorithms.scores import scores_of
from trainer_tui.training.errors import DataLeakageError, HyperparameterTuningError, ModelTrainerError
from trainer_tui.training.evaluation import value
from trainer_tui.training.records import ModelCandidate
from trainer_tui.training.spec import TrainSpec
from trainer_tui.training.tuning import TrialRecord, Tuned, refit, tune
from trainer_tui.training.tuning import plan as planning
from trainer_tui.training.tuning.scoring import scoring
from trainer_tui.training.tuning.selection import Candidate, mean_of, together

_spec = importlib.util.spec_from_file_location("training_tables", Path(__file__).with_name("tables.py"))
assert _spec and _spec.loader
tables = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tables)

QUICK = {"binary": ("logistic_regression", "lda", "knn"), "regression": ("ridge", "lasso", "svm")}


def search(task: Any = "binary", **given: Any) -> Tuned:
    """A search on 160 rows; `given`: of the spec, or of `tune`."""
    X, y = tables.blobs(task, rows=160)
    data, split = tables.dataset(X, y, task), tables.split(160)
    own = {key: given.pop(key) for key in list(given) if key in TrainSpec.__dataclass_fields__}
    spec = TrainSpec("x", "x", **{"trials": 8, "algorithms": QUICK.get(task, ("lda", "knn")), **own})
    return tune(data, split, spec, split.positions("train"), split.positions("validation"), **given)


def plain(records: Any) -> list[dict[str, Any]]:
    """What two searches must have in common."""
    return [
        {k: v for k, v in r.to_dict().items() if k not in ("seconds", "started", "number", "worker")}
        for r in records
        if r.state != "killed"
    ]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_choice_can_be_made_again_bit_for_bit(task: Any) -> None:
    found = search(task, ensemble=False)
    X, y = tables.blobs(task, rows=160)
    data, split = tables.dataset(X, y, task), tables.split(160)
    preprocessor, model = refit(data, split.positions("train"), found.algorithm, found.params)
    rows = split.positions("validation")
    scores = scores_of(model, preprocessor.transform(data.X.iloc[rows]), task, len(data.classes))
    assert value(found.metric, y[rows], scores, task, data.classes) == found.value
    sign = 1 if found.direction == "maximize" else -1
    assert sign * found.value == max(sign * r.value for r in found.trials if r.value is not None)
    assert [r.number for r in found.trials] == list(range(8))


def test_the_same_seed_gives_the_same_bits_and_another_one_does_not() -> None:
    one, again, other = search(seed=4, trials=12), search(seed=4, trials=12), search(seed=5, trials=12)
    assert plain(one.trials) == plain(again.trials)
    assert replace(one, trials=()) == replace(again, trials=())
    assert plain(one.trials) != plain(other.trials)


def test_every_algorithm_begins_with_its_defaults_cheapest_first() -> None:
    told: list[TrialRecord] = []
    found = search("regression", trials=5, on_trial=told.append)
    assert [r.algorithm for r in told[:3]] == ["ridge", "lasso", "svm"]
    assert told[0].params["alpha"] == 10.0
    assert tuple(told) == found.trials
    for record in told:
        assert json.loads(json.dumps(record.to_dict()))["state"] == "complete"
        assert record.seconds > 0 and record.started.endswith("+00:00") and record.worker == "0"


def test_a_trial_that_fails_is_recorded_and_the_search_goes_on() -> None:
    candidate = ModelCandidate("m", "knn", {"n_neighbors": [3, 5, 10_000]}, {"n_neighbors": 10_000})
    found = search(trials=10, candidate=candidate)
    failed = [r for r in found.trials if r.state == "failed"]
    assert failed and failed[0].number == 0 and "n_neighbors" in failed[0].reason
    assert found.params["n_neighbors"] in (3, 5) and found.best not in {r.number for r in failed}


def test_where_every_trial_fails_the_commonest_reason_is_named() -> None:
    candidate = ModelCandidate("m", "ridge", {"alpah": (0.1, 1.0)})
    with pytest.raises(HyperparameterTuningError, match=r"None of 4 trials.*ridge.*alpah") as caught:
        search("regression", trials=4, candidate=candidate)
    assert "\n" not in str(caught.value)


def test_a_space_of_ones_own_replaces_the_built_in_one() -> None:
    candidate = ModelCandidate("m", "ridge", {"alpha": (5.0, 6.0)}, {"alpha": 5.5})
    found = search("regression", trials=5, candidate=candidate)
    assert found.trials[0].params["alpha"] == 5.5
    assert {r.algorithm for r in found.trials} == {"ridge"}
    assert all(5 <= r.params["alpha"] <= 6 for r in found.trials)
    with pytest.raises(HyperparameterTuningError, match="belongs to one algorithm"):
        search("regression", candidate=ModelCandidate("m", "auto", {"alpha": (5.0, 6.0)}))


def test_rows_of_another_part_are_refused() -> None:
    X, y = tables.blobs("binary", rows=160)
    data, split = tables.dataset(X, y, "binary"), tables.split(160)
    train, validation, test = (split.positions(part) for part in ("train", "validation", "test"))
    spec = TrainSpec("x", "x", trials=2)
    for rows in ((np.append(train, test[0]), validation), (train, np.append(validation, train[0]))):
        with pytest.raises(DataLeakageError, match="another part"):
            tune(data, split, spec, *rows)


def test_test_rows_change_nothing() -> None:
    X, y = tables.blobs("binary", rows=160)
    split = tables.split(160)
    spec = TrainSpec("x", "x", trials=6, algorithms=QUICK["binary"])
    rows = split.positions("train"), split.positions("validation")
    before = tune(tables.dataset(X, y, "binary"), split, spec, *rows)
    others = np.setdiff1d(np.arange(160), np.concatenate(rows))
    X.iloc[others] = 1e6
    y[others] = 1 - y[others]
    after = tune(tables.dataset(X, y, "binary"), split, spec, *rows)
    assert plain(before.trials) == plain(after.trials) and before.params == after.params


def test_poor_trials_are_given_up_after_the_first_stages() -> None:
    space = {"learning_rate": [1e-5, 0.1], "n_estimators": [40]}
    candidate = ModelCandidate("m", "gradient_boosting", space, {"learning_rate": 0.1, "n_estimators": 40})
    found = search("regression", trials=14, candidate=candidate)
    pruned = [r for r in found.trials if r.state == "pruned"]
    assert pruned and {r.params["learning_rate"] for r in pruned} == {1e-5}
    assert all(r.value is None and r.steps and "median" in r.reason for r in pruned)
    complete = [r for r in found.trials if r.state == "complete"]
    assert list(complete[0].steps) == [10, 25, 50]


def test_no_trial_begins_when_the_time_is_over() -> None:
    with pytest.raises(HyperparameterTuningError, match="before the time was over"):
        search(tuning_s=0.0)


def test_names_of_metrics_and_importances() -> None:
    found = search(metric="mcc", trials=30, algorithms=("svm",), ensemble=False)
    assert found.metric == "mcc"
    assert {"C", "gamma"} <= set(found.importances) and sum(found.importances.values()) == pytest.approx(1)
    with pytest.raises(ModelTrainerError, match="rmse"):
        search(metric="rmse")


def test_the_mean_of_several_is_what_its_refit_gives() -> None:
    found = search("regression", trials=10)
    assert found.algorithm == "ensemble" and len(found.members) > 1 and found.best == found.members[0]
    X, y = tables.blobs("regression", rows=160)
    data, split = tables.dataset(X, y, "regression"), tables.split(160)
    preprocessor, model = refit(data, split.positions("train"), found.algorithm, found.params)
    rows = split.positions("validation")
    scores = scores_of(model, preprocessor.transform(data.X.iloc[rows]), "regression", 0)
    assert value("rmse", y[rows], scores, "regression") == pytest.approx(found.value, rel=1e-5)


def test_only_trials_as_good_as_the_best_are_averaged() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 100).astype(float)
    measure = scoring("auc", "binary", 2)

    def candidate(number: int, name: str, noise: float) -> Candidate:
        scores = np.clip(0.1 + 0.8 * y + noise * rng.normal(size=100), 0, 1)
        return Candidate(number, name, measure.key(*measure.values(y, scores)), scores)

    pool = [candidate(k, f"a{k % 3}", 0.05) for k in range(6)] + [candidate(9, "poor", 0.8)]
    members = together(pool, y, measure)
    assert len(members) == 3 and {m.algorithm for m in members} == {"a0", "a1", "a2"}
    assert members[0].key == max(c.key for c in pool)
    assert np.allclose(mean_of(members), sum(m.scores for m in members) / 3)


def test_dear_algorithms_come_one_by_one() -> None:
    starts = [planning.first_trial(k, [1, 2, 4, 5, 7]) for k in range(12)]
    assert starts == [0, 1, 2, 3, None, None, 4, None, None, None, None, None]


def test_better_algorithms_are_drawn_more_often_and_hopeless_ones_never() -> None:
    standings = {
        "good": planning.Standing((0.9, 0.0), 3),
        "poor": planning.Standing((0.5, 0.0), 3),
        "broken": planning.Standing(None, planning.HOPELESS),
        "fixed": planning.Standing((0.95, 0.0), 1, searchable=False),
    }
    drawn = [planning.by_rank(standings, 0, k) for k in range(200)]
    assert set(drawn) == {"good", "poor"} and drawn.count("good") > 1.5 * drawn.count("poor")
    alone = {"broken": standings["broken"]}
    assert planning.by_rank(alone, 0, 0) == "broken", "with other hyperparameters it may yet succeed"
    assert planning.by_rank({"broken": planning.Standing(None, planning.GIVEN_UP)}, 0, 0) is None
