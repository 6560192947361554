"""Applies a saved model to new rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trainer_tui.training.algorithms.scores import scores_of
from trainer_tui.training.artifacts.manifest import ArtifactError
from trainer_tui.training.artifacts.store import Loaded, load
from trainer_tui.training.errors import DataSourceError
from trainer_tui.training.evaluation.rows import DEFAULT_THRESHOLD

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Task


def predict(folder: Path | Loaded, rows: pd.DataFrame, allow_pickle: bool = False) -> pd.DataFrame:
    """(n, …) raw rows → (n, …) `prediction`, and for classes `probability` of the positive one, or
    `probability_LABEL` of each; the index of `rows` is kept, columns that the model does not know are passed
    over.

    Raises ArtifactError as `load`, DataSourceError for a column that is missing or cannot be read.
    """
    loaded = folder if isinstance(folder, Loaded) else load(folder, allow_pickle)
    facts = loaded.facts
    if not facts.get("task") or "columns" not in facts:
        raise ArtifactError("The model was saved without its columns, so rows cannot be read for it.")
    task: Task = facts["task"]
    names = [column["name"] for column in facts["columns"]]
    missing = [name for name in names if name not in rows.columns]
    if missing:
        raise DataSourceError(
            f"The rows have no column {', '.join(missing)}, which the model needs; "
            f"it uses {', '.join(names)}."
        )
    classes = facts.get("classes") or []
    if not len(rows):
        return _frame(np.empty((0, len(classes)) if task == "multiclass" else 0), facts, rows.index)
    try:
        features = loaded.preprocessor.transform(rows[names])
    except (TypeError, ValueError) as problem:
        raise DataSourceError(f"The rows cannot be read as those of the training: {problem}") from problem
    return _frame(scores_of(loaded.model, features, task, len(classes)), facts, rows.index)


def _frame(scores: Any, facts: dict[str, Any], index: Any) -> pd.DataFrame:
    classes = facts.get("classes") or []
    if facts["task"] == "regression":
        return pd.DataFrame({"prediction": scores}, index=index)
    labels = np.array(classes, dtype=object)
    if facts["task"] == "binary":
        given = facts.get("threshold")
        positive = scores >= (DEFAULT_THRESHOLD if given is None else given)
        return pd.DataFrame({"prediction": labels[positive.astype(int)], "probability": scores}, index=index)
    columns = {f"probability_{label}": scores[:, code] for code, label in enumerate(classes)}
    return pd.DataFrame({"prediction": labels[scores.argmax(axis=1)], **columns}, index=index)
