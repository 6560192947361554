"""Leaks planted on purpose: one table for the tests and for the benchmark, and the sets that are clean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from trainer_tui.training.dataset import Dataset
from trainer_tui.training.splits.make import make_split
from trainer_tui.training.splits.split import Split

CLEAN = ("breast_cancer", "digits", "wine", "diabetes")


@cache
def clean(name: str) -> Dataset:
    """One of scikit-learn's bundled sets."""
    from sklearn import datasets

    loaded = getattr(datasets, f"load_{name}")(as_frame=True)
    regression = name == "diabetes"
    y = loaded.target.astype(np.float64 if regression else np.int64)
    classes = () if regression else tuple(str(label) for label in loaded.target_names)
    task: Any = "regression" if regression else "binary" if len(classes) == 2 else "multiclass"
    return Dataset(name, loaded.data, y, task, (), "target", classes, fingerprint=name)


def made(seed: int, n: int = 900, task: str = "binary", p: int = 6) -> Dataset:
    """A clean set: p columns, of which two matter."""
    rng = np.random.default_rng([seed, 7])
    X = pd.DataFrame(rng.normal(size=(n, p)), columns=[f"x{j}" for j in range(p)])
    score = X["x0"] + 0.5 * X["x1"] + rng.normal(size=n)
    y = score if task == "regression" else (score > 0.5).astype(np.int64)
    classes: tuple[str, ...] = () if task == "regression" else ("no", "yes")
    kind: Any = task
    return Dataset("made", X, y.rename("y"), kind, (), "y", classes, fingerprint=f"made{seed}")


def table(X: pd.DataFrame, y: Any, like: Dataset, **changes: Any) -> Dataset:
    """A dataset with these rows, numbered anew."""
    X = X.reset_index(drop=True)
    return replace(like, X=X, y=pd.Series(np.asarray(y), name=like.target), **changes)


Planted = tuple[Dataset, Split]


def duplicate_rows(seed: int) -> Planted:
    """40 rows stand twice."""
    base, rng = clean("breast_cancer"), np.random.default_rng(seed)
    rows = np.concatenate([np.arange(len(base)), rng.choice(len(base), 40, replace=False)])
    data = table(base.X.iloc[rows], base.y.iloc[rows], base)
    return data, make_split(data, seed=seed)


def patient_in_two_splits(seed: int) -> Planted:
    """Patients are declared, and two rows of one were put into other parts."""
    base, rng = made(seed), np.random.default_rng(seed)
    data = replace(base, groups=pd.Series(rng.integers(0, 200, len(base)), name="patient"))
    split = make_split(data, seed=seed)
    codes = split.codes.copy()
    patients = data.groups.to_numpy()[split.positions("train")]  # type: ignore[union-attr]
    several = pd.Series(patients).value_counts().index[0]
    codes[np.flatnonzero((data.groups == several).to_numpy())[:2]] = [2, 3]
    return data, replace(split, codes=codes)


def future_rows(seed: int) -> Planted:
    """A split by time, some of whose train rows are later than the first test rows."""
    base, rng = made(seed), np.random.default_rng(seed)
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.random(len(base)) * 300, unit="D")
    data = replace(base, times=pd.Series(when, name="visit"))
    split = make_split(data, seed=seed, gap="3d")
    codes = split.codes.copy()
    codes[rng.choice(split.positions("test"), 5, replace=False)] = 0
    return data, replace(split, codes=codes)


def target_copy(seed: int) -> Planted:
    """A column made of the target, in another scale, with a little noise."""
    base, rng = clean("breast_cancer"), np.random.default_rng(seed)
    data = table(base.X.assign(finding=base.y * 3.0 + rng.normal(0, 0.4, len(base))), base.y, base)
    return data, make_split(data, seed=seed)


def target_encoding(seed: int) -> Planted:
    """A city, replaced by the mean target of its rows, of all of them."""
    base, rng = made(seed), np.random.default_rng(seed)
    city = rng.integers(0, 40, len(base))
    data = table(base.X.assign(city_rate=base.y.groupby(city).transform("mean")), base.y, base)
    return data, make_split(data, seed=seed)


