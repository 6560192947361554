"""Saved models: the same predictions to the last bit in another process, and nothing that was tampered
with."""

import json
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from trainer_tui.training.algorithms import ALGORITHMS
from trainer_tui.training.artifacts import ArtifactError, load, predict, read_manifest, save
from trainer_tui.training.artifacts.formats import is_safe
from trainer_tui.training.dataset import Column, Dataset
from trainer_tui.training.errors import DataSourceError
from trainer_tui.training.preprocess import feature_names, make_preprocessor

pytestmark = pytest.mark.filterwarnings("ignore:The optimal value found for dimension")

ROWS = 80

MEMBERS = {
    "members": [
        {"algorithm": "lightgbm", "params": {"n_estimators": 4}, "weight": 0.7},
        {"algorithm": "xgboost", "params": {"n_estimators": 4}, "weight": 0.2},
        {"algorithm": "torch_mlp", "params": {"epochs": 2}, "weight": 0.1},
    ]
}
CASES = {
    ("logistic_regression", "binary"): {},
    ("svm", "binary"): {},
    ("knn", "multiclass"): {},
    ("random_forest", "multiclass"): {"n_estimators": 5},
    ("hist_gradient_boosting", "regression"): {"max_iter": 5},
    ("lightgbm", "binary"): {"n_estimators": 5},
    ("lightgbm", "multiclass"): {"n_estimators": 5},
    ("xgboost", "binary"): {"n_estimators": 5},
    ("xgboost", "regression"): {"n_estimators": 5},
    ("torch_mlp", "multiclass"): {"epochs": 3},
    ("torch_mlp", "regression"): {"epochs": 3},
    ("gaussian_process", "regression"): {},
    ("ensemble", "binary"): MEMBERS,
    ("ensemble", "regression"): MEMBERS,
}
FORMATS = {"lightgbm": "lightgbm-text", "xgboost": "xgboost-json", "torch_mlp": "safetensors"}


def dataset(task: str) -> Dataset:
    rng = np.random.default_rng(1)
    X = pd.DataFrame(
        {
            "age": np.where(rng.random(ROWS) < 0.1, np.nan, rng.normal(50, 10, ROWS)),
            "dose": rng.exponential(size=ROWS),
            "smoker": rng.random(ROWS) < 0.4,
            "city": rng.choice(["Bonn", "Köln", "Ulm"], ROWS),
            "seen": pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 500, ROWS), "D"),
        },
        index=[f"row {i}" for i in range(ROWS)],
    )
    score = X["dose"] + 0.5 * (X["city"] == "Ulm") + 0.2 * rng.normal(size=ROWS)
    y = (
        score
        if task == "regression"
        else pd.Series(np.digitize(score, [0.7] if task == "binary" else [0.6, 1.2]))
    )
    kinds = ("numeric", "numeric", "boolean", "categorical", "datetime")
    columns = tuple(
        Column(name, kind, int(X[name].isna().sum()), X[name].nunique())
        for name, kind in zip(X, kinds, strict=True)
    )
    classes = {"binary": ("no", "yes"), "multiclass": (1, 2, 3), "regression": ()}[task]
    return Dataset("made", X, pd.Series(y.to_numpy(), X.index), task, columns, "effect", classes)


def trained(algorithm: str, task: str, params: dict[str, object]):  # type: ignore[no-untyped-def]
    data = dataset(task)
    if algorithm == "gaussian_process":
        data = replace(data, X=data.X[:30], y=data.y[:30])
    preprocessor = make_preprocessor(data, scale=ALGORITHMS[algorithm].scale).fit(data.X)
    model = ALGORITHMS[algorithm].make(params, task, 0, data.classes)
    return data, preprocessor, model.fit(preprocessor.transform(data.X), data.y.to_numpy())


