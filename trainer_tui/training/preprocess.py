"""From raw columns to numbers: imputation, encoding, scaling; everything that is learned is learned in `fit`.

What depends on values (categories, medians, which columns are constant or have many categories) is decided on
the rows given to `fit`, never on the dataset. Source: scikit-learn user guide, "Preprocessing data",
"Imputation of missing values".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trainer_tui.training.errors import TrainingFailedError

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Dataset

ONE_HOT = 32
"""Columns that one category column becomes at most; the rarest share the last."""
RARE = 5
"""Train rows below which a category goes into the bucket of the infrequent ones."""
CODES = 255
"""Codes of an ordinal column; what tree libraries can bin."""
SHOWN_CATEGORIES = 50
"""Categories kept in the statistics of a column; their number is kept too."""
MISSING = "(missing)"
DATE_PARTS = ("year", "month", "day", "weekday", "hour", "days")

_GROUPS = {"numeric": "numeric", "boolean": "boolean", "datetime": "datetime"}


class Cardinality:
    """Chooses columns by how many categories they have in the rows given to `fit`."""

    def __init__(self, names: list[str], more_than: int = 0, at_most: int | None = None) -> None:
        self.names = names
        self.more_than = more_than
        self.at_most = at_most

    def __call__(self, X: pd.DataFrame) -> list[str]:
        found = []
        for name in self.names:
            distinct = int(X[name].nunique(dropna=False))
            if distinct > self.more_than and (self.at_most is None or distinct <= self.at_most):
                found.append(name)
        return found


def make_preprocessor(dataset: Dataset, scale: bool) -> Any:
    """An unfitted scikit-learn Pipeline: DataFrame (n, p) → float64 array (n, q); only kinds of columns are
    read from the dataset.

    scale: numbers to mean 0 and variance 1, every category column one-hot. Without it, as trees want it:
    numbers as they are, columns of more than `ONE_HOT` categories as codes. Missing numbers become the
    median, with an indicator column where train has missing ones; unseen categories fall into the bucket of
    the rare ones; what is constant in train is dropped. Deterministic.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_selection import VarianceThreshold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder

    columns = _by_group(dataset)
    text = FunctionTransformer(as_text, feature_names_out="one-to-one")
    one_hot = OneHotEncoder(
        handle_unknown="infrequent_if_exist", sparse_output=False, min_frequency=RARE, max_categories=ONE_HOT
    )
    parts: list[tuple[str, Any, Any]] = []
    if columns["numeric"]:
        parts.append(("numeric", _numbers(scale, "median", as_finite), columns["numeric"]))
    if columns["boolean"]:
        parts.append(("boolean", _numbers(scale, "most_frequent", as_finite), columns["boolean"]))
    if columns["datetime"]:
        parts.append(("datetime", _numbers(scale, "median", date_parts, date_names), columns["datetime"]))
    if columns["categorical"] and scale:
        parts.append(("categorical", make_pipeline(text, one_hot), columns["categorical"]))
    if columns["categorical"] and not scale:
        codes = OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=-1, min_frequency=RARE, max_categories=CODES
        )
        few, many = (
            Cardinality(columns["categorical"], 0, ONE_HOT),
            Cardinality(columns["categorical"], ONE_HOT),
        )
        parts.append(("categorical", make_pipeline(text, one_hot), few))
        parts.append(("codes", make_pipeline(text, codes), many))
    if not parts:
        raise TrainingFailedError(
            f"{dataset.name} has no column that a model could use: name one with data in it."
        )
    return make_pipeline(ColumnTransformer(parts, sparse_threshold=0.0), VarianceThreshold())


def _by_group(dataset: Dataset) -> dict[str, list[str]]:
    kinds = {column.name: column.kind for column in dataset.columns}
    groups: dict[str, list[str]] = {"numeric": [], "boolean": [], "datetime": [], "categorical": []}
    for name, dtype in dataset.X.dtypes.items():
        kind = _GROUPS.get(kinds.get(str(name), ""), "categorical")
        if kind != "categorical" and kind != "datetime" and dtype.kind not in "biuf":
            kind = "categorical"
        if (
            kind == "categorical"
            and kinds.get(str(name)) not in ("categorical", "text")
            and dtype.kind in "iuf"
        ):
            kind = "numeric"
        groups[kind].append(str(name))
    return groups


def _numbers(scale: bool, strategy: str, read: Any, names: Any = "one-to-one") -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    steps = [
        FunctionTransformer(read, feature_names_out=names),
        # A column without any value in train becomes a constant, which is dropped at the end.
        SimpleImputer(strategy=strategy, add_indicator=read is as_finite, keep_empty_features=True),
    ]
    return make_pipeline(*steps, StandardScaler()) if scale else make_pipeline(*steps)


