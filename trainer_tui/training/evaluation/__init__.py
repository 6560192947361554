"""How good a model is: metrics, intervals, a comparison with the model before it.

The table of metrics is light; the rest imports numpy and comes with its first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from trainer_tui.training.evaluation.metrics import METRICS, Metric, better, default_metric, metrics_for

if TYPE_CHECKING:
    from trainer_tui.training.evaluation.assess import Evaluation, evaluate, value
    from trainer_tui.training.evaluation.intervals import Interval, bootstrap
    from trainer_tui.training.evaluation.paired import Comparison, compare
    from trainer_tui.training.evaluation.summary import validation_metrics
    from trainer_tui.training.evaluation.thresholds import Threshold, choose_threshold

__all__ = [
    "METRICS",
    "Comparison",
    "Evaluation",
    "Interval",
    "Metric",
    "Threshold",
    "better",
    "bootstrap",
    "choose_threshold",
    "compare",
    "default_metric",
    "evaluate",
    "metrics_for",
    "validation_metrics",
    "value",
]

_HOMES = {
    "Comparison": "paired",
    "Evaluation": "assess",
    "Interval": "intervals",
    "Threshold": "thresholds",
    "bootstrap": "intervals",
    "choose_threshold": "thresholds",
    "compare": "paired",
    "evaluate": "assess",
    "validation_metrics": "summary",
    "value": "assess",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
