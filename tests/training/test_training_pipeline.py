"""One training from data to a judged model: what it leaves behind, what it never touches, what ends it."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import create_engine, text

from trainer_tui.runs.script_settings import read_settings
from trainer_tui.runs.training_run import TrainingRun
from trainer_tui.training import (
    DataLeakageError,
    HyperparameterTuningError,
    ModelCandidate,
    QCGateBlockedError,
    Trainer,
    TrainSpec,
    artifacts,
)
from trainer_tui.training.data import load
from trainer_tui.training.database import ledger
from trainer_tui.training.database.opening import open_database
from trainer_tui.training.pipeline import NOT_IN_QUICK, train
from trainer_tui.training.splits import store

QUICKLY = {
    "algorithms": ("logistic_regression", "naive_bayes"),
    "trials": 4,
    "bootstrap": 200,
    "tracking_uri": "none",
}
SPEC = TrainSpec(source="sklearn:breast_cancer", name="cancer", **QUICKLY)


def a_run(root: Path, number: int, phase: str = "full", name: str = "cancer") -> TrainingRun:
    folder = root / "output" / name / f"{number:03d}-{phase}"
    shares = {"TRAINER_DATA_FRACTION": "0.15", "TRAINER_SCALE": "0.25"} if phase == "quick" else {}
    return TrainingRun(read_settings({"TRAINER_RUN_DIR": str(folder), "TRAINER_PHASE": phase, **shares}))


def document(run: TrainingRun, name: str) -> Any:
    return json.loads((run.folder / name).read_text())


def predictions(run: TrainingRun, part: str) -> list[list[str]]:
    with (run.folder / f"predictions_{part}.csv").open() as file:
        return list(csv.reader(file))[1:]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Any:
    root = tmp_path_factory.mktemp("trained")
    run = a_run(root, 2)
    model, metrics = train(SPEC, run, say=lambda _: None)
    return root, run, model, metrics


def test_the_test_rows_are_those_of_the_split_and_no_others(trained: Any) -> None:
    root, run, _, _ = trained
    dataset = load(SPEC, root)
    split = store.reuse(root / "output" / "splits", dataset)
    assert [row[0] for row in predictions(run, "test")] == [str(i) for i in split.positions("test")]
    assert [row[0] for row in predictions(run, "validation")] == [
        str(i) for i in split.positions("validation")
    ]


def test_metrics_can_be_computed_again_from_the_predictions(trained: Any) -> None:
    from sklearn.metrics import matthews_corrcoef, roc_auc_score

    _, run, _, metrics = trained
    rows = predictions(run, "test")
    y = np.array([row[1] == "benign" for row in rows])
    scores = np.array([float(row[2]) for row in rows])
    assert metrics.test_metrics["auc"] == pytest.approx(roc_auc_score(y, scores), abs=1e-12)
    assert metrics.test_metrics["mcc"] == pytest.approx(
        matthews_corrcoef(y, scores >= metrics.optimal_threshold), abs=1e-12
    )
    assert set(metrics.confidence_interval) >= {"auc", "mcc", "brier_score"}


def test_the_saved_model_predicts_the_same(trained: Any) -> None:
    root, run, _, _ = trained
    loaded = artifacts.load(run.folder / "model")
    dataset = load(SPEC, root)
    rows = [int(row[0]) for row in predictions(run, "test")]
    again = loaded.model.predict_proba(loaded.preprocessor.transform(dataset.X.iloc[rows]))[:, 1]
    assert again.tolist() == [float(row[2]) for row in predictions(run, "test")]


def test_every_trial_is_told_and_the_history_has_the_best_so_far(trained: Any) -> None:
    _, run, model, _ = trained
    lines = [json.loads(line) for line in (run.folder / "trials.jsonl").read_text().splitlines()]
    assert lines[0]["study"]["metric"] == "auc"
    trials = [line for line in lines if "number" in line]
    assert [trial["number"] for trial in trials] == list(range(4)) and model.tuning_trials == 4
    run._history.close()
    history = pd.read_csv(run.folder / "training_history.csv")
    assert history["best"].is_monotonic_increasing and len(history) == 4


def test_the_second_training_finds_the_test_part_spent_and_an_unlock_opens_it_once(tmp_path: Path) -> None:
    spec = replace(SPEC, trials=2, bootstrap=0)
    first, second, third, fourth = (a_run(tmp_path, n) for n in (1, 2, 3, 4))
    assert train(spec, first, say=lambda _: None)[1].test_metrics
    _, refused = train(spec, second, say=lambda _: None)
    assert refused.test_metrics == {} and "cancer/001-full" in refused.test_refused
    assert not (second.folder / "predictions_test.csv").exists()
    assert document(second, "split.json")["test"]["state"] == "refused"
    assert document(second, "split.json")["reused"]

    engine = open_database(f"sqlite:///{tmp_path / 'output' / 'runs.db'}")
    ledger.unlock(engine, document(second, "split.json")["split_id"], "test", "the first one had a bug")
    assert train(spec, third, say=lambda _: None)[1].test_metrics
    (tmp_path / "output" / "runs.db").unlink()  # what it knew of the test part stands beside the split too
    assert "cancer" in train(spec, fourth, say=lambda _: None)[1].test_refused


def test_a_quick_run_touches_a_part_of_train_and_validation_alone(tmp_path: Path) -> None:
    run = a_run(tmp_path, 1, "quick")
    model, metrics = train(replace(SPEC, trials=8), run, say=lambda _: None)
    assert metrics.test_refused == NOT_IN_QUICK and metrics.test_metrics == {}
    assert model.tuning_trials == 2 and 45 <= model.training_samples <= 60
    assert document(run, "split.json")["test"]["state"] == "unopened"
    assert not (run.folder / "predictions_test.csv").exists()
    with create_engine(f"sqlite:///{tmp_path / 'output' / 'runs.db'}").connect() as database:
        assert database.execute(text("SELECT count(*) FROM ml_split_evaluations")).scalar() == 0


def test_the_same_seed_gives_the_same_bits(tmp_path: Path) -> None:
    spec = replace(SPEC, source="sklearn:diabetes", algorithms=("ridge", "random_forest"), trials=5)
    found = []
    for name in ("one", "other"):
        run = a_run(tmp_path / name, 1)
        _, metrics = train(spec, run, say=lambda _: None)
        found.append((asdict(metrics), predictions(run, "test"), document(run, "evaluation.json")))
    assert found[0] == found[1]


def test_a_better_model_is_compared_on_the_same_validation_rows(tmp_path: Path) -> None:
    from trainer_tui.runs import index

    run, later = a_run(tmp_path, 1), a_run(tmp_path, 2)
    train(replace(SPEC, algorithms=("naive_bayes",), trials=1, bootstrap=100), run, say=lambda _: None)
    row = {**document(run, "training.json"), "phase": "full", "number": 1, "status": "completed"}
    engine = index.open_index(f"sqlite:///{tmp_path / 'output' / 'runs.db'}")
    columns = {column.name for column in index.ml_training_runs.columns}
    index.put(engine, [{name: value for name, value in row.items() if name in columns}])
    train(
        replace(SPEC, algorithms=("logistic_regression",), trials=1, bootstrap=100), later, say=lambda _: None
    )
    comparison = document(later, "evaluation.json")["comparison"]
    assert comparison["with"] == "cancer/001-full" and comparison["paired"]
    assert comparison["rows"] == len(predictions(later, "validation"))


def test_a_leak_ends_it_before_the_first_fit(tmp_path: Path) -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(300, 4)), columns=list("abcd"))
    frame["y"] = (frame["a"] + np.random.default_rng(1).normal(size=300) > 0).astype(int)
    frame["copy"] = frame["y"] * 2 + 1
    frame.to_csv(tmp_path / "t.csv", index=False)
    run = a_run(tmp_path, 1)
    spec = replace(SPEC, source=str(tmp_path / "t.csv"), target="y")
    with pytest.raises(DataLeakageError, match="copy"):
        train(spec, run, say=lambda _: None)
    assert any(f["severity"] == "critical" for f in document(run, "split.json")["findings"])
    assert not (run.folder / "trials.jsonl").exists()
    accepted = replace(spec, accepted={"target-leakage": "known and wanted, for this test"}, trials=1)
    assert train(accepted, a_run(tmp_path, 2), say=lambda _: None)[1].validation_metrics["auc"] == 1.0


def test_data_that_nobody_should_train_on_are_refused_with_each_reason(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1.0, np.inf] * 20, "y": [0, 1] * 20}).to_csv(tmp_path / "t.csv", index=False)
    run = a_run(tmp_path, 1)
    with pytest.raises(QCGateBlockedError, match="infinite-values"):
        train(replace(SPEC, source=str(tmp_path / "t.csv"), target="y"), run, say=lambda _: None)
    assert document(run, "data.json")["quality"]["status"] == "FAILED"


def test_a_database_that_is_down_costs_the_test_evaluation_and_nothing_else(tmp_path: Path) -> None:
    said: list[str] = []
    spec = replace(SPEC, trials=1, bootstrap=0, database_url=f"sqlite:///{tmp_path / 'nowhere' / 'runs.db'}")
    _, metrics = train(spec, a_run(tmp_path, 1), say=said.append)
    assert metrics.validation_metrics and metrics.test_metrics == {}
    assert "stays closed" in metrics.test_refused and any("goes on" in line for line in said)


def test_a_search_that_was_killed_goes_on_in_the_next_run(tmp_path: Path) -> None:
    spec = replace(SPEC, trials=4, bootstrap=0)

    class Killed(BaseException):
        pass

    def kill_at_the_third(line: str) -> None:
        if line.startswith("trial 2"):
            raise Killed

    with pytest.raises(Killed):
        train(spec, a_run(tmp_path, 1), say=kill_at_the_third)
    said: list[str] = []
    model, _ = train(spec, a_run(tmp_path, 2), say=said.append)
    assert model.tuning_trials == 4
    assert [line.split()[1] for line in said if line.startswith("trial ")] == ["0", "1", "2", "3"]
    assert not list((tmp_path / "output" / "cancer" / "studies").glob("*.journal"))


def test_from_python_with_a_frame_and_a_candidate(tmp_path: Path) -> None:
    from sklearn.datasets import load_wine

    run = a_run(tmp_path, 1, name="wine")
    candidate = ModelCandidate("v1", "knn", {"n_neighbors": [3, 5, 7]}, {"weights": "uniform"})
    trainer = Trainer(
        load_wine(as_frame=True).frame,
        target="target",
        candidate=candidate,
        name="wine",
        **{**QUICKLY, "algorithms": (), "trials": 3},
    )
    model, metrics = trainer.fit(run)
    assert model.algorithm_name in ("knn", "ensemble") and metrics.test_metrics["mcc"] > 0.5
    assert (run.folder / "data.parquet").exists() and model.framework == "scikit-learn"


def test_an_algorithm_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(HyperparameterTuningError, match="no algorithm"):
        train(replace(SPEC, algorithms=("gradient_boots",)), a_run(tmp_path, 1), say=lambda _: None)
