"""Parts one after the other in time, with a gap between them whose rows are in no part."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trainer_tui.training.errors import DataSourceError
from trainer_tui.training.splits.allocate import SHARES, fits
from trainer_tui.training.splits.split import NO_PART

if TYPE_CHECKING:
    from trainer_tui.training.dataset import Dataset

Ints = npt.NDArray[np.intp]

GAP = re.compile(r"(\d+(?:\.\d+)?)\s*([a-zA-Z]*)")
SECONDS: dict[str, float] = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
"""Units of a gap between dates."""

NEAR = (2, 6)
"""Distinct times to either side of a border that are tried, again around the best of them; more where the
ratios are not met."""
ROUNDS = 10
STARTS = 40


@dataclass(frozen=True, slots=True)
class Axis:
    """The distinct times of n rows."""

    of_row: Ints
    """(n,): index into `values`."""
    values: npt.NDArray[Any]
    """(m,): ascending; datetime64 or numbers."""
    before: Ints
    """(m + 1,): rows earlier than each of them; the last is n."""
    gap: Any
    """A timedelta64 or a number."""


def times_of(dataset: Dataset) -> pd.Series:
    """The time of each row, in UTC; `DataSourceError` where there is no time column, or a row has no time."""
    times = dataset.times
    if times is None:
        raise DataSourceError(
            "A split by time needs a column that says when a row was observed: name it as time."
        )
    missing = int(times.isna().sum())
    if missing:
        raise DataSourceError(
            f'{missing:,} rows have no value in the time column "{times.name}": fill it in or leave '
            "those rows out."
        )
    if getattr(times.dtype, "tz", None) is not None:
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
    if times.dtype.kind not in "iufM":
        raise DataSourceError(f'The time column "{times.name}" holds neither dates nor numbers.')
    return times


def gap_of(text: str, times: pd.Series) -> Any:
    """The gap as a difference of two times: `7d` or `12h` for dates, a plain number for numbers; empty:
    none."""
    dates = times.dtype.kind == "M"
    if not text.strip():
        return np.timedelta64(0, "us") if dates else 0
    found = GAP.fullmatch(text.strip())
    unit = found[2].lower() if found else ""
    if not found or (unit not in SECONDS if dates else bool(unit)):
        allowed = f"a duration as 7d, 12h or 30min ({', '.join(SECONDS)})" if dates else "a number"
        raise DataSourceError(f'The gap "{text}" is not {allowed}, as the time column needs it.')
    if dates:
        return np.timedelta64(round(float(found[1]) * SECONDS[unit] * 1e6), "us")
    return float(found[1])


def axis_of(dataset: Dataset, gap: str) -> Axis:
    """The time axis of a dataset."""
    times = times_of(dataset)
    values, of_row, counts = np.unique(times.to_numpy(), return_inverse=True, return_counts=True)
    before = np.concatenate([[0], np.cumsum(counts)]).astype(np.intp)
    return Axis(of_row.astype(np.intp), values, before, gap_of(gap, times))


def windows(axis: Axis, ends: tuple[int, ...]) -> Ints:
    """(4, 2): first and one past the last time of each part; `ends`: those of the first three."""
    last, result = len(axis.values), []
    first = 0
    for end in (*ends, last):
        end = max(first, min(end, last))
        result.append((first, end))
        # The next part begins `gap` after the last time of this one.
        first = end
        if 0 < end < last:
            first = max(end, int(np.searchsorted(axis.values, axis.values[end - 1] + axis.gap, side="left")))
    return np.array(result, dtype=np.intp)


def counts(axis: Axis, limits: Ints) -> Ints:
    """(4,): rows of each window."""
    return np.asarray(axis.before[limits[:, 1]] - axis.before[limits[:, 0]], dtype=np.intp)


def codes_of(axis: Axis, limits: Ints) -> npt.NDArray[np.int8]:
    """(n,): the part of each row, `NO_PART` in a gap."""
    of_time = np.full(len(axis.values), NO_PART, dtype=np.int8)
    for part, (first, end) in enumerate(limits):
        of_time[first:end] = part
    return of_time[axis.of_row]


def borders(axis: Axis, ratios: npt.NDArray[np.float64] = SHARES) -> Ints:
    """The windows whose shares come closest to the ratios, counted over the rows that no gap takes.

    How many rows the gaps take depends on the borders: the number of remaining rows is found by bisection
    (more of it makes the first three parts larger and the last one smaller), then neighbouring borders are
    tried.
    """

    def distance(ends: tuple[int, ...]) -> float:
        return _distance(counts(axis, windows(axis, ends)), ratios)

    low, high = 0, int(axis.before[-1])
    ends: tuple[int, ...] = (0, 0, 0)
    while low < high:
        total = (low + high + 1) // 2
        trial = _ends(axis, total, ratios)
        size = counts(axis, windows(axis, trial))
        if size[3] >= ratios[3] * total:
            low, ends = total, trial
        else:
            high = total - 1
    # Gaps make steps: totals around the one found are tried, then borders around the best.
    around = np.unique(np.linspace(0.93 * low, min(1.07 * low, axis.before[-1]), STARTS).astype(int))
    ends = min((ends, *(_ends(axis, int(total), ratios) for total in around)), key=distance)
    for reach in NEAR:
        for _ in range(ROUNDS):
            steps = itertools.product(range(-reach, reach + 1), repeat=3)
            best = min((tuple(np.add(ends, step).tolist()) for step in steps), key=distance)
            if distance(best) >= distance(ends):
                break
            ends = best
        if fits(counts(axis, windows(axis, ends))):
            break
    return windows(axis, ends)


def _ends(axis: Axis, total: int, ratios: npt.NDArray[np.float64]) -> tuple[int, int, int]:
    ends: list[int] = []
    first, last = 0, len(axis.values)
    for ratio in ratios[:3]:
        goal = axis.before[first] + ratio * total
        end = int(np.searchsorted(axis.before, goal, side="left"))
        if end > first + 1 and abs(axis.before[min(end - 1, last)] - goal) < abs(
            axis.before[min(end, last)] - goal
        ):
            end -= 1
        end = min(max(end, first + 1), last)
        ends.append(end)
        first = end
        if end < last:
            first = max(end, int(np.searchsorted(axis.values, axis.values[end - 1] + axis.gap, side="left")))
    return ends[0], ends[1], ends[2]


def _distance(size: Ints, ratios: npt.NDArray[np.float64]) -> float:
    total = int(size.sum())
    if not total or (size == 0).any():
        return np.inf
    off = np.abs(size / total - ratios)
    return float(off.max() + 0.1 * off.sum())
