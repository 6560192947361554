"""The proof that preprocessing saw train only: every other row is changed, and nothing that was fitted may
change."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trainer_tui.training.finding import Finding
from trainer_tui.training.leakage.state import differences, state_of
from trainer_tui.training.splits.split import PARTS

if TYPE_CHECKING:
    import numpy.typing as npt

    from trainer_tui.training.dataset import Dataset
    from trainer_tui.training.splits.split import Split

Make = Callable[["Dataset"], Any]
Fit = Callable[[Any, "Dataset", "Split"], Any]


def fit_on_train(preprocessor: Any, dataset: Dataset, split: Split) -> Any:
    """How the pipeline fits: features and target of the train rows."""
    rows = split.positions("train")
    return preprocessor.fit(dataset.X.iloc[rows], dataset.y.iloc[rows])


def prove(
    make_preprocessor: Make, dataset: Dataset, split: Split, seed: int = 0, fit: Fit = fit_on_train
) -> tuple[Finding, ...]:
    """No finding: perturbing features and target of every row outside of train changes nothing that was
    fitted.

    make_preprocessor: takes the dataset (so that what it reads from it is put to the proof too), returns an
    unfitted transformer. fit: takes transformer, dataset and split, returns the fitted one. Compared are all
    fitted attributes, bit for bit, and what the train rows become. Rows in no part count as rows outside of
    train. The split's ids must be those of the dataset, in its order.
    """
    outside = np.flatnonzero(split.codes != 0)
    before = _fitted(make_preprocessor, fit, dataset, split)
    after = _fitted(make_preprocessor, fit, perturbed(dataset, outside, seed), split)
    different = differences(before, after)
    if not different:
        return ()
    # Something changed: would it have without the perturbation?
    unstable = differences(before, _fitted(make_preprocessor, fit, dataset, split))
    changed = sorted(set(different) - set(unstable))
    if unstable:
        return (
            Finding(
                check="preprocessing-isolation",
                severity="warning",
                message=(
                    f"Preprocessing fitted twice on the same rows differs in {', '.join(unstable[:3])}: "
                    "nothing can be "
                    "proved for that; give it a seed."
                ),
                details={"unstable": unstable[:20]},
            ),
            *(_finding(changed, dataset, split, make_preprocessor, fit, before, seed) if changed else ()),
        )
    return _finding(changed, dataset, split, make_preprocessor, fit, before, seed) if changed else ()


def _fitted(make: Make, fit: Fit, dataset: Dataset, split: Split) -> dict[str, str]:
    fitted = fit(make(dataset), dataset, split)
    state = state_of(fitted)
    train = fitted.transform(dataset.X.iloc[split.positions("train")])
    values = train.toarray() if hasattr(train, "toarray") else np.asarray(train)
    state["transform(train)"] = hashlib.sha256(
        values.tobytes() if values.dtype != object else repr(values.tolist()).encode()
    ).hexdigest()
    return state


def _finding(
    changed: list[str],
    dataset: Dataset,
    split: Split,
    make: Make,
    fit: Fit,
    before: dict[str, str],
    seed: int,
) -> tuple[Finding, ...]:
    seen = []
    for code, part in enumerate(PARTS[1:], start=1):
        rows = np.flatnonzero(split.codes == code)
        if differences(before, _fitted(make, fit, perturbed(dataset, rows, seed), split)):
            seen.append(part)
    rows = np.flatnonzero(np.isin(split.codes, [PARTS.index(part) for part in seen]))
    shown = [i.item() if isinstance(i, np.generic) else i for i in dataset.X.index[rows[:20]]]
    return (
        Finding(
            check="preprocessing-isolation",
            severity="critical",
            message=(
                "Preprocessing depends on rows outside of train "
                f"({', '.join(seen) or 'all of them together'}): changing "
                f"them changes {', '.join(changed[:3])}{' …' if len(changed) > 3 else ''}; fit it on "
                "train alone."
            ),
            rows=tuple(shown),
            affected=len(rows),
            details={"changed": changed[:20], "parts": seen},
        ),
    )


def perturbed(dataset: Dataset, rows: npt.NDArray[np.intp], seed: int) -> Dataset:
    """The dataset with other features and targets in these rows; types of columns stay what they are."""
    rng = np.random.default_rng(seed)
    X = dataset.X.copy(deep=False)  # each column is replaced, none is changed
    for j, name in enumerate(X.columns):
        X.isetitem(j, _other(X[name], rows, rng))
    y = dataset.y.copy()
    if dataset.task == "regression":
        y = _other(y, rows, rng)
    elif len(rows):
        k = max(len(dataset.classes), int(y.max()) + 1)
        new = y.to_numpy().copy()
        new[rows] = (new[rows] + 1 + rng.integers(0, max(k - 1, 1), len(rows))) % k
        y = pd.Series(new, index=y.index, name=y.name)
    return replace(dataset, X=X, y=y)


def _other(series: pd.Series, rows: npt.NDArray[np.intp], rng: np.random.Generator) -> pd.Series:
    values = series.copy()
    if not len(rows):
        return values
    kind = series.dtype.kind
    if isinstance(series.dtype, pd.CategoricalDtype):
        codes = series.cat.codes.to_numpy().copy()
        codes[rows] = (
            codes[rows] + 1 + rng.integers(0, max(len(series.cat.categories) - 1, 1), len(rows))
        ) % len(series.cat.categories)
        return pd.Series(
            pd.Categorical.from_codes(codes, dtype=series.dtype), index=series.index, name=series.name
        )
    if kind == "b":
        values.iloc[rows] = ~series.iloc[rows]
    elif kind in "iuf":
        plain = np.dtype(getattr(series.dtype, "numpy_dtype", series.dtype))
        numbers = np.abs(series.to_numpy(dtype=np.float64, na_value=np.nan))
        values.iloc[rows] = _far(float(np.nanmax(numbers, initial=1.0)), plain, len(rows), rng)
    elif kind in "Mm":
        values.iloc[rows] = series.iloc[rows] + pd.to_timedelta(rng.integers(4000, 9000, len(rows)), unit="D")
    else:
        new = np.array([f"perturbed {number}" for number in rng.integers(0, 1000, len(rows))], dtype=object)
        values.iloc[rows] = new
    return values


def _far(largest: float, plain: np.dtype[Any], count: int, rng: np.random.Generator) -> npt.NDArray[Any]:
    """Numbers far outside of what a column holds, some of them missing where its type can say so."""
    if plain.kind in "iu":
        high = int(min(float(np.iinfo(plain).max), 10 * largest + 1000))
        return rng.integers(high // 2, high, count).astype(plain)
    new = rng.normal(1000 * largest, 100 * largest, count)
    new[rng.random(count) < 0.2] = np.nan
    return new.astype(plain)
