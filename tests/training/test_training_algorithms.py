"""Algorithms: every row of the table works for its tasks, repeatably, and its scores have one form."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from threadpoolctl import threadpool_limits

from trainer_tui.training.algorithms import ALGORITHMS, chosen, members_of, scale_of
from trainer_tui.training.algorithms.scores import scores_of
from trainer_tui.training.algorithms.spaces import fixed, suggest
from trainer_tui.training.algorithms.staged import fit
from trainer_tui.training.algorithms.table import TABLE
from trainer_tui.training.errors import HyperparameterTuningError

_spec = importlib.util.spec_from_file_location("training_tables", Path(__file__).with_name("tables.py"))
assert _spec and _spec.loader
tables = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tables)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """As a trial on a small table has it."""
    with threadpool_limits(1):
        yield


SMALL: dict[str, Any] = {"n_estimators": 12, "max_iter": 12, "epochs": 12}
"""Iterations that are enough here."""
CASES = [(name, task) for name, row in TABLE.items() for task in row.tasks]


def small(name: str, params: dict[str, Any]) -> dict[str, Any]:
    """The hyperparameters with few iterations."""
    rounds = TABLE[name].rounds
    return params | ({rounds: SMALL[rounds]} if rounds else {})


def data(task: Any) -> tuple[np.ndarray, np.ndarray]:
    X, y = tables.blobs(task, rows=90)
    return ((X - X.mean()) / X.std()).to_numpy(), y


def quality(task: str, y: np.ndarray, scores: np.ndarray) -> float:
    if task == "regression":
        return float(1 - np.mean((y - scores) ** 2) / y.var())
    predicted = scores.argmax(axis=1) if scores.ndim == 2 else scores > 0.5
    return float((predicted == y).mean())


@pytest.mark.parametrize(("name", "task"), CASES)
def test_it_learns_the_same_twice_and_scores_have_one_form(name: str, task: Any) -> None:
    row = TABLE[name]
    if not row.available():
        pytest.skip(f"{row.needs} is not installed")
    X, y = data(task)
    k = 0 if task == "regression" else int(y.max()) + 1
    params = small(name, {"learning_rate": 0.3} if "boost" in name or name == "xgboost" else {})
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(2):
            model = row.make(params, task, 3, range(k))
            found.append(scores_of(fit(row, model, X, y), X, task, k))
    assert found[0].shape == ((90, k) if task == "multiclass" else (90,))
    assert np.isfinite(found[0]).all()
    if task == "multiclass":
        assert np.allclose(found[0].sum(axis=1), 1)
    elif task == "binary":
        assert found[0].min() >= 0 and found[0].max() <= 1
    assert found[0].tobytes() == found[1].tobytes()
    assert quality(task, y, found[0]) > (0.2 if task == "regression" else 0.6)


@pytest.mark.parametrize(("name", "task"), [c for c in CASES if TABLE[c[0]].staged])
def test_a_look_at_the_stages_changes_nothing(name: str, task: Any) -> None:
    row = TABLE[name]
    if not row.available():
        pytest.skip(f"{row.needs} is not installed")
    X, y = data(task)
    k = 0 if task == "regression" else int(y.max()) + 1
    seen: dict[int, tuple[int, ...]] = {}

    def look(percent: int, predict: Any) -> None:
        seen[percent] = predict(X).shape

    plain = fit(row, row.make(small(name, {}), task, 3, range(k)), X, y)
    looked = fit(row, row.make(small(name, {}), task, 3, range(k)), X, y, look)
    assert list(seen) == [10, 25, 50]
    assert set(seen.values()) == {(90,) if task == "regression" else (90, k)}
    assert scores_of(plain, X, task, k).tobytes() == scores_of(looked, X, task, k).tobytes()


@pytest.mark.parametrize(("name", "task"), CASES)
def test_spaces_hold_the_defaults_and_suggest_what_can_be_made(name: str, task: Any) -> None:
    row = TABLE[name]
    if not row.available():
        pytest.skip(f"{row.needs} is not installed")
    space, defaults = row.space_for(task), row.defaults_for(task)
    inside = {key.removeprefix("x.") for key in fixed(space, defaults, "x.")}
    assert {key for key in defaults if key in space} <= inside
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    for _ in range(3):
        params = suggest(study.ask(), space)
        model = row.make(params, task, 0, range(3))
        own = model.get_params()
        for key, value in params.items():
            assert value in [v for k, v in own.items() if k.split("__")[-1] == key]


def test_a_class_that_train_has_not_gets_probability_zero() -> None:
    X, y = data("multiclass")
    model = TABLE["logistic_regression"].make({}, "multiclass").fit(X[y != 1], y[y != 1])
    scores = scores_of(model, X, "multiclass", 3)
    assert scores.shape == (90, 3) and (scores[:, 1] == 0).all()


def test_an_ensemble_is_the_weighted_mean_of_its_members() -> None:
    X, y = data("binary")
    members = [
        {"algorithm": "logistic_regression", "params": {"C": 0.1}, "weight": 0.75},
        {"algorithm": "decision_tree", "params": {"max_depth": 2}, "weight": 0.25},
    ]
    model = ALGORITHMS["ensemble"].make({"members": members}, "binary", 1).fit(X, y)
    alone = [
        scores_of(TABLE[m.algorithm].make(m.params, "binary", 1).fit(X, y), X, "binary", 2) * m.weight
        for m in members_of({"members": members})
    ]
    assert np.allclose(scores_of(model, X, "binary", 2), sum(alone))
    assert scale_of("ensemble", {"members": members}) and not scale_of("ensemble", {"members": members[1:]})


def test_what_a_network_learned_is_arrays_alone() -> None:
    pytest.importorskip("torch")
    for task in ("multiclass", "regression"):
        X, y = data(task)
        row = TABLE["torch_mlp"]
        model = row.make({"epochs": 5}, task, 1).fit(X, y)
        again = row.make({"epochs": 5}, task, 1).with_arrays(model.arrays())
        assert scores_of(again, X, task, 3).tobytes() == scores_of(model, X, task, 3).tobytes()


def test_a_network_stops_early_on_rows_of_train() -> None:
    pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(120, 4)), rng.integers(0, 2, 120)
    model = TABLE["torch_mlp"].make({"epochs": 400, "learning_rate": 0.03}, "binary", 1).fit(X, y)
    assert model.epochs_ < 100, "noise is learned by heart at once"


def test_the_cheap_ones_come_first_and_slow_ones_not_with_many_rows() -> None:
    few, many = chosen((), "regression", 500), chosen((), "regression", 1_000_000)
    assert [a.cost for a in few] == sorted(a.cost for a in few)
    assert {"svm", "knn"} <= {a.name for a in few} and not {"svm", "knn"} & {a.name for a in many}
    assert {"ridge", "hist_gradient_boosting"} <= {a.name for a in many}
    assert [a.name for a in chosen(["svm"], "regression", 1_000_000)] == ["svm"], "whoever names it gets it"


@pytest.mark.parametrize(
    ("name", "words"), [("forest", "no algorithm 'forest'"), ("ridge", "ridge is not for binary")]
)
def test_names_that_are_not_possible(name: str, words: str) -> None:
    with pytest.raises(HyperparameterTuningError, match=words):
        chosen([name], "binary", 100)


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "lightgbm" else object())
    assert "lightgbm" not in {a.name for a in chosen((), "binary", 100)}
    with pytest.raises(HyperparameterTuningError, match="pip install lightgbm"):
        chosen(["lightgbm"], "binary", 100)


def test_the_table_is_light() -> None:
    import subprocess

    heavy = "{'numpy', 'sklearn', 'torch', 'optuna', 'pandas'}"
    rooms = "trainer_tui.training.algorithms, trainer_tui.training.tuning"
    code = f"import sys, {rooms}; print({heavy} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"
