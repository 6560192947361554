"""A model against the one before it, on the same rows: what differs more than chance would have it?

The bootstrap draws the same rows for both. DeLong's test of the AUC and McNemar's of the labels are
cross-checks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from trainer_tui.training.dataset import Task
from trainer_tui.training.errors import ModelTrainerError
from trainer_tui.training.evaluation.delong import DeLong, delong
from trainer_tui.training.evaluation.intervals import LEVEL, REPLICATES, Interval, affordable, interval
from trainer_tui.training.evaluation.metrics import METRICS, metrics_for
from trainer_tui.training.evaluation.plain import plain
from trainer_tui.training.evaluation.resampling import left_out, resamples, units
from trainer_tui.training.evaluation.rows import Floats, Scored, scored
from trainer_tui.training.evaluation.weighted import Statistics, ones, statistics


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of both."""

    new: float
    old: float
    difference: float
    """new − old."""
    interval: Interval | None
    """Of the difference."""
    better_share: float | None
    """Share of the resamples in which the new one is better; equal ones count one half."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class McNemar:
    """Rows that one of the two got right and the other wrong. Exact, two-sided (McNemar 1947)."""

    new_right: int
    old_right: int
    p: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same rows; `paired` False: they cannot be, `why` says it, the rest is empty."""

    paired: bool
    why: str = ""
    rows: int = 0
    differences: dict[str, Difference] = field(default_factory=dict)
    delong: DeLong | None = None
    mcnemar: McNemar | None = None
    bootstrap: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        found = plain(asdict(self))
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True, slots=True)
class Predictions:
    """What one model said of the rows."""

    ids: Sequence[Any]
    """(n,): row ids, each once."""
    y: Any
    """(n,): codes or numbers."""
    scores: Any
    """(n,) or (n, k)."""
    threshold: float | None = None
    data: str = ""
    """Fingerprint of the data set; two that differ cannot be paired. Empty: not known."""


def _aligned(new: Predictions, old: Predictions) -> np.ndarray[Any, Any] | str:
    """Positions in `old` of the rows of `new`, or why there are none."""
    if new.data and old.data and new.data != old.data:
        return "The two models were evaluated on different data, so they cannot be paired."
    if len(np.asarray(new.y)) != len(new.ids) or len(np.asarray(old.y)) != len(old.ids):
        raise ModelTrainerError("There must be one row id for each target.")
    where = {str(one): i for i, one in enumerate(old.ids)}
    own = [str(one) for one in new.ids]
    if len(where) != len(old.ids) or len(set(own)) != len(own):
        return "Row ids are not unique, so the rows cannot be paired."
    common = sum(one in where for one in own)
    if common != len(own) or common != len(where):
        return (
            f"The two models were evaluated on different rows ({common} in common of {len(own)} and "
            f"{len(where)}), "
            "so they cannot be paired."
        )
    positions = np.array([where[one] for one in own], dtype=np.intp)
    if not np.array_equal(np.asarray(new.y), np.asarray(old.y)[positions]):
        return "The targets of the same rows differ, so the models cannot be paired."
    return positions


def compare(
    new: Predictions,
    old: Predictions,
    task: Task,
    names: Sequence[str] = (),
    groups: Any = None,
    replicates: int = REPLICATES,
    seed: int = 0,
    level: float = LEVEL,
) -> Comparison:
    """The new model against the old one; `names` empty: all metrics of the task that have an interval.

    Rows are matched by their ids. Raises ModelTrainerError for rows that cannot be evaluated.
    """
    positions = _aligned(new, old)
    if isinstance(positions, str):
        return Comparison(False, positions)
    a = scored(new.y, new.scores, task, threshold=new.threshold)
    b = scored(new.y, np.asarray(old.scores)[positions], task, threshold=old.threshold)
    if a.k != b.k:
        return Comparison(False, f"The models know {a.k} and {b.k} classes, so they cannot be paired.")
    wanted = list(names) or [metric.name for metric in metrics_for(task) if metric.interval]
    of = units(a, groups)
    drawn = affordable(len(a), 2 * max(1, a.k if task == "multiclass" else 1), replicates)
    drawn = drawn if of.count > 1 else 0
    first, second = statistics(a, wanted), statistics(b, wanted)
    here = _both(first, second, ones(a))
    chunks = [_both(first, second, weights) for weights in resamples(of, drawn, seed)]
    parts: dict[int, list[dict[str, tuple[Floats, Floats]]]] = {}
    for stratum, weights in left_out(of, seed) if drawn else ():
        parts.setdefault(stratum, []).append(_both(first, second, weights))
    differences = {}
    for name, (mine, other) in here.items():
        x, y = float(mine[0]), float(other[0])
        if not (np.isfinite(x) and np.isfinite(y)):
            continue
        replicated = _differences(chunks, name)
        found: Interval | str = "No resample was drawn."
        if drawn:
            found = interval(x - y, replicated, [_differences(p, name) for p in parts.values()], level)
        differences[name] = Difference(
            x,
            y,
            x - y,
            found if isinstance(found, Interval) else None,
            _share(replicated, METRICS[name].direction == "maximize"),
            "" if isinstance(found, Interval) else found,
        )
    classified = task != "regression"
    return Comparison(
        True,
        rows=len(a),
        differences=differences,
        delong=delong(a.y == 1, a.scores, b.scores) if task == "binary" else None,
        mcnemar=_mcnemar(a, b) if classified else None,
        bootstrap={"units": of.what, "unit_count": of.count, "drawn": drawn, "seed": seed},
    )


def _both(first: Statistics, second: Statistics, weights: Floats) -> dict[str, tuple[Floats, Floats]]:
    a, b = first(weights), second(weights)
    return {name: (a[name], b[name]) for name in a if name in b}


def _differences(chunks: Sequence[dict[str, tuple[Floats, Floats]]], name: str) -> Floats:
    if not chunks:
        return np.empty(0)
    return np.concatenate([chunk[name][0] - chunk[name][1] for chunk in chunks])


def _share(differences: Floats, larger: bool) -> float | None:
    there = differences[np.isfinite(differences)]
    if not len(there):
        return None
    better = (there > 0) if larger else (there < 0)
    return float((better + (there == 0) / 2).mean())


def _mcnemar(a: Scored, b: Scored) -> McNemar:
    from scipy.stats import binomtest

    mine, other = a.predicted() == a.y, b.predicted() == b.y
    new_right, old_right = int((mine & ~other).sum()), int((other & ~mine).sum())
    total = new_right + old_right
    return McNemar(new_right, old_right, float(binomtest(new_right, total).pvalue) if total else 1.0)
