"""The score from which a row counts as positive, chosen on validation and never on test.

Between two neighbouring scores any threshold predicts the same, so candidates are those intervals. The best
of them and its equally good neighbours are a plateau; its middle is taken, the widest where there are
several.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from trainer_tui.training.errors import ModelTrainerError
from trainer_tui.training.evaluation.rows import DEFAULT_THRESHOLD, Floats, scored

Rule = Literal["mcc", "f1", "youden", "cost"]
DEFAULT_RULE: Rule = "mcc"
"""The default looks at all four cells and means the same whichever class is called positive."""
SHOWN = 200
"""Rows of the table for the screens, at most."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """What was chosen: a score of at least `value` is positive."""

    value: float
    rule: Rule
    objective: float | None
    """What the rule comes to there (the mean cost of a row for `cost`); None where nothing could be
    chosen."""
    low: float
    high: float
    """The plateau: every threshold above `low` and up to `high` is as good."""
    table: tuple[dict[str, float | None], ...] = ()
    """`threshold`, `precision`, `recall`, `f1`, `mcc`, `positives` (share predicted so), by rising
    threshold."""
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Cells:
    """(m,) counts for m candidates, the strictest first: nothing is positive, then one step more each."""

    tp: Floats
    fp: Floats
    positives: float
    negatives: float


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.asarray(np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0))


def _f1(c: _Cells) -> Floats:
    return _ratio(2 * c.tp, c.tp + c.fp + c.positives)


def _youden(c: _Cells) -> Floats:
    return c.tp / c.positives - c.fp / c.negatives


def _mcc(c: _Cells) -> Floats:
    predicted, total = c.tp + c.fp, c.positives + c.negatives
    below = np.sqrt(predicted * (total - predicted) * c.positives * c.negatives)
    above = c.tp * total - predicted * c.positives
    return np.asarray(np.divide(above, below, out=np.zeros_like(c.tp), where=below > 0))


_RULES: dict[Rule, Callable[[_Cells], Floats]] = {"f1": _f1, "youden": _youden, "mcc": _mcc}


def choose_threshold(
    y: Any,
    scores: Any,
    rule: Rule = DEFAULT_RULE,
    cost_false_positive: float = 1.0,
    cost_false_negative: float = 1.0,
) -> Threshold:
    """The threshold for (n,) codes 0 and 1 and (n,) or (n, 2) scores of the validation rows.

    With one class alone, or one score for all, nothing can be chosen: 0.5, and `note` says why.
    Raises ModelTrainerError as `rows.scored`, for an unknown rule, and for costs that are not positive.
    """
    if rule not in (*_RULES, "cost"):
        raise ModelTrainerError(f"There is no rule {rule!r} for a threshold: one of mcc, f1, youden, cost.")
    if rule == "cost" and not (0 < cost_false_positive < np.inf and 0 < cost_false_negative < np.inf):
        raise ModelTrainerError("The costs of a false positive and of a false negative must be above 0.")
    rows = scored(y, scores, "binary")
    order = np.argsort(-rows.scores, kind="stable")
    falling = rows.scores[order]
    ends = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))
    positive = (rows.y == 1)[order]
    tp = np.append(0.0, np.cumsum(positive)[ends])
    positives = float(tp[-1])
    cells = _Cells(tp, np.append(0.0, ends + 1.0) - tp, positives, len(rows) - positives)
    if not cells.positives or not cells.negatives or len(ends) == 1:
        why = "one score for all rows" if cells.positives and cells.negatives else "one class alone"
        return Threshold(
            DEFAULT_THRESHOLD, rule, None, 0, 1, note=f"The validation rows have {why}: the default."
        )
    if rule == "cost":
        false_negatives = cells.positives - cells.tp
        objective = -(cost_false_positive * cells.fp + cost_false_negative * false_negatives) / len(rows)
    else:
        objective = _RULES[rule](cells)
    # Candidate i takes the first i steps: a threshold above `edges[i + 1]` and up to `edges[i]`.
    steps = falling[ends]
    # Above the highest score there is always a threshold at which nothing is positive.
    above = np.nextafter(steps[0], np.inf)
    outer = (max(1.0, above), min(0.0, steps[-1])) if rows.probabilities else (above, steps[-1])
    edges = np.concatenate([[outer[0]], steps, [outer[1]]])
    low, high, best = _plateau(objective, edges)
    middle = low + (high - low) / 2
    value = middle if low < middle <= high else high
    found = -objective[best] if rule == "cost" else objective[best]
    return Threshold(float(value), rule, float(found), float(low), float(high), _table(cells, edges))


def _plateau(objective: Floats, edges: Floats) -> tuple[float, float, int]:
    """Its low and high end, and one candidate in it. Equal means equal up to rounding."""
    best = np.nanmax(objective)
    good = np.abs(objective - best) <= 1e-12 * max(1.0, abs(best))
    starts = np.flatnonzero(good & ~np.append(False, good[:-1]))
    stops = np.flatnonzero(good & ~np.append(good[1:], False))
    widest = int(np.argmax(edges[starts] - edges[stops + 1]))
    return float(edges[stops[widest] + 1]), float(edges[starts[widest]]), int(starts[widest])


def _table(cells: _Cells, edges: Floats) -> tuple[dict[str, float | None], ...]:
    count = len(cells.tp) - 1
    shown = np.unique(np.linspace(1, count, min(count, SHOWN)).round().astype(np.intp))[::-1]
    predicted = cells.tp + cells.fp
    columns = {
        "threshold": edges[:-1],
        "precision": _ratio(cells.tp, predicted),
        "recall": cells.tp / cells.positives,
        "f1": _f1(cells),
        "mcc": _mcc(cells),
        "positives": predicted / (cells.positives + cells.negatives),
    }
    return tuple(
        {name: None if np.isnan(values[i]) else float(values[i]) for name, values in columns.items()}
        for i in shown
    )
