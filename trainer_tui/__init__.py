"""trainer-tui: a supervisor for training runs. Training scripts need `TrainingRun` alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainer_tui.runs.training_run import TrainingRun

__version__ = "0.1.0"
__all__ = ["TrainingRun", "__version__"]


def __getattr__(name: str) -> object:
    if name != "TrainingRun":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Imported when it is asked for: only scripts need it, and every command would wait for it.
    from trainer_tui.runs.training_run import TrainingRun

    return TrainingRun
