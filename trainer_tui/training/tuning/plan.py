"""Which algorithm comes next: every one with its defaults, the cheap ones first, then the better the more
often.

It depends only on the trials so far and on the seed. Source: the choice by rank is a plain form of the
bandits of Thornton et al. 2013 (Auto-WEKA) and Wang et al. 2021 (FLAML).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

CHEAP = 4
"""Cost up to which an algorithm is tried at once; the dearer ones one by one, between other trials."""
BETWEEN = 3
"""One trial in so many is the first of a dear algorithm, as long as there is one."""
POWER = 1.2
"""How much better ranks are preferred: the chance is 1 / rank ** POWER."""
HOPELESS = 2
"""Failures without a success after which an algorithm is left alone while there is another one."""
GIVEN_UP = 10
"""Failures without a success after which it is left alone in any case."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an algorithm did so far."""

    best: tuple[float, ...] | None
    """Key of its best complete trial, larger is better."""
    tried: int
    """Trials that have ended or run."""
    searchable: bool = True
    """Whether it has anything to vary."""


def first_trial(index: int, costs: Sequence[int]) -> int | None:
    """Position of the algorithm whose defaults are the trial `index` (from 0); None: the ranks decide. Costs
    ascend."""
    cheap = sum(cost <= CHEAP for cost in costs)
    if index < cheap:
        return index
    later, rest = divmod(index - cheap, BETWEEN)
    return cheap + later if rest == 0 and cheap + later < len(costs) else None


def by_rank(standings: Mapping[str, Standing], seed: int, index: int) -> str | None:
    """The algorithm of the trial `index`, drawn by rank; None where nothing can be varied."""
    searchable = {name: s for name, s in standings.items() if s.searchable}
    open_: dict[str, Standing] = {}
    for most in (HOPELESS, GIVEN_UP):
        open_ = open_ or {name: s for name, s in searchable.items() if s.best is not None or s.tried < most}
    if not open_:
        return None
    worst = (-np.inf,)
    ranked = sorted(open_, key=lambda name: open_[name].best or worst, reverse=True)
    chances = 1.0 / np.arange(1, len(ranked) + 1) ** POWER
    rng = np.random.default_rng([seed, index])
    return ranked[int(rng.choice(len(ranked), p=chances / chances.sum()))]
