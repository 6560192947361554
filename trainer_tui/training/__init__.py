"""The training pipeline: data, splits that cannot leak, tuning, honest evaluation, tracking.

Imports nothing heavy; what a name needs is imported where it is used.
"""

from trainer_tui.training.errors import (
    DataLeakageError,
    DataSourceError,
    HyperparameterTuningError,
    ModelTrainerError,
    QCGateBlockedError,
    SplitLockedError,
    SplitRatioViolationError,
    TrainingFailedError,
)
from trainer_tui.training.records import ModelCandidate, TrainedModel, ValidationMetrics
from trainer_tui.training.spec import TrainSpec
from trainer_tui.training.trainer import Trainer

__all__ = [
    "DataLeakageError",
    "DataSourceError",
    "HyperparameterTuningError",
    "ModelCandidate",
    "ModelTrainerError",
    "QCGateBlockedError",
    "SplitLockedError",
    "SplitRatioViolationError",
    "TrainSpec",
    "TrainedModel",
    "Trainer",
    "TrainingFailedError",
    "ValidationMetrics",
]
