"""Small tables for the tests of preprocessing, algorithms and tuning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from trainer_tui.training.dataset import Column, Dataset, Task
from trainer_tui.training.splits.split import RATIOS, Split


def dataset(X: pd.DataFrame, y: Any, task: Task, **kinds: Any) -> Dataset:
    """A Dataset of these columns; kinds by name, else numeric for numbers and categorical for the rest."""
    columns = tuple(
        Column(
            str(name),
            kinds.get(str(name), "numeric" if dtype.kind in "if" else "categorical"),
            int(X[name].isna().sum()),
            int(X[name].nunique()),
        )
        for name, dtype in X.dtypes.items()
    )
    target = pd.Series(np.asarray(y), index=X.index, name="y")
    classes = () if task == "regression" else tuple(range(int(target.max()) + 1))
    return Dataset("table", X, target, task, columns, "y", classes, fingerprint="f" * 64)


def split(rows: int, seed: int = 0) -> Split:
    """A random split in the usual shares."""
    edges = np.cumsum([round(rows * share) for share in list(RATIOS.values())[:3]])
    codes = np.searchsorted(edges, np.arange(rows), side="right").astype(np.int8)
    return Split(
        pd.RangeIndex(rows), np.random.default_rng(seed).permutation(codes), "random", seed, split_id="s"
    )


def blobs(task: Task, rows: int = 120, columns: int = 5, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Numbers that say something about the target, and noise."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(rows, columns)), columns=[f"x{k}" for k in range(columns)])
    signal = 2 * X["x0"] - X["x1"] + 0.3 * rng.normal(size=rows)
    if task == "regression":
        return X, 50 + 10 * signal.to_numpy()
    k = 2 if task == "binary" else 3
    return X, pd.qcut(signal, k, labels=False).to_numpy().astype(np.int64)
