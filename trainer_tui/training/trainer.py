"""`Trainer`: the pipeline from Python, in a script of one's own.

    from trainer_tui.training import Trainer

    trained, metrics = Trainer("patients.csv", target="relapse", group="patient_id").fit()

Under `trainer-tui watch` the script's run is used; without a supervisor it is a full run of its own.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer_tui.training.errors import DataSourceError
from trainer_tui.training.spec import TrainSpec

if TYPE_CHECKING:
    import pandas as pd

    from trainer_tui.runs.training_run import TrainingRun
    from trainer_tui.training.records import ModelCandidate, TrainedModel, ValidationMetrics


class Trainer:
    """One training: what `trainer-tui train` does, from Python."""

    def __init__(
        self,
        data: str | Path | pd.DataFrame,
        target: str = "",
        *,
        candidate: ModelCandidate | None = None,
        **options: Any,
    ) -> None:
        """data: a source as `trainer-tui train` takes it, or a frame. candidate: one algorithm with its own
        space, instead of the search among all. options: the other fields of `TrainSpec`.

        Raises TypeError for an option that there is not.
        """
        self.candidate = candidate
        self._frame = None if isinstance(data, str | Path) else data
        source = str(data) if self._frame is None else ""
        name = options.pop("name", "") or (Path(sys.argv[0]).stem if sys.argv else "") or "training"
        self.spec = TrainSpec(source=source, name=name, target=target, **options)

    def fit(self, run: TrainingRun | None = None) -> tuple[TrainedModel, ValidationMetrics]:
        """Train, tune, judge; what is left behind is in the run's folder.

        Raises QCGateBlockedError, SplitRatioViolationError, DataLeakageError, HyperparameterTuningError,
        TrainingFailedError and the other ModelTrainerErrors.
        """
        from trainer_tui.runs.training_run import TrainingRun
        from trainer_tui.training.pipeline import train

        with run or TrainingRun.current() as current:
            spec = self.spec
            if self._frame is not None:
                spec = replace(spec, source=str(_kept(self._frame, current.folder)))
            return train(spec, current, candidate=self.candidate)


def _kept(frame: pd.DataFrame, folder: Path) -> Path:
    """The frame as a file of the run: what it was trained on can be looked up later."""
    path = folder / "data.parquet"
    try:
        frame.to_parquet(path)
    except (ValueError, TypeError, ImportError) as error:
        raise DataSourceError(f"The frame cannot be kept as a table: {error}.") from error
    return path