def scaler_on_all(seed: int) -> Planted:
    """All columns standardised before the data came here."""
    from sklearn.preprocessing import StandardScaler

    base = clean("wine")
    data = table(
        base.X.assign(**dict(zip(base.X, StandardScaler().fit_transform(base.X).T, strict=True))),
        base.y,
        base,
    )
    return data, make_split(data, seed=seed)


def imputer_on_all(seed: int) -> Planted:
    """Missing values of one column filled with the mean of all rows."""
    base, rng = clean("breast_cancer"), np.random.default_rng(seed)
    column = base.X["mean texture"].where(rng.random(len(base)) > 0.1)
    data = table(base.X.assign(**{"mean texture": column.fillna(column.mean())}), base.y, base)
    return data, make_split(data, seed=seed)


def oversampled(seed: int) -> Planted:
    """The smaller class drawn again until both are equal, then split."""
    base, rng = clean("breast_cancer"), np.random.default_rng(seed)
    small = np.flatnonzero(base.y == 0)
    rows = np.concatenate([np.arange(len(base)), rng.choice(small, (base.y == 1).sum() - len(small))])
    data = table(base.X.iloc[rows], base.y.iloc[rows], base)
    return data, make_split(data, seed=seed)


def augmented(seed: int) -> Planted:
    """60 rows with a little noise beside the originals."""
    base, rng = clean("breast_cancer"), np.random.default_rng(seed)
    rows = rng.choice(len(base), 60, replace=False)
    noisy = base.X.iloc[rows] + rng.normal(0, 0.02, (60, base.X.shape[1])) * base.X.std().to_numpy()
    data = table(pd.concat([base.X, noisy]), np.concatenate([base.y, base.y.iloc[rows]]), base)
    return data, make_split(data, seed=seed)


def lagged_target(seed: int) -> Planted:
    """The target of the next row as a feature."""
    base = clean("diabetes")
    data = table(base.X.assign(previous=base.y.shift(-1).fillna(0)), base.y, base)
    return data, make_split(data, seed=seed)


