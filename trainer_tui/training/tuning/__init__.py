"""The search for algorithm and hyperparameters on the validation rows, with Optuna; what it needs is imported
with first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from trainer_tui.training.tuning.records import TrialRecord, Tuned

if TYPE_CHECKING:
    from trainer_tui.training.tuning.importance import importances
    from trainer_tui.training.tuning.tuner import refit, tune

__all__ = ["TrialRecord", "Tuned", "importances", "refit", "tune"]

_HOMES = {"importances": "importance", "refit": "tuner", "tune": "tuner"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
