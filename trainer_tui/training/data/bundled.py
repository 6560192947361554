"""The sets that scikit-learn brings along, by name; nothing is downloaded.

Source: scikit-learn, "Toy datasets".
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from trainer_tui.training.data.raw import Raw
from trainer_tui.training.errors import DataSourceError

LOADERS: dict[str, str] = {
    "breast_cancer": "load_breast_cancer",
    "digits": "load_digits",
    "wine": "load_wine",
    "diabetes": "load_diabetes",
    "iris": "load_iris",
    "linnerud": "load_linnerud",
}


def read(name: str, target: str = "") -> Raw:
    """A set as scikit-learn codes it: column `target` with 0 … k−1 and the labels behind. Raises
    DataSourceError."""
    try:
        import sklearn.datasets
    except ImportError as error:
        raise DataSourceError(
            f"sklearn:{name} needs scikit-learn: pip install 'trainer-tui[sklearn]'."
        ) from error
    if name not in LOADERS:
        raise DataSourceError(f"scikit-learn brings no set {name!r}: take one of {', '.join(LOADERS)}.")
    bunch: Any = getattr(sklearn.datasets, LOADERS[name])()
    features = np.asarray(bunch.data, dtype=np.float64)
    columns = {str(label): pa.array(features[:, k]) for k, label in enumerate(bunch.feature_names)}
    targets = np.asarray(bunch.target)
    raw = Raw(
        pa.table(columns),
        name,
        f"sklearn:{name}",
        target="target",
        target_why="the target of the bundled set",
    )
    if targets.ndim == 1:
        raw.table = pa.table({**columns, "target": pa.array(targets)})
        if "target_names" in bunch:
            raw.labels = tuple(_plain(label) for label in bunch.target_names)
        return raw
    names = [str(label) for label in bunch.target_names]
    raw.table = pa.table({**columns, **{label: pa.array(targets[:, k]) for k, label in enumerate(names)}})
    raw.target = raw.target_why = ""
    if target not in names:
        raise DataSourceError(
            f"sklearn:{name} has {len(names)} targets: choose one with --target: {', '.join(names)}."
        )
    raw.left_out = {label: "another target of the set" for label in names if label != target}
    return raw


def _plain(label: Any) -> Any:
    return label.item() if isinstance(label, np.generic) and not isinstance(label, str) else str(label)
