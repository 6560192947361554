"""A split of a dataset: deterministic by its seed, and the same in any order of the rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

import numpy as np
import numpy.typing as npt

from trainer_tui.training.errors import DataSourceError, SplitRatioViolationError
from trainer_tui.training.splits import groups as by_group
from trainer_tui.training.splits import grouptimes, times
from trainer_tui.training.splits.allocate import deal, smallest
from trainer_tui.training.splits.enforce import validate, violations
from trainer_tui.training.splits.identity import hashes, identify
from trainer_tui.training.splits.split import TOLERANCE, Split, Strategy
from trainer_tui.training.splits.strata import strata

if TYPE_CHECKING:
    import pandas as pd

    from trainer_tui.training.dataset import Dataset

Codes = npt.NDArray[np.int8]

GROUP_BINS = 10
"""Quantiles of a numeric target by which groups are stratified."""


def automatic(dataset: Dataset) -> Strategy:
    """What the dataset itself asks for: a group column, a time column, both, or neither."""
    if dataset.groups is not None:
        return "group" if dataset.times is None else "group-time"
    if dataset.times is not None:
        return "time"
    return "stratified" if dataset.y.notna().any() else "random"


def make_split(dataset: Dataset, strategy: str = "", seed: int = 0, gap: str = "") -> Split:
    """60/20/15/5 % of the rows, each part within 2 % of that, or `SplitRatioViolationError`.

    strategy: one of `Strategy`; empty: `automatic`. seed: another one gives another split (not by time,
    which has no choice). gap: between two parts of a split by time, as `7d`, or a number in the unit of the
    time column. `DataSourceError`: the dataset has not what the strategy needs.
    """
    chosen: Strategy = automatic(dataset) if not strategy else _known(strategy)
    if gap and "time" not in chosen:
        raise DataSourceError(f"A gap is only for a split by time, not for one that is {chosen}.")
    if not dataset.X.index.is_unique:
        raise DataSourceError("Two rows have the same row id: a split needs one id for each row.")
    if len(dataset) < smallest():
        raise SplitRatioViolationError(
            f"{len(dataset)} rows cannot be divided into 60/20/15/5 % within {TOLERANCE:.0%}: "
            f"it works from {smallest()} rows on, so add rows."
        )
    split = Split(
        ids=dataset.X.index,
        codes=HOW[chosen](dataset, seed, gap),
        strategy=chosen,
        seed=seed,
        group=column_name(dataset.groups, "group", chosen),
        time=column_name(dataset.times, "time", chosen),
        gap=gap,
    )
    if violations(split):
        _explain(split, dataset)
    validate(split)
    return replace(split, split_id=identify(split, dataset.fingerprint, dataset.target))


def column_name(series: pd.Series | None, what: str, strategy: str) -> str:
    """The name of the column with the groups or times, where the strategy looks at them."""
    return str(series.name or what) if series is not None and what in strategy else ""


def _known(strategy: str) -> Strategy:
    for name in get_args(Strategy):
        if name == strategy:
            return name  # type: ignore[no-any-return]
    raise DataSourceError(f'There is no split "{strategy}": take one of {", ".join(get_args(Strategy))}.')


def _random(dataset: Dataset, seed: int, _gap: str) -> Codes:
    return deal(np.zeros(len(dataset), dtype=np.intp), hashes(dataset.X.index, seed))


def _stratified(dataset: Dataset, seed: int, _gap: str) -> Codes:
    return deal(strata(dataset), hashes(dataset.X.index, seed))


def _group(dataset: Dataset, seed: int, _gap: str) -> Codes:
    groups = by_group.groups_of(dataset, seed)
    return by_group.assign(groups, strata(dataset, GROUP_BINS))[groups.of_row]


def _time(dataset: Dataset, _seed: int, gap: str) -> Codes:
    axis = times.axis_of(dataset, gap)
    return times.codes_of(axis, times.borders(axis))


def _group_time(dataset: Dataset, seed: int, gap: str) -> Codes:
    return grouptimes.assign(by_group.groups_of(dataset, seed), times.axis_of(dataset, gap))


HOW: dict[Strategy, Callable[[Dataset, int, str], Codes]] = {
    "random": _random,
    "stratified": _stratified,
    "group": _group,
    "time": _time,
    "group-time": _group_time,
}


def _explain(split: Split, dataset: Dataset) -> None:
    """Raises the error that says which group, time or gap is in the way; returns where none of them is."""
    wrong = "; ".join(violations(split))
    n = len(dataset)
    reasons = []
    if split.group and dataset.groups is not None:
        sizes = dataset.groups.value_counts()
        name, rows = sizes.index[0], int(sizes.iloc[0])
        reasons.append(
            f'the largest of {len(sizes):,} groups in "{split.group}" is "{name}" with {rows / n:.1%} '
            "of the rows "
            f"({rows:,} of {n:,}), and no group may be in two parts: take fewer rows of it, add other "
            "groups, or name a "
            "finer group column"
        )
    if split.time and dataset.times is not None:
        sizes = dataset.times.value_counts()
        at, rows = sizes.index[0], int(sizes.iloc[0])
        if rows / n > TOLERANCE:
            reasons.append(
                f'{rows:,} rows ({rows / n:.1%}) have the same time {at} in "{split.time}", and equal '
                "times are never "
                "divided: name a finer time column"
            )
        lost = int((split.codes < 0).sum())
        if split.gap and (lost or 0 in split.counts().values()):
            span = f"from {dataset.times.min()} to {dataset.times.max()}"
            reasons.append(f"the gap of {split.gap} is long for times {span}: take a shorter one")
        elif lost:
            reasons.append(
                f"{lost:,} rows lie outside of the time of their group's part: split by group or time alone"
            )
    if reasons:
        raise SplitRatioViolationError(
            f"The split by {split.strategy}: {wrong}, because {'; '.join(reasons)}."
        )
