"""What can go wrong in the training pipeline; the names are those of the document (seed 002)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trainer_tui.training.finding import one_line

if TYPE_CHECKING:
    from trainer_tui.training.finding import Finding


class ModelTrainerError(Exception):
    """Base of all of them: its text is one sentence for a user, in one line whatever the data is called."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class DataSourceError(ModelTrainerError):
    """The data cannot be read, or has not what was asked of it."""


class QCGateBlockedError(ModelTrainerError):
    """The quality check of the data failed: nothing is trained on it."""

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class SplitRatioViolationError(ModelTrainerError):
    """A split is larger or smaller than it may be."""


class DataLeakageError(ModelTrainerError):
    """Something of the validation, test or holdout rows is in what the model learns from."""

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class SplitLockedError(ModelTrainerError):
    """The test set was evaluated already, or the holdout is locked: the database refuses."""


class TrainingFailedError(ModelTrainerError):
    """The final model could not be trained."""


class HyperparameterTuningError(ModelTrainerError):
    """No trial of the search came to a result."""