def undeclared_patient(seed: int) -> Planted:
    """The patient's number is a feature; all rows of a patient have one target."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(180), 5)
    sick = rng.integers(0, 2, 180)
    base = made(seed, n=900)
    data = table(base.X.assign(patient=rng.permutation(180)[patient]), sick[patient], base)
    return data, make_split(data, seed=seed)


def row_number(seed: int) -> Planted:
    """The file was sorted by class, and its row number is a feature."""
    base = clean("wine")
    order = np.argsort(base.y.to_numpy(), kind="stable")
    data = table(
        base.X.iloc[order].assign(number=np.arange(len(base)) * 1.0 + 1000), base.y.iloc[order], base
    )
    return data, make_split(data, seed=seed)


@dataclass(frozen=True, slots=True)
class Leak:
    """One kind of leak, and the check that must find it."""

    plant: Callable[[int], Planted]
    check: str
    severity: str


LEAKS: dict[str, Leak] = {
    "duplicate rows": Leak(duplicate_rows, "exact-duplicates", "critical"),
    "patient in two splits": Leak(patient_in_two_splits, "group-overlap", "critical"),
    "future rows": Leak(future_rows, "time-order", "critical"),
    "target copy": Leak(target_copy, "target-leakage", "warning"),
    "target encoding on all data": Leak(target_encoding, "target-encoding", "critical"),
    "scaler fitted on all": Leak(scaler_on_all, "fitted-on-all", "warning"),
    "imputer fitted on all": Leak(imputer_on_all, "fitted-on-all", "warning"),
    "oversampling before the split": Leak(oversampled, "exact-duplicates", "critical"),
    "augmented rows": Leak(augmented, "near-duplicates", "warning"),
    "target of another row": Leak(lagged_target, "lagged-target", "critical"),
    "undeclared patient id": Leak(undeclared_patient, "hidden-group", "warning"),
    "row number": Leak(row_number, "id-like", "warning"),
}
"""The twelve kinds. Feature selection on all data leaves no trace in the data: `isolation.prove` finds it."""


def smoothed_encoding(seed: int) -> Planted:
    """Target means drawn towards the mean of all rows, as encoders do."""
    base, rng = made(seed), np.random.default_rng(seed)
    by_city = base.y.groupby(rng.integers(0, 40, len(base)))
    sums, counts = by_city.transform("sum"), by_city.transform("count")
    data = table(base.X.assign(city_rate=(sums + 10 * base.y.mean()) / (counts + 10)), base.y, base)
    return data, make_split(data, seed=seed)


def exact_copy(seed: int) -> Planted:
    """A monotone function of a numeric target."""
    base = made(seed, task="regression")
    data = table(base.X.assign(effect=np.exp(base.y)), base.y, base)
    return data, make_split(data, seed=seed)


def addends(seed: int) -> Planted:
    """The target is the sum of two columns."""
    base = made(seed, task="regression")
    data = table(base.X.assign(rest=base.y - base.X["x0"]), base.y, base)
    return data, make_split(data, seed=seed)


def ranged_on_all(seed: int) -> Planted:
    """All columns brought to 0 … 1 over all rows; the lowest and highest of some are outside of train."""
    base = clean("wine")
    low, high = base.X.min(), base.X.max()
    data = table((base.X - low) / (high - low), base.y, base)
    return data, make_split(data, seed=seed)


def named_rows(seed: int) -> Planted:
    """A hash for each row as a feature."""
    base = made(seed)
    names = [f"{i * 2654435761 % 2**32:08x}" for i in range(len(base))]
    data = table(base.X.assign(key=names), base.y, base)
    return data, make_split(data, seed=seed)


def drifted(seed: int) -> Planted:
    """Validation, test and holdout were measured with another instrument."""
    base = made(seed)
    split = make_split(base, seed=seed)
    X = base.X.copy()
    X.loc[split.codes > 0, "x3"] += 1.5
    return replace(base, X=X), split


def synthetic_rows(seed: int) -> Planted:
    """Rows between neighbours of the smaller class (SMOTE), made before the split."""
    from sklearn.neighbors import NearestNeighbors

    base, rng = clean("breast_cancer"), np.random.default_rng(seed)
    small = base.X[base.y == 0].to_numpy()
    scaled = (small - small.mean(axis=0)) / small.std(axis=0)
    mates = NearestNeighbors(n_neighbors=6).fit(scaled).kneighbors(scaled, return_distance=False)
    one = rng.integers(0, len(small), 145)
    other = mates[one, rng.integers(1, 6, 145)]
    new = small[one] + rng.random((145, 1)) * (small[other] - small[one])
    X = pd.concat([base.X, pd.DataFrame(new, columns=base.X.columns)])
    data = table(X, np.concatenate([base.y, np.zeros(145)]).astype(np.int64), base)
    return data, make_split(data, seed=seed)


def yesterday(seed: int) -> Planted:
    """The target of the row before, in a split that mixes the rows."""
    base = made(seed, task="regression")
    data = table(base.X.assign(previous=base.y.shift(1).fillna(0)), base.y, base)
    return data, make_split(data, seed=seed)


VARIANTS: dict[str, Leak] = {
    "smoothed target encoding": Leak(smoothed_encoding, "target-encoding", "critical"),
    "exact copy": Leak(exact_copy, "target-leakage", "critical"),
    "addends of the target": Leak(addends, "target-leakage", "warning"),
    "ranges of all rows": Leak(ranged_on_all, "fitted-on-all", "warning"),
    "names of rows": Leak(named_rows, "id-like", "warning"),
    "other instrument": Leak(drifted, "adversarial-validation", "warning"),
    "synthetic rows": Leak(synthetic_rows, "near-duplicates", "warning"),
    "target of the row before": Leak(yesterday, "lagged-target", "critical"),
}