@pytest.fixture(scope="module")
def saved(tmp_path_factory):  # type: ignore[no-untyped-def]
    """Every case in a folder, with what it predicts here."""
    root = tmp_path_factory.mktemp("artifacts")
    found, rows = {}, dataset("binary").X
    for (algorithm, task), params in CASES.items():
        data, preprocessor, model = trained(algorithm, task, params)
        folder = root / f"{algorithm}-{task}"
        said = save(folder, preprocessor, model, dataset=data, algorithm=algorithm, threshold=0.3, seed=0)
        scores = model.predict if task == "regression" else model.predict_proba
        found[algorithm, task] = folder, said, np.asarray(scores(preprocessor.transform(rows)), dtype=float)
    rows.to_pickle(root / "rows.pkl")
    return root, found


ELSEWHERE = """
import sys, pathlib, numpy as np, pandas as pd
from trainer_tui.training.artifacts import predict
root = pathlib.Path(sys.argv[1])
rows = pd.read_pickle(root / "rows.pkl")
for folder in sorted(root.glob("*-*")):
    found = predict(folder, rows)
    assert list(found.index) == list(rows.index)
    columns = [name for name in found if name.startswith("probability")] or ["prediction"]
    np.save(root / (folder.name + ".npy"), found[columns].to_numpy(dtype=float))
"""


def test_another_process_predicts_the_same_bits(saved) -> None:  # type: ignore[no-untyped-def]
    root, found = saved
    subprocess.run([sys.executable, "-W", "error::UserWarning", "-c", ELSEWHERE, str(root)], check=True)
    for (algorithm, task), (folder, said, expected) in found.items():
        there = np.load(root / f"{folder.name}.npy")
        here = expected[:, 1:] if task == "binary" else expected.reshape(len(expected), -1)
        assert np.array_equal(there, here), (algorithm, task)
        assert said.formats == {"preprocessor": "skops", "model": FORMATS.get(algorithm, "skops")}
        assert said.notes == ()


def test_the_manifest_says_what_is_needed(saved) -> None:  # type: ignore[no-untyped-def]
    _, found = saved
    folder, said, _ = found["lightgbm", "binary"]
    facts = read_manifest(folder, said.manifest_sha256).facts
    assert facts["classes"] == ["no", "yes"] and facts["threshold"] == 0.3 and facts["target"] == "effect"
    assert [column["name"] for column in facts["columns"]] == ["age", "dose", "smoker", "city", "seen"]
    assert {"python", "scikit-learn", "lightgbm"} <= set(facts["libraries"])
    assert facts["parts"]["model"]["version"] == said.versions["model"] != said.versions["preprocessor"]
    assert load(folder).notes == ()
    assert said.uris["model"] == (folder / "model").as_uri()


@pytest.mark.parametrize(
    "case", [("lightgbm", "binary"), ("torch_mlp", "regression"), ("ensemble", "binary")]
)
def test_a_file_that_was_changed_is_refused(saved, tmp_path: Path, case) -> None:  # type: ignore[no-untyped-def]
    for file in (p for p in saved[1][case][0].rglob("*") if p.is_file() and p.name != "manifest.json"):
        folder = copied(saved[1][case][0], tmp_path / file.name)
        bent = bytearray(file.read_bytes())
        bent[len(bent) // 2] ^= 1
        (folder / file.parent.name / file.name).write_bytes(bent)
        with pytest.raises(ArtifactError, match="was changed after it was saved"):
            load(folder)


def copied(source: Path, target: Path) -> Path:
    for file in (p for p in source.rglob("*") if p.is_file()):
        place = target / file.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.read_bytes())
    return target


def test_what_is_missing_or_from_elsewhere_is_one_sentence(saved, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ArtifactError, match="There is no saved model"):
        load(tmp_path)
    folder = copied(saved[1]["lightgbm", "binary"][0], tmp_path / "a")
    with pytest.raises(ArtifactError, match="not the one that was noted"):
        load(folder, expected="0" * 64)
    facts = json.loads((folder / "manifest.json").read_text())
    for change, says in (
        ({"schema": 9}, "has the version 9"),
        ({"parts": {"preprocessor": facts["parts"]["preprocessor"]}}, "nothing of its model"),
        (
            {"parts": facts["parts"] | {"model": {"format": "skops", "files": {"../x": "0"}}}},
            "no file beside it",
        ),
        (
            {"parts": facts["parts"] | {"model": facts["parts"]["model"] | {"format": "dill"}}},
            "not known here",
        ),
    ):
        (folder / "manifest.json").write_text(json.dumps(facts | change))
        with pytest.raises(ArtifactError, match=says):
            load(folder)
    (folder / "manifest.json").write_text(json.dumps(facts))
    (folder / "model" / "model.txt").unlink()
    with pytest.raises(ArtifactError, match="cannot be read"):
        load(folder)


