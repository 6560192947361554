"""trainer-tui: a supervisor for training runs. Training scripts need `TrainingRun` alone."""

from __future__ import annotations

from trainer_tui.runs.training_run import TrainingRun

__version__ = "0.1.0"
__all__ = ["TrainingRun", "__version__"]
