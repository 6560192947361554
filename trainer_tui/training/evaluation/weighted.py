"""Metrics as functions of row weights: one set of counts is one resample, all ones the sample itself.

So the value, its bootstrap and its jackknife come from one formula. NaN stands for undefined, quietly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from trainer_tui.training.evaluation.by_error import error_statistics
from trainer_tui.training.evaluation.by_label import label_statistics
from trainer_tui.training.evaluation.by_probability import probability_statistics
from trainer_tui.training.evaluation.by_rank import rank_statistics
from trainer_tui.training.evaluation.metrics import METRICS, Needs
from trainer_tui.training.evaluation.rows import Floats, Scored

Statistics = Callable[[Floats], dict[str, Floats]]
"""(B, n) weights → name → (B,) values."""

_FAMILIES: dict[Needs, Callable[[Scored], Statistics]] = {
    "scores": rank_statistics,
    "labels": label_statistics,
    "probabilities": probability_statistics,
    "values": error_statistics,
}


def statistics(rows: Scored, names: Iterable[str]) -> Statistics:
    """The metrics of those names as one function of the weights; those without an interval are left out."""
    wanted = [name for name in names if METRICS[name].interval and rows.task in METRICS[name].tasks]
    needs = {METRICS[name].needs for name in wanted}
    if not rows.probabilities:
        needs -= {"probabilities"}
    parts = [make(rows) for need, make in _FAMILIES.items() if need in needs]

    def of(weights: Floats) -> dict[str, Floats]:
        with np.errstate(divide="ignore", invalid="ignore"):
            found = {name: values for part in parts for name, values in part(weights).items()}
        return {name: found[name] for name in wanted if name in found}

    return of


def ones(rows: Scored) -> Floats:
    """(1, n): the weights of the sample itself."""
    return np.ones((1, len(rows)))
