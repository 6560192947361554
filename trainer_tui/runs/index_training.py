"""What a training knows of its own row: `training.json` in its run folder, column → value.

The training writes the file; whoever brings the index up to date lays it over what else the folder shows.
What has another form than its column is passed over: the file may be another version's, or damaged.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from trainer_tui.runs.files import read_json
from trainer_tui.runs.layout import RunFolder

FILE = "training.json"


def _text(length: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and 0 < len(value) <= length and "\0" not in value


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 31


def _document(value: Any) -> bool:
    return isinstance(value, dict)


COLUMNS: dict[str, Callable[[Any], bool]] = {
    "model_version_id": _text(255),
    "experiment_id": _text(255),
    "mlflow_run_id": _text(255),
    "algorithm_name": _text(255),
    "framework": _text(64),
    "hyperparameters": _document,
    "hyperparameter_space": _document,
    "tuning_trials": _count,
    "train_metrics": _document,
    "validation_metrics": _document,
    "test_metrics": _document,
    "train_samples": _count,
    "validation_samples": _count,
    "test_samples": _count,
    "model_artifact_uri": _text(4096),
    "preprocessing_artifact_uri": _text(4096),
    "trained_by": _text(64),
    "split_id": _text(64),
}
"""The columns of `ml_training_runs` that a training may fill, and what a value has to be.

How a run went (status, reason, times, memory) is what its supervisor saw, never what the training says.
"""


def of_training(run: RunFolder) -> dict[str, Any]:
    """The columns that the training of this run filled; empty for any other run."""
    said = read_json(run.path / FILE) or {}
    return {name: said[name] for name, fits in COLUMNS.items() if name in said and fits(said[name])}


def plain(value: Any) -> Any:
    """A value that every database takes: no NaN, no infinity (None instead), no NUL in texts."""
    if isinstance(value, dict):
        return {str(plain(key)): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        return value.replace("\0", "").encode(errors="replace").decode()
    return value
