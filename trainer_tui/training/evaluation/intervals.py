"""Bias-corrected and accelerated bootstrap intervals.

Source: Efron 1987, "Better bootstrap confidence intervals"; the acceleration of several strata after Davison,
Hinkley 1997, §5.3 and eq. 2.44 (also what scipy.stats.bootstrap does with several samples).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import ndtr, ndtri

from trainer_tui.training.errors import ModelTrainerError
from trainer_tui.training.evaluation.metrics import metrics_for
from trainer_tui.training.evaluation.resampling import Units, left_out, resamples, units
from trainer_tui.training.evaluation.rows import Floats, Scored
from trainer_tui.training.evaluation.weighted import Statistics, ones, statistics

Method = Literal["bca", "percentile", "point"]
LEVEL = 0.95
REPLICATES = 2000
FEWEST = 400
WORK = 200_000_000
"""Weights × curves at most; with more rows fewer replicates are drawn, and `drawn` says how many."""
UNDEFINED = 0.05
"""With a larger share of undefined replicates there is no interval."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the true value lies, at `level`."""

    low: float
    high: float
    method: Method
    level: float = LEVEL
    replicates: int = 0
    """That were defined; the interval rests on them."""
    note: str = ""
    """Why it is no BCa interval, or what else it stands on."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def affordable(rows: int, columns: int, wanted: int) -> int:
    """How many replicates of so many rows and curves are drawn."""
    return min(wanted, max(FEWEST, WORK // max(1, rows * columns)))


def interval(
    estimate: float, replicates: Floats, jackknife: Sequence[Floats], level: float = LEVEL
) -> Interval | str:
    """The interval of one statistic from its (B,) replicates and its (n_j,) values with a unit of stratum j
    left out.

    A string says in one sentence why there is none.
    """
    there = replicates[np.isfinite(replicates)]
    lost = len(replicates) - len(there)
    if not len(there) or lost > UNDEFINED * len(replicates):
        return f"It is undefined in {lost} of {len(replicates)} resamples."
    note = f"{lost} resamples in which it is undefined are left out." if lost else ""
    if there.min() == there.max():
        say = "Every resample has this value: the interval is a point and says nothing of other rows."
        return Interval(estimate, estimate, "point", level, len(there), say)
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    found = _corrected(estimate, there, jackknife, tails)
    method: Method = "bca"
    if isinstance(found, str):
        method, note = "percentile", f"{found} {note}".strip()
    else:
        tails = found
    low, high = np.quantile(there, tails)
    return Interval(float(low), float(high), method, level, len(there), note)


def _corrected(
    estimate: float, replicates: Floats, jackknife: Sequence[Floats], tails: Floats
) -> Floats | str:
    """The quantiles to take, or why they cannot be corrected."""
    # Of replicates equal to the estimate one half counts as below: many metrics move in steps.
    below = ((replicates < estimate).sum() + (replicates <= estimate).sum()) / 2 / len(replicates)
    if not 0 < below < 1:
        return "All resamples lie on one side of the value, so no bias can be corrected: percentiles."
    above = spread = 0.0
    for values in jackknife:
        values = values[np.isfinite(values)]
        if len(values) > 1:
            pulls = (len(values) - 1) * (values.mean() - values)
            above += float((pulls**3).sum()) / len(values) ** 3
            spread += float((pulls**2).sum()) / len(values) ** 2
    if spread <= 0:
        return "Leaving rows out changes nothing, so the acceleration is undefined: percentiles."
    acceleration = above / (6 * spread**1.5)
    z0 = ndtri(below)
    shifted = z0 + ndtri(tails)
    damping = 1 - acceleration * shifted
    if (damping <= 0).any():
        return "The acceleration is too large for a correction: percentiles."
    return np.asarray(ndtr(z0 + shifted / damping))


def bootstrap(
    rows: Scored,
    names: Sequence[str] = (),
    groups: Any = None,
    replicates: int = REPLICATES,
    seed: int = 0,
    level: float = LEVEL,
) -> tuple[dict[str, Interval], dict[str, str], dict[str, Any]]:
    """Intervals of metrics; for those that have none the reason; and how they were drawn.

    `names` empty: all of the task. `groups`: (n,), units that are drawn as a whole. The third has `units`,
    `unit_count`, `asked`, `drawn`, `left_out` (jackknife values), `seed` and `note`. Raises ModelTrainerError
    as `units`.
    """
    if not 0 < level < 1 or replicates < 0:
        raise ModelTrainerError("An interval needs a level between 0 and 1 and no fewer than 0 resamples.")
    wanted = names or [metric.name for metric in metrics_for(rows.task)]
    of = units(rows, groups)
    drawn = affordable(len(rows), 1 if rows.task != "multiclass" else rows.k, replicates)
    facts: dict[str, Any] = {"units": of.what, "unit_count": of.count, "asked": replicates, "drawn": drawn}
    facts |= {"seed": seed, "note": _alone(of)}
    if not replicates or of.count < 2:
        return {}, {}, facts | {"drawn": 0, "left_out": 0}
    compute = statistics(rows, wanted)
    estimates = {name: float(values[0]) for name, values in compute(ones(rows)).items()}
    tables = _gather([compute(w) for w in resamples(of, drawn, seed)])
    without = _left_out_values(compute, of, seed)
    found: dict[str, Interval] = {}
    reasons: dict[str, str] = {}
    for name, estimate in estimates.items():
        if not np.isfinite(estimate):
            continue
        one = interval(estimate, tables[name], [part[name] for part in without], level)
        if isinstance(one, str):
            reasons[name] = one
        else:
            found[name] = one
    facts["left_out"] = sum(len(next(iter(part.values()))) for part in without) if estimates else 0
    return found, reasons, facts


def _alone(of: Units) -> str:
    """What the intervals cannot know."""
    if len(of.strata) > 1 and min(len(stratum) for stratum in of.strata) == 1:
        return (
            "A class has one row (or group) alone, the same in every resample: the intervals are too narrow."
        )
    return ""


def _gather(chunks: Sequence[dict[str, Floats]]) -> dict[str, Floats]:
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}


def _left_out_values(compute: Statistics, of: Units, seed: int) -> list[dict[str, Floats]]:
    """For each stratum: name → (n_j,) values."""
    parts: dict[int, list[dict[str, Floats]]] = {}
    for stratum, weights in left_out(of, seed):
        parts.setdefault(stratum, []).append(compute(weights))
    return [_gather(chunks) for chunks in parts.values()]
