"""Small statistics on curves, robust to noise and outliers: what the red flags are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist, fmean, median

_MAD = 1.4826
"""From the median absolute deviation to the standard deviation of a normal distribution."""


def noise(values: Sequence[float]) -> float:
    """Standard deviation of the noise of a curve, from its steps (MAD of first differences), trend aside."""
    steps = [b - a for a, b in pairwise(values)]
    if not steps:
        return 0.0
    middle = median(steps)
    return _MAD * median([abs(step - middle) for step in steps]) / 2**0.5


def spread(values: Sequence[float]) -> float:
    """Standard deviation from the median absolute deviation."""
    middle = median(values)
    return _MAD * median([abs(value - middle) for value in values])


def log_spread(values: Sequence[float]) -> float:
    """`spread` of the natural logarithms of what is positive; 0 when nothing is."""
    logs = [math.log(value) for value in values if value > 0]
    return spread(logs) if logs else 0.0


def log_noise(values: Sequence[float]) -> float:
    """`noise` of the natural logarithms of what is positive."""
    return noise([math.log(value) for value in values if value > 0])


def wander(values: Sequence[float], lag: int = 4) -> float:
    """Standard deviation of a curve around its course, slow wandering included.

    From second differences over a lag: a straight course cancels, noise that is correlated from value to
    value does not (first differences would take it for a trend). Looks at the last twelve lags.
    """
    last = values[-12 * lag :]
    bends = [abs(a - 2 * b + c) for a, b, c in zip(last, last[lag:], last[2 * lag :], strict=False)]
    return _MAD * median(bends) / 6**0.5 if bends else 0.0


def trend(values: Sequence[float]) -> float:
    """Kendall's tau against time, -1 (falls all the way) to 1 (rises all the way)."""
    count = len(values)
    if count < 2:
        return 0.0
    score = 0
    for i, a in enumerate(values):
        for b in values[i + 1 :]:
            score += (b > a) - (b < a)
    return 2 * score / (count * (count - 1))


def alternation(values: Sequence[float]) -> float:
    """Share of turning points among the inner values: 2/3 for noise, 1 for a curve that swings each time."""
    steps = [b - a for a, b in pairwise(values)]
    turns = sum(a * b < 0 for a, b in pairwise(steps))
    return turns / max(1, len(steps) - 1)


def step_size(values: Sequence[float]) -> float:
    """Median size of a step."""
    return median([abs(b - a) for a, b in pairwise(values)]) if len(values) > 1 else 0.0


@dataclass(frozen=True, slots=True)
class Slope:
    """A slope a step, with the ends of its confidence interval."""

    value: float
    low: float
    high: float


def sen_slope(values: Sequence[float], confidence: float = 0.99) -> Slope:
    """Theil and Sen's median slope a step, with Sen's interval from the ranks of the pairwise slopes.

    For independent errors: groups of rows or samples, not neighbours in a slow wave. Bears 29 % outliers.
    """
    count = len(values)
    if count < 3:
        return Slope(0.0, -math.inf, math.inf)
    slopes = sorted((values[j] - values[i]) / (j - i) for i in range(count) for j in range(i + 1, count))
    deviation = math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    reach = NormalDist().inv_cdf(0.5 + confidence / 2) * deviation
    low = int((len(slopes) - reach) / 2)
    high = math.ceil((len(slopes) + reach) / 2)
    return Slope(
        median(slopes),
        slopes[low] if low >= 0 else -math.inf,
        slopes[high] if high < len(slopes) else math.inf,
    )


def means(values: Sequence[float], size: int) -> list[float]:
    """The mean of each `size` values that lie together."""
    return [fmean(values[i : i + size]) for i in range(len(values) - size + 1)]


def times_text(value: float, base: float) -> str:
    """`12 times`, `3.53e+10 times`; `far above` where there is nothing to divide by."""
    if not base:
        return "far above"
    ratio = value / base
    return f"{ratio:.3g} times" if abs(ratio) >= 1000 else f"{ratio:.0f} times"
