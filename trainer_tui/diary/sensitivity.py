"""How much each parameter of a search matters, by ranks: nothing is assumed of the metric but its order.

A parameter of numbers: Spearman's rank correlation with the metric (its sign says which way is better). One
of words: the share of the variance of the ranks that lies between its values (the correlation ratio, eta
squared), its root taken to be comparable. Neither sees how parameters work together, nor an optimum in the
middle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trainer_tui.diary.studies import Study, Value, is_finite

FEWEST = 4
"""Trials below which ranks say nothing."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What one parameter does to the metric."""

    param: str
    strength: float
    """From 0 to 1."""
    sign: int
    """1: the metric grows with it; -1: it falls; 0: neither, or it is no number."""
    trials: int


def effects(study: Study) -> list[Effect]:
    """The effect of each parameter that was varied, the strongest first."""
    found = []
    for param in study.params:
        pairs = [
            (trial.params[param], trial.value)
            for trial in study.trials
            if param in trial.params and trial.value is not None and is_finite(trial.value)
        ]
        if len(pairs) < FEWEST or len({value for value, _ in pairs}) < 2:
            continue
        found.append(_effect(param, [pair[0] for pair in pairs], [pair[1] for pair in pairs]))
    return sorted(found, key=lambda effect: (-effect.strength, effect.param))


def _effect(param: str, values: Sequence[Value], results: Sequence[float]) -> Effect:
    numbers = [value for value in values if isinstance(value, float | int)]
    if len(numbers) == len(values):
        rho = spearman(numbers, results)
        return Effect(param, abs(rho), (rho > 0) - (rho < 0), len(values))
    return Effect(param, math.sqrt(_between(values, ranks(results))), 0, len(values))


def spearman(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Spearman's rank correlation, ties at their mean rank; 0 where one of both never changes."""
    a, b = ranks(xs), ranks(ys)
    mean = (len(a) + 1) / 2
    over = sum((x - mean) * (y - mean) for x, y in zip(a, b, strict=True))
    under = math.sqrt(sum((x - mean) ** 2 for x in a) * sum((y - mean) ** 2 for y in b))
    return over / under if under else 0.0


def ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1, equal values at their mean."""
    order = sorted(range(len(values)), key=lambda index: values[index])
    found = [0.0] * len(values)
    at = 0
    while at < len(order):
        end = at
        while end + 1 < len(order) and values[order[end + 1]] == values[order[at]]:
            end += 1
        for place in range(at, end + 1):
            found[order[place]] = (at + end) / 2 + 1
        at = end + 1
    return found


def _between(groups: Sequence[Value], values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    total = sum((value - mean) ** 2 for value in values)
    by_group: dict[Value, list[float]] = {}
    for group, value in zip(groups, values, strict=True):
        by_group.setdefault(group, []).append(value)
    between = sum(len(each) * (sum(each) / len(each) - mean) ** 2 for each in by_group.values())
    return between / total if total else 0.0
