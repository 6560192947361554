"""Log loss and Brier score of weighted rows. Source of the latter for more than two classes: Brier 1950."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trainer_tui.training.evaluation.rows import Floats, Scored

SMALLEST = 1e-15
"""Probabilities are not taken for smaller than that in the log loss."""


def probability_statistics(rows: Scored) -> Callable[[Floats], dict[str, Floats]]:
    """`log_loss` and `brier_score`, as a function of (B, n) weights."""
    if rows.task == "binary":
        own = np.where(rows.y == 1, rows.scores, 1 - rows.scores)
        brier = (rows.scores - rows.y) ** 2
    else:
        own = rows.scores[np.arange(len(rows)), rows.y]
        brier = ((rows.scores - (rows.y[:, None] == np.arange(rows.k))) ** 2).sum(axis=1)
    losses = np.column_stack([-np.log(np.maximum(own, SMALLEST)), brier, np.ones(len(rows))])

    def of(weights: Floats) -> dict[str, Floats]:
        log, squared, total = (weights @ losses).T
        return {"log_loss": log / total, "brier_score": squared / total}

    return of
