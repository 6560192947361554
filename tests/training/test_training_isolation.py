"""Preprocessing that saw a row outside of train is caught, whatever it took from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sklearn")

from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, StandardScaler, TargetEncoder

from trainer_tui.training.dataset import Dataset
from trainer_tui.training.leakage.isolation import perturbed, prove
from trainer_tui.training.splits.make import make_split

NUMBERS = make_column_selector(dtype_include=np.number)
LABELS = make_column_selector(dtype_exclude=np.number)


def mixed(n=200):
    rng = np.random.default_rng(1)
    X = pd.DataFrame(
        {
            "age": rng.integers(18, 90, n),
            "dose": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "city": rng.choice(["Bonn", "Ulm", "Kiel"], n),
            "grade": pd.Categorical(rng.choice(list("abc"), n)),
            "smokes": rng.random(n) < 0.3,
        }
    )
    y = pd.Series((rng.random(n) < 0.4).astype(np.int64), name="ill")
    return Dataset("mixed", X, y, "binary", (), "ill", ("no", "yes"), fingerprint="m")


def honest(dataset):
    return make_pipeline(
        make_column_transformer(
            (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), NUMBERS),
            (OneHotEncoder(handle_unknown="ignore"), LABELS),
        ),
        SelectKBest(f_classif, k=4),
    )


class FittedBefore:
    """Took what it needs before it is given train alone."""

    def __init__(self, inner, columns):
        self.inner, self.columns = inner, columns

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return self.inner.transform(X[self.columns].fillna(0))


def leaky(make, columns=("age", "dose")):
    columns = list(columns)

    def factory(dataset):
        return FittedBefore(make().fit(dataset.X[columns].fillna(0), dataset.y), columns)

    return factory


LEAKY = {
    "scaler": leaky(StandardScaler),
    "imputer": leaky(SimpleImputer),
    "encoder": leaky(lambda: OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["city"]),
    "target encoder": leaky(TargetEncoder, ["city"]),
    "bins": leaky(lambda: KBinsDiscretizer(3, encode="ordinal")),
    "feature selection": leaky(lambda: SelectKBest(f_classif, k=1)),
}


def test_honest_preprocessing_has_no_finding():
    data = mixed()
    for seed in range(3):
        assert prove(honest, data, make_split(data, seed=seed), seed) == ()


@pytest.mark.parametrize("kind", LEAKY)
def test_leaky_preprocessing_is_named(kind):
    data = mixed()
    split = make_split(data)
    (finding,) = prove(LEAKY[kind], data, split)
    assert (finding.check, finding.severity) == ("preprocessing-isolation", "critical")
    assert finding.details["parts"] and finding.rows


def test_fit_on_train_and_validation_names_validation():
    data = mixed()
    split = make_split(data)

    def fit(preprocessor, dataset, of):
        rows = np.flatnonzero(of.codes <= 1)
        return preprocessor.fit(dataset.X.iloc[rows], dataset.y.iloc[rows])

    (finding,) = prove(honest, data, split, fit=fit)
    assert finding.details["parts"] == ["validation"]
    assert set(finding.rows) <= set(split.positions("validation").tolist())


def test_a_constant_taken_from_all_rows():
    data = mixed()
    split = make_split(data)

    def factory(dataset):
        return make_column_transformer(
            (SimpleImputer(strategy="constant", fill_value=dataset.X["dose"].mean()), ["dose"])
        )

    assert prove(factory, data, split)[0].severity == "critical"


def test_what_differs_without_a_reason_is_told():
    class Restless(FittedBefore):
        calls = 0

        def fit(self, X, y=None):
            Restless.calls += 1
            self.number_ = Restless.calls
            return self

        def transform(self, X):
            return np.zeros((len(X), 1))

    data = mixed()
    (finding,) = prove(lambda dataset: Restless(None, []), data, make_split(data))
    assert finding.severity == "warning" and "Restless.number_" in finding.details["unstable"]


def test_perturbed_changes_all_of_these_rows_and_no_other():
    visits = pd.array(np.where(np.arange(200) % 9, np.arange(200) % 7, None), dtype="Int64")
    data = replace(mixed(), X=mixed().X.assign(seen=pd.Timestamp("2024-01-01"), visits=visits))
    rows = np.arange(150, 200)
    new = perturbed(data, rows, 3)
    assert new.X.iloc[:150].equals(data.X.iloc[:150]) and new.y.iloc[:150].equals(data.y.iloc[:150])
    assert (new.X.dtypes == data.X.dtypes).all()
    assert (new.y.iloc[150:] != data.y.iloc[150:]).all()
    changed = new.X.iloc[150:].astype(str) != data.X.iloc[150:].astype(str)
    assert changed.mean().min() > 0.7, changed.mean()
