"""Adversarial validation: can a classifier tell the train rows from the others? It should not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from trainer_tui.training.finding import Finding
from trainer_tui.training.leakage.context import Context
from trainer_tui.training.leakage.target import area

Floats = npt.NDArray[np.float64]

SAMPLE = 10_000
"""Rows of either side: the AUC of two equal sides is then known to 0.004."""
FOLDS = 3
SIGMAS = 4.0
LEAST = 0.55


def distinguishable(context: Context) -> list[Finding]:
    """A warning where train and the other parts differ, in a split that was to make them alike.

    AUC of extremely randomised trees in three folds. Two equal samples have 0.5 with the deviation of the
    rank-sum statistic (Mann and Whitney 1947); with groups, whole groups are held out and their number
    counts, not that of the rows.
    """
    if "time" in context.split.strategy:
        return []
    inside = np.sort(context.shuffled(context.train, SAMPLE))
    outside = np.sort(context.shuffled(context.codes > 0, SAMPLE))
    if min(len(inside), len(outside)) < 20 or not context.names:
        return []
    rows = np.concatenate([inside, outside])
    side = np.repeat([0, 1], [len(inside), len(outside)])
    X = np.column_stack([context.column(name)[rows] for name in context.names])
    X = _ranks(X)
    folds, units = _folds(context, rows, side)
    if folds is None:
        return []
    auc = _auc(X, side, folds, context.seed)
    deviation = float(np.sqrt((units[0] + units[1] + 1) / (12 * units[0] * units[1])))
    if auc < max(LEAST, 0.5 + SIGMAS * deviation):
        return []
    telling = _telling(context, X, side)
    return [
        Finding(
            check="adversarial-validation",
            severity="warning",
            message=(
                f"Train and the other parts can be told apart (AUC {auc:.3f}; alike it would be 0.5 ± "
                f"{deviation:.3f}), "
                f"most of all by {', '.join(telling)}: scores on validation will not hold for rows like "
                "those in train."
            ),
            columns=tuple(telling),
            affected=int((context.codes > 0).sum()),
            details={"auc": auc, "standard_error": deviation, "sampled_rows": len(rows)},
        )
    ]


def _folds(
    context: Context, rows: npt.NDArray[np.intp], side: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.intp] | None, tuple[int, int]]:
    """(m,): fold of each row, and how many independent units each side has."""
    rng = np.random.default_rng(context.seed)
    groups = context.dataset.groups
    if groups is None or "group" not in context.split.strategy:
        fold = np.empty(len(rows), dtype=np.intp)
        for k in (0, 1):
            own = np.flatnonzero(side == k)
            fold[rng.permutation(own)] = np.arange(len(own)) % FOLDS
        return fold, (int((side == 0).sum()), int((side == 1).sum()))
    codes, labels = pd.factorize(groups.iloc[rows])
    of_group = np.empty(len(labels), dtype=np.intp)
    side_of_group = np.zeros(len(labels), dtype=np.intp)
    side_of_group[codes] = side
    for k in (0, 1):
        own = np.flatnonzero(side_of_group == k)
        if len(own) < 2 * FOLDS:
            return None, (0, 0)
        of_group[rng.permutation(own)] = np.arange(len(own)) % FOLDS
    return of_group[codes], (int((side_of_group == 0).sum()), int((side_of_group == 1).sum()))


def _ranks(X: Floats) -> Floats:
    """Ranks in 0 … 1, so that random thresholds suit any distribution; a missing value is −1."""
    ranks = np.column_stack([pd.Series(column).rank(pct=True).to_numpy() for column in X.T])
    return np.where(np.isfinite(X), ranks, -1.0)


def _auc(X: Floats, side: npt.NDArray[np.intp], folds: npt.NDArray[np.intp], seed: int) -> float:
    """Mean over the folds: scores of different folds are not comparable."""
    from sklearn.ensemble import ExtraTreesClassifier

    scores = []
    for fold in range(FOLDS):
        left = folds == fold
        model = ExtraTreesClassifier(n_estimators=40, max_depth=10, min_samples_leaf=3, random_state=seed)
        model.fit(X[~left], side[~left])
        scores.append(area(side[left] == 1, model.predict_proba(X[left])[:, 1]))
    return float(np.mean(scores))


def _telling(context: Context, X: Floats, side: npt.NDArray[np.intp]) -> list[str]:
    """The three columns whose ranks, or whose distances from the middle, differ most between the sides."""
    distance = []
    for ranks in X.T:
        inside, outside = ranks[side == 0], ranks[side == 1]
        spread = abs(float(np.abs(inside - 0.5).mean() - np.abs(outside - 0.5).mean()))
        distance.append(max(abs(float(inside.mean() - outside.mean())), spread))
    return [str(context.names[j]) for j in np.argsort(distance)[::-1][:3]]
