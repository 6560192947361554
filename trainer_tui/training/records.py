"""What a training comes to: the document's dataclasses (seed 002), filled in by the pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class ModelCandidate:
    """What is to be trained: an algorithm by its name, or `auto` for the search among several."""

    model_version_id: str
    algorithm_name: str
    hyperparameter_space: dict[str, Any] = field(default_factory=dict)
    """Name → list of choices, (low, high), (low, high, "log" | "int" | "log-int"); empty: built-in."""
    default_hyperparameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A trained model and where its parts are."""

    training_run_id: str
    model_version_id: str
    experiment_id: str
    algorithm_name: str
    framework: str
    best_hyperparameters: dict[str, Any]
    tuning_trials: int
    model_artifact_uri: str
    preprocessing_artifact_uri: str
    training_samples: int
    training_duration_seconds: float
    training_completed_at: datetime
    mlflow_run_id: str = ""


@dataclass(frozen=True, slots=True)
class ValidationMetrics:
    """How good it is. None: the task has it not (an AUC in regression), or it was not measured."""

    training_run_id: str
    train_metrics: dict[str, float]
    validation_metrics: dict[str, float]
    test_metrics: dict[str, float]
    """Empty when the test set was not evaluated; `test_refused` says why."""
    auc: float | None = None
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    pr_auc: float | None = None
    brier_score: float | None = None
    calibration_error: float | None = None
    optimal_threshold: float | None = None
    """Found on validation, never on test."""
    precision_at_k: dict[int, float] = field(default_factory=dict)
    confidence_interval: dict[str, tuple[float, float]] = field(default_factory=dict)
    bootstrap_samples: int = 0
    test_refused: str = ""
