"""One column that says the target: a copy, a function of it, or something measured after it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trainer_tui.training.finding import Finding
from trainer_tui.training.leakage.context import Context

Floats = npt.NDArray[np.float64]

SAMPLE = 20_000
"""Rows of train, and of validation, that a single column is judged by: the AUC is then known to about 0.003.
"""
AUC = 0.99
R2 = 0.98
SUSPICIOUS = frozenset({"target", "label", "outcome", "result", "prediction", "predicted", "y"})


def single_columns(context: Context) -> list[Finding]:
    """Each column alone: is the target a function of it, and how well does a small tree predict with it?"""
    train = np.sort(context.shuffled(context.train, SAMPLE))
    other = np.sort(context.shuffled(context.codes == 1, SAMPLE))
    if len(train) < 20 or len(other) < 5:
        return []
    found = []
    for name in context.names:
        values = context.column(name)
        proved = _function(context, values, train)
        if proved:
            found.append(_finding(context, name, "critical", proved, {}))
            continue
        score, low = _score(context, values, train, other)
        if low >= (R2 if context.dataset.task == "regression" else AUC):
            measure = "R²" if context.dataset.task == "regression" else "AUC"
            text = f"alone predicts the target of the validation rows with {measure} {score:.4f}"
            found.append(_finding(context, name, "warning", text, {measure: score, "low": low}))
    return found or _linear(context, train)


def _finding(context: Context, name: Any, severity: Any, text: str, details: dict[str, float]) -> Finding:
    alike = _named_alike(str(name), context.dataset.target)
    hint = ", and its name is like the target's" if alike else ""
    return Finding(
        check="target-leakage",
        severity=severity,
        message=(
            f'Column "{name}" {text}{hint}: leave it out (--drop {name}) if it is not known when predicting.'
        ),
        columns=(str(name),),
        affected=len(context.dataset),
        details={**details, "name_like_target": alike},
    )


def _named_alike(name: str, target: str) -> bool:
    """Evidence that supports, and never more: many honest columns have such names."""
    words = set(re.split(r"[^a-z0-9]+", name.lower()))
    wanted = set(re.split(r"[^a-z0-9]+", target.lower())) - {""}
    return bool(words & SUSPICIOUS) or (bool(wanted) and wanted <= words)


def _function(context: Context, values: Floats, train: npt.NDArray[np.intp]) -> str:
    """Why the target is a function of the column, by all rows; empty where it is not."""
    if context.dataset.task == "regression":
        if not _same_order(values[train], context.y[train]):
            return ""
        everywhere = np.isfinite(values) & np.isfinite(context.y)
        if _same_order(values[everywhere], context.y[everywhere]):
            return "is the target in another scale: the order of all rows is the same"
        return ""
    if not _pure(values[train], context.y[train]) or not _pure(values, context.y):
        return ""
    return "says the target: each of its values stands with one class only"


def _pure(values: Floats, y: Floats) -> bool:
    """Whether each value has one class, with at least 5 rows a value on average and several values or
    classes."""
    known = np.isfinite(values) & np.isfinite(y)
    codes, levels = pd.factorize(values[known])
    if len(levels) < 2 or len(codes) < 5 * len(levels) or known.mean() < 0.5:
        return False
    classes = y[known].astype(np.intp)
    together = len(pd.unique(codes * (classes.max() + 1) + classes))
    return together == len(levels) and len(np.unique(classes)) == len(np.unique(y[np.isfinite(y)]))


def _same_order(values: Floats, y: Floats) -> bool:
    """Whether one is a strictly monotone function of the other, with at least 20 different targets."""
    known = np.isfinite(values) & np.isfinite(y)
    values, y = values[known], y[known]
    if len(y) < 20:
        return False
    order = np.lexsort((y, values))
    dv, dy = np.diff(values[order]), np.diff(y[order])
    if (dy != 0).sum() < 19:
        return False
    same = (dv != 0) == (dy != 0)
    return bool(same.all()) and bool((dy >= 0).all() or (dy[dv != 0] < 0).all())


def _score(
    context: Context, values: Floats, train: npt.NDArray[np.intp], other: npt.NDArray[np.intp]
) -> tuple[float, float]:
    """AUC (macro over classes) or R² on validation of a tree with one column, and what it is at least."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    x = np.where(np.isfinite(values), values, -1e30).astype(np.float32)[:, None]
    y = context.y
    if x[train].min() == x[train].max():
        return 0.0, 0.0
    leaf = max(2, len(train) // 500)
    if context.dataset.task == "regression":
        if np.var(y[other]) == 0:
            return 0.0, 0.0
        tree = DecisionTreeRegressor(max_leaf_nodes=128, min_samples_leaf=leaf, random_state=context.seed)
        rest = y[other] - tree.fit(x[train], y[train]).predict(x[other])
        score = max(1 - float(rest.var() / y[other].var()), _line(values[train], y[train]))
        return score, score
    classifier = DecisionTreeClassifier(max_leaf_nodes=32, min_samples_leaf=leaf, random_state=context.seed)
    chances = classifier.fit(x[train], y[train]).predict_proba(x[other])
    scores, lows = [], []
    for k, label in enumerate(classifier.classes_):
        positive = y[other] == label
        n1, n0 = int(positive.sum()), int((~positive).sum())
        if n1 < 3 or n0 < 3:
            continue
        auc = area(positive, chances[:, k])
        # Half of one pair more that is in the wrong order: few rows prove little.
        scores.append(auc)
        lows.append(auc - 0.5 / n1 / 5 - 0.5 / n0 / 5)
    return (float(np.mean(scores)), float(np.mean(lows))) if scores else (0.0, 0.0)


def area(positive: npt.NDArray[np.bool_], scores: Floats) -> float:
    """AUC: the share of pairs of a positive and a negative row in the right order, ties counting half."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    n1 = int(positive.sum())
    return float((ranks[place][positive].sum() - n1 * (n1 + 1) / 2) / (n1 * (len(scores) - n1)))


def _line(values: Floats, y: Floats) -> float:
    """R² of a straight line: a tree alone has steps."""
    known = np.isfinite(values)
    if known.sum() < 20 or values[known].std() == 0 or y[known].std() == 0:
        return 0.0
    return float(np.corrcoef(values[known], y[known])[0, 1] ** 2)


def _linear(context: Context, train: npt.NDArray[np.intp]) -> list[Finding]:
    """Several columns whose weighted sum is the target exactly (a total among its addends)."""
    names = [name for name in context.names if context.is_number(name)]
    if context.dataset.task != "regression" or len(names) < 2 or len(train) < 3 * len(names):
        return []
    X = np.column_stack([context.column(name)[train] for name in names])
    y = context.y[train]
    known = np.isfinite(X).all(axis=1) & np.isfinite(y)
    if known.sum() < 3 * len(names):
        return []
    X, y = X[known], y[known]
    deviation = X.std(axis=0)
    X = np.column_stack([(X - X.mean(axis=0)) / np.where(deviation > 0, deviation, 1), np.ones(len(X))])
    weights, *_ = np.linalg.lstsq(X, y, rcond=None)
    left = float(((y - X @ weights) ** 2).sum() / max(((y - y.mean()) ** 2).sum(), 1e-300))
    if left > 1e-9:
        return []
    heavy = [str(names[j]) for j in np.argsort(-np.abs(weights[:-1]))[:5] if abs(weights[j]) > 1e-6 * y.std()]
    return [
        Finding(
            check="target-leakage",
            severity="warning",
            message=(
                "The target is a weighted sum of columns, without any rest (R² is 1 on train); the "
                "weightiest are "
                f"{', '.join(heavy)}: leave out what is not known when predicting."
            ),
            columns=tuple(heavy),
            details={"rest": left},
        )
    ]