class Strange(BaseEstimator):
    """On no list; pickled by its name."""

    def transform(self, X: object) -> object:
        return X


def test_a_type_on_no_list_is_refused_even_with_its_hash(tmp_path: Path) -> None:
    import skops.io

    from trainer_tui.training.artifacts.manifest import sha256

    data, preprocessor, model = trained("logistic_regression", "binary", {})
    save(tmp_path, preprocessor, model, dataset=data)
    file = tmp_path / "model" / "model.skops"
    skops.io.dump(Strange(), file)
    assert is_safe(file)
    facts = json.loads((tmp_path / "manifest.json").read_text())
    facts["parts"]["model"]["files"] = {file.name: sha256(file)}
    (tmp_path / "manifest.json").write_text(json.dumps(facts))
    with pytest.raises(ArtifactError, match="Strange, which no file of ours holds"):
        load(tmp_path)


RAN: list[str] = []


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return RAN.append, ("bang",)


def test_a_pickle_is_the_last_resort_and_refused(tmp_path: Path) -> None:
    _, preprocessor, _ = trained("logistic_regression", "binary", {})
    said = save(tmp_path, preprocessor, Strange())
    assert said.formats["model"] == "pickle" and "explicit demand" in said.notes[0]
    file = tmp_path / "model" / "model.pkl"
    assert isinstance(pickle.loads(file.read_bytes()), Strange)
    with pytest.raises(ArtifactError, match="allow_pickle=True only if"):
        load(tmp_path)
    assert isinstance(load(tmp_path, allow_pickle=True).model, Strange)
    file.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ArtifactError, match="was changed"):
        load(tmp_path, allow_pickle=True)
    assert RAN == []


def test_rows_that_do_not_fit_are_one_sentence(saved) -> None:  # type: ignore[no-untyped-def]
    data = dataset("binary")
    loaded = load(saved[1]["lightgbm", "binary"][0])
    found = predict(loaded, data.X.assign(extra=1)[["extra", *reversed(data.X.columns)]])
    facts = loaded.facts | {"threshold": float(found["probability"].median())}
    found = predict(replace(loaded, facts=facts), data.X)
    assert set(found["prediction"]) == {"no", "yes"}
    assert ((found["probability"] >= facts["threshold"]) == (found["prediction"] == "yes")).all()
    with pytest.raises(DataSourceError, match="no column dose"):
        predict(loaded, data.X.drop(columns="dose"))
    with pytest.raises(DataSourceError, match="cannot be read as those of the training"):
        predict(loaded, data.X.assign(dose="much"))
    assert predict(loaded, data.X.iloc[:0]).empty
    three = predict(saved[1]["knn", "multiclass"][0], data.X.iloc[:4])
    assert list(three) == ["prediction", "probability_1", "probability_2", "probability_3"]
    assert np.allclose(three.filter(like="probability").sum(axis=1), 1)


def test_saving_again_leaves_nothing_of_before(tmp_path: Path) -> None:
    data, preprocessor, model = trained("lightgbm", "binary", {"n_estimators": 3})
    names = tuple(feature_names(preprocessor))
    save(tmp_path, preprocessor, model, dataset=data, features=names)
    _, other, second = trained("logistic_regression", "binary", {})
    said = save(tmp_path, other, second, dataset=data)
    assert sorted(p.name for p in (tmp_path / "model").iterdir()) == ["model.skops"]
    assert said.formats["model"] == "skops" and load(tmp_path).model.coef_.shape[0] == 1