def as_finite(X: Any) -> npt.NDArray[np.float64]:
    """(n, p) numbers or booleans as float64; infinities count as missing."""
    if isinstance(X, pd.DataFrame):
        values = np.column_stack(
            [X.iloc[:, k].to_numpy(dtype=np.float64, na_value=np.nan) for k in range(X.shape[1])]
        )
    else:
        values = np.array(X, dtype=np.float64)
    values[~np.isfinite(values)] = np.nan
    return values


def as_text(X: Any) -> npt.NDArray[np.object_]:
    """(n, p) categories as text: 1, 1.0 and "1" are the same; missing ones are a category of their own."""
    frame = X if isinstance(X, pd.DataFrame) else pd.DataFrame(X)
    result = np.empty(frame.shape, dtype=object)
    for k in range(frame.shape[1]):
        codes, labels = pd.factorize(
            frame.iloc[:, k].to_numpy(dtype=object, na_value=None), use_na_sentinel=True
        )
        texts = np.array([*map(_text, labels), MISSING], dtype=object)
        result[:, k] = texts[codes]
    return result


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def date_parts(X: Any) -> npt.NDArray[np.float64]:
    """(n, p) moments → (n, 6 p): year, month, day, weekday, hour, and days since 1970 as a fraction; NaN
    where missing."""
    frame = X if isinstance(X, pd.DataFrame) else pd.DataFrame(X)
    found = []
    for k in range(frame.shape[1]):
        moments = pd.to_datetime(frame.iloc[:, k], utc=True)
        days = (moments - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1)
        at = moments.dt
        found += [at.year, at.month, at.day, at.day_of_week, at.hour, days]
    return np.column_stack([part.to_numpy(dtype=np.float64, na_value=np.nan) for part in found])


def date_names(_transformer: Any, names: Any) -> npt.NDArray[np.object_]:
    """What `date_parts` makes of each column, by name."""
    return np.array([f"{name}.{part}" for name in names for part in DATE_PARTS], dtype=object)


def feature_names(fitted: Any) -> list[str]:
    """Names of the q columns that a fitted preprocessor gives: those of the data where no other has the same
    one."""
    full = [str(name) for name in fitted.get_feature_names_out()]
    short = [name.split("__", 1)[-1] for name in full]
    return [name if short.count(name) == 1 else whole for name, whole in zip(short, full, strict=True)]


def statistics(fitted: Any) -> dict[str, Any]:
    """What was learned, as plain data for JSON: medians, means and scales, categories (`SHOWN_CATEGORIES` at
    most, with their number), names of the features, and of the constant ones that were dropped."""
    table, kept = fitted[0], fitted[-1].get_support()
    names = [str(name).split("__", 1)[-1] for name in table.get_feature_names_out()]
    numbers: dict[str, dict[str, Any]] = {}
    categories: dict[str, dict[str, Any]] = {}
    for group, pipeline, columns in table.transformers_:
        if group in ("numeric", "boolean", "datetime"):
            numbers |= _number_statistics(pipeline, columns)
        elif group in ("categorical", "codes") and len(columns):
            categories |= _category_statistics(
                pipeline[-1], columns, "one-hot" if group == "categorical" else "codes"
            )
    return {
        "features": feature_names(fitted),
        "constant": [name for name, keep in zip(names, kept, strict=True) if not keep],
        "numeric": numbers,
        "categorical": categories,
    }


def _number_statistics(pipeline: Any, columns: Any) -> dict[str, dict[str, Any]]:
    imputer, names = pipeline[1], pipeline[0].get_feature_names_out(np.asarray(columns, dtype=object))
    with_missing = set() if imputer.indicator_ is None else set(imputer.indicator_.features_.tolist())
    scaler = pipeline[2] if len(pipeline) > 2 else None
    result: dict[str, dict[str, Any]] = {}
    for k, name in enumerate(names):
        result[str(name)] = {"filled_with": float(imputer.statistics_[k]), "indicator": k in with_missing}
        if scaler is not None:
            result[str(name)] |= {"mean": float(scaler.mean_[k]), "scale": float(scaler.scale_[k])}
    return result


def _category_statistics(encoder: Any, columns: Any, encoding: str) -> dict[str, dict[str, Any]]:
    rare = encoder.infrequent_categories_
    result: dict[str, dict[str, Any]] = {}
    for name, found, few in zip(columns, encoder.categories_, rare, strict=True):
        infrequent = [] if few is None else [str(value) for value in few]
        result[str(name)] = {
            "encoding": encoding,
            "categories": [str(value) for value in found[:SHOWN_CATEGORIES]],
            "count": len(found),
            "infrequent": infrequent[:SHOWN_CATEGORIES],
            "infrequent_count": len(infrequent),
        }
    return result
