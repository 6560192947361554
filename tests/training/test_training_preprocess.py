"""Preprocessing: what it learns it learns in `fit`, and it bears with whatever comes later."""

from __future__ import annotations

import importlib.util
import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer_tui.training.leakage.isolation import prove
from trainer_tui.training.preprocess import ONE_HOT, RARE, feature_names, make_preprocessor, statistics

_spec = importlib.util.spec_from_file_location("training_tables", Path(__file__).with_name("tables.py"))
assert _spec and _spec.loader
tables = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tables)

ROWS = 200


def mixed() -> pd.DataFrame:
    """Every kind of column, with what goes wrong in them."""
    rng = np.random.default_rng(1)
    X = pd.DataFrame(
        {
            "age": rng.normal(50, 10, ROWS),
            "never": np.full(ROWS, np.nan),
            "sex": rng.choice(["f", "m"], ROWS),
            "town": [f"town {k % 50}" for k in range(ROWS)],
            "seen": pd.date_range("2024-01-30 06:00", periods=ROWS, freq="36h"),
            "smokes": rng.choice([0.0, 1.0], ROWS),
            "same": np.ones(ROWS),
        }
    )
    X.loc[[3, 8], "age"] = [np.nan, np.inf]
    X.loc[5, "sex"] = None
    X.loc[6, "seen"] = pd.NaT
    X.loc[7, "smokes"] = np.nan
    return X


def made(scale: bool, X: pd.DataFrame | None = None) -> object:
    table = mixed() if X is None else X
    data = tables.dataset(table, np.arange(len(table)) % 2, "binary", seen="datetime", smokes="boolean")
    return make_preprocessor(data, scale)


@pytest.mark.parametrize("scale", [True, False])
def test_every_kind_of_column_becomes_finite_numbers_with_names(scale: bool) -> None:
    X = mixed()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = made(scale).fit(X.iloc[:120])
        out = fitted.transform(X.iloc[120:])
    assert np.isfinite(out).all()
    names = feature_names(fitted)
    assert len(names) == out.shape[1] == len(set(names))
    assert {"age", "missingindicator_age", "smokes", "sex_f", "seen.month", "seen.days"} <= set(names)
    assert not {"never", "same"} & set(names), "what says nothing in train is left out"


def test_scaling_is_that_of_the_train_rows() -> None:
    X = mixed()
    fitted = made(True).fit(X.iloc[:120])
    k = feature_names(fitted).index("age")
    train = fitted.transform(X.iloc[:120])[:, k]
    assert abs(train.mean()) < 1e-12 and abs(train.std() - 1) < 1e-12
    age = X["age"].iloc[:120].replace(np.inf, np.nan)
    said = statistics(fitted)["numeric"]["age"]
    assert said["filled_with"] == age.median()
    assert said["mean"] == pytest.approx(age.fillna(age.median()).mean())
    assert said["indicator"] and not statistics(fitted)["numeric"]["same"]["indicator"]


@pytest.mark.parametrize("scale", [True, False])
def test_nothing_fitted_depends_on_rows_outside_of_train(scale: bool) -> None:
    X = mixed()
    data = tables.dataset(X, np.arange(ROWS) % 2, "binary", seen="datetime", smokes="boolean")
    assert prove(lambda d: make_preprocessor(d, scale), data, tables.split(ROWS)) == ()


def test_unseen_categories_count_as_rare_ones_and_missing_ones_as_their_own() -> None:
    X = pd.DataFrame({"c": ["a"] * 50 + ["b"] * 40 + [None] * 10 + ["z"] * (RARE - 1)})
    fitted = made(True, X).fit(X)
    names = feature_names(fitted)
    assert names == ["c_(missing)", "c_a", "c_b", "c_infrequent_sklearn"]
    raw = fitted[:-1].transform(pd.DataFrame({"c": ["z", "never seen", None]}))
    assert raw.tolist() == [[0, 0, 0, 1], [0, 0, 0, 1], [1, 0, 0, 0]]
    said = statistics(fitted)["categorical"]["c"]
    assert said["infrequent"] == ["z"] and said["count"] == 4 and said["encoding"] == "one-hot"


def test_many_categories_are_codes_for_trees_and_few_columns_for_the_rest() -> None:
    values = [f"k{k % (2 * ONE_HOT)}" for k in range(20 * ONE_HOT)]
    X = pd.DataFrame({"c": values, "d": ["a", "b"] * (10 * ONE_HOT)})
    trees, rest = made(False, X).fit(X), made(True, X).fit(X)
    assert feature_names(trees) == ["d_a", "d_b", "c"]
    assert statistics(trees)["categorical"]["c"]["encoding"] == "codes"
    assert trees.transform(pd.DataFrame({"c": ["new"], "d": ["a"]}))[0, 2] == -1
    assert len(feature_names(rest)) == ONE_HOT + 2


def test_how_many_categories_there_are_is_counted_in_train() -> None:
    few, many = ["a", "b"] * 60, [f"k{k}" for k in range(80)]
    X = pd.DataFrame({"c": few + many})
    fitted = made(False, X).fit(X.iloc[:120])
    assert feature_names(fitted) == ["c_a", "c_b"]


def test_a_category_is_the_same_however_it_is_written() -> None:
    X = pd.DataFrame({"c": [1, 2] * 20})
    X["c"] = X["c"].astype("category")
    fitted = made(True, X).fit(X)
    for values in ([1, 2], [1.0, 2.0], ["1", "2"]):
        assert fitted.transform(pd.DataFrame({"c": values})).tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("scale", [True, False])
def test_statistics_are_plain_data(scale: bool) -> None:
    X = mixed()
    said = statistics(made(scale).fit(X))
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert said["constant"][:2] == ["never", "same"]
    assert said["features"]


cells = st.one_of(st.none(), st.floats(width=32), st.sampled_from([np.inf, -np.inf, np.nan]))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(cells, st.one_of(st.none(), st.text(max_size=3))), min_size=1, max_size=12))
def test_whatever_comes_after_the_fit_becomes_finite_numbers(
    rows: list[tuple[float | None, str | None]],
) -> None:
    train = pd.DataFrame({"n": np.arange(20.0), "t": ["a", "b"] * 10})
    later = pd.DataFrame(rows, columns=["n", "t"]).astype({"n": float})
    for scale in (True, False):
        fitted = made(scale, train).fit(train)
        assert np.isfinite(fitted.transform(later)).all()
