"""Small statistics on curves, robust to noise: what the red flags are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from statistics import fmean, median

BINS = 12


def noise(values: Iterable[float]) -> float:
    """Standard deviation of the noise of a curve, from its steps (MAD of first differences), trend aside."""
    steps = [b - a for a, b in pairwise(values)]
    if not steps:
        return 0.0
    middle = median(steps)
    return 1.4826 * median(abs(step - middle) for step in steps) / 2**0.5


def trend(values: Sequence[float]) -> float:
    """Kendall's tau against time, -1 (falls all the way) to 1 (rises all the way)."""
    count = len(values)
    if count < 2:
        return 0.0
    score = 0
    for i in range(count):
        for j in range(i + 1, count):
            score += (values[j] > values[i]) - (values[j] < values[i])
    return 2 * score / (count * (count - 1))


def binned(values: Sequence[float], width: int) -> list[float]:
    """Means of the last BINS groups of `width` values, oldest first."""
    last = list(values)[-BINS * width :]
    return [fmean(last[i : i + width]) for i in range(0, len(last), width)]


def tail(values: Sequence[float], count: int) -> float:
    """Mean of the last `count` values."""
    return fmean(list(values)[-count:])


def rise(bins: Sequence[float]) -> float:
    """How much the last third of the bins lies above the first third."""
    third = max(1, len(bins) // 3)
    return fmean(bins[-third:]) - fmean(bins[:third])


def alternation(values: Sequence[float]) -> float:
    """Share of turning points among the inner values: 2/3 for noise, 1 for a curve that swings each time."""
    steps = [b - a for a, b in pairwise(values)]
    turns = sum(a * b < 0 for a, b in pairwise(steps))
    return turns / max(1, len(steps) - 1)


def swing(values: Sequence[float]) -> float:
    """Median size of a step relative to the median level."""
    level = median(abs(value) for value in values)
    return median(abs(b - a) for a, b in pairwise(values)) / level if level else 0.0


def wander(values: Sequence[float], width: int) -> float:
    """Standard deviation of groups of `width` values around the curve's course, slow wandering included.

    From second differences over a lag of a third of BINS: a straight course cancels, noise that is
    correlated from row to row does not (first differences would take it for a trend).
    """
    lag = BINS // 3
    size = min(len(values) // width, 4 * BINS) * width
    last = list(values)[-size:]
    means = [fmean(last[i : i + width]) for i in range(0, len(last), width)]
    bends = [a - 2 * b + c for a, b, c in zip(means, means[lag:], means[2 * lag :], strict=False)]
    return 1.4826 * median(map(abs, bends)) / 6**0.5 if bends else 0.0


def lowest(values: Sequence[float], width: int) -> float:
    """Lowest mean of a third of BINS groups of `width` values: the bottom, noise averaged out."""
    size = BINS // 3 * width
    sums = _window_sums(values, size)
    return min(sums) / size


def largest_rise(values: Sequence[float], width: int) -> float:
    """The largest `rise` over BINS groups of `width` values before the last such window; 0 if none."""
    size, span = BINS // 3 * width, BINS * width
    sums = _window_sums(values, size)
    past = len(values) - span
    rises = [sums[start + span - size] - sums[start] for start in range(past - span + 1)]
    return max(0.0, max(rises, default=0.0)) / size


def _window_sums(values: Sequence[float], size: int) -> list[float]:
    total = [0.0, *accumulate(values)]
    return [b - a for a, b in zip(total, total[size:], strict=False)]
