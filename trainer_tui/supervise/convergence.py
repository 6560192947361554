"""Whether a run converged: by the model's own condition, else by the last quarter of its main metric."""

from __future__ import annotations

import math
from dataclasses import dataclass

from trainer_tui.runs.conditions import parse_condition
from trainer_tui.runs.history import History

SETTLED_SHARE = 0.02
"""Converged: the last quarter of the run gained less than this share of all that the run gained."""

MIN_ROWS = 8


@dataclass(frozen=True, slots=True)
class Convergence:
    """The finding: True, False, or None when nobody can say."""

    converged: bool | None
    sentence: str


def convergence(history: History, main_metric: str, condition: str) -> Convergence:
    """Judge a history. `condition`: a column and its bound, e.g. `rhat < 1.05`; empty: the default test.

    A column that is not finite in its last row did not converge, whatever came before.
    """
    column = parse_condition(condition).column if condition else _main_column(history, main_metric)
    if column not in history.columns:
        have = ", ".join(history.metrics())
        return Convergence(
            None, f"the history has no column {column or main_metric} to judge by; it has {have}"
        )
    if history.rows and not math.isfinite(history.columns[column][-1]) and _was_logged_last(history, column):
        return Convergence(False, f"{column} is {history.columns[column][-1]} in the last row")
    if condition:
        return _declared(history, condition)
    values = [v for v in history.columns[column] if math.isfinite(v)]
    if len(values) < MIN_ROWS:
        return Convergence(None, f"{len(values)} finite values of {column} are too few to judge by")
    return _settled(column, values)


def _declared(history: History, condition: str) -> Convergence:
    column, allowed = parse_condition(condition)
    last = history.last(column)
    if last is None:
        return Convergence(None, f"the history has no finite {column} to hold against {condition}")
    verdict = last in allowed
    return Convergence(
        verdict, f"{column} ended at {last:.4g}; {condition} {'holds' if verdict else 'does not hold'}"
    )


def _settled(column: str, values: list[float]) -> Convergence:
    smaller_is_better = "loss" in column.lower() or "err" in column.lower() or values[-1] <= values[0]
    signed = values if smaller_is_better else [-v for v in values]
    quarter = max(1, len(signed) // 4)
    best_before, best = min(signed[:-quarter]), min(signed)
    gained, gained_late = signed[0] - best, best_before - best
    if gained <= 0:
        return Convergence(False, f"{column} never improved on its first value {values[0]:.4g}")
    share = gained_late / gained
    best_value = best if smaller_is_better else -best
    return Convergence(
        share <= SETTLED_SHARE,
        f"the last quarter of the run brought {share:.1%} of the gain in {column} (best {best_value:.4g})",
    )


def _was_logged_last(history: History, column: str) -> bool:
    """Whether the end of a column is a value, not the gap of a metric that is logged now and then."""
    others = [name for name in history.metrics() if name != column]
    gaps = sum(not math.isfinite(v) for v in history.columns[column][:-1])
    return gaps < history.rows / 4 or all(not math.isfinite(history.columns[name][-1]) for name in others)


def _main_column(history: History, main_metric: str) -> str | None:
    for name in (main_metric, "val_loss", "train_loss", "loss"):
        if name in history.columns:
            return name
    return None
