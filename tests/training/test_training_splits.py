"""Splits: the ratios, what may not be divided, and the same split in any order of the rows."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer_tui.training.dataset import Dataset
from trainer_tui.training.errors import DataSourceError, SplitRatioViolationError
from trainer_tui.training.splits import allocate
from trainer_tui.training.splits.enforce import quick_rows, shares, validate
from trainer_tui.training.splits.make import automatic, make_split
from trainer_tui.training.splits.split import PARTS, RATIOS, TOLERANCE

STRATEGIES = ("random", "stratified", "group", "time", "group-time")


def data(n=400, *, seed=0, task="binary", groups=None, times=None, ids=None):
    rng = np.random.default_rng(seed)
    index = pd.RangeIndex(n) if ids is None else pd.Index(ids)
    y = rng.normal(size=n) if task == "regression" else rng.integers(0, 2, n)
    return Dataset(
        "d",
        pd.DataFrame({"x": rng.normal(size=n)}, index=index),
        pd.Series(y, index=index, name="y"),
        task,
        (),
        "y",
        () if task == "regression" else (0, 1),
        None if groups is None else pd.Series(np.asarray(groups), index=index, name="patient"),
        None if times is None else pd.Series(np.asarray(times), index=index, name="day"),
        fingerprint="f",
    )


def full(n=600, seed=0):
    rng = np.random.default_rng(seed)
    return data(n, seed=seed, groups=rng.integers(0, n // 6, n), times=rng.random(n) * 100)


def moved(dataset, order):
    """The same rows in another order."""
    return replace(
        dataset,
        X=dataset.X.iloc[order],
        y=dataset.y.iloc[order],
        groups=None if dataset.groups is None else dataset.groups.iloc[order],
        times=None if dataset.times is None else dataset.times.iloc[order],
    )


# --------------------------------------------------------------------------------------- whole numbers


@given(st.lists(st.integers(1, 200), min_size=1, max_size=12))
def test_table_keeps_sums_and_shares(sizes):
    sizes = np.array(sizes)
    cells = allocate.table(sizes)
    assert (cells >= 0).all()
    assert (cells.sum(axis=1) == sizes).all()
    assert (cells.sum(axis=0) == allocate.totals(int(sizes.sum()))).all()
    # A cell is its share rounded, but for the exchanges that bring a class into each part.
    assert (np.abs(cells - np.outer(sizes, allocate.SHARES)) < 2 + len(sizes) * 4).all()


@given(st.integers(1, 3000))
def test_totals_round_within_the_tolerance(n):
    counts = allocate.totals(n)
    assert counts.sum() == n
    assert (np.abs(counts - n * allocate.SHARES) < 1).all()
    if n >= allocate.smallest():
        assert allocate.fits(counts)


def test_a_rare_class_is_in_each_part_where_it_can_be():
    cells = allocate.table(np.array([1, 2, 3, 4, 500]))
    assert cells[:4].tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]


# ------------------------------------------------------------------------------------------- all kinds


@pytest.mark.parametrize("strategy", STRATEGIES)
@given(st.integers(60, 900), st.integers(0, 10**6))
@settings(max_examples=12, deadline=None)
def test_ratios_hold_and_order_plays_no_part(strategy, n, seed):
    rng = np.random.default_rng(seed)
    dataset = data(n, seed=seed, groups=rng.permutation(n) // 2, times=rng.random(n))
    split = make_split(dataset, strategy, seed)
    assert all(abs(share - RATIOS[part]) <= TOLERANCE + 1e-9 for part, share in shares(split).items())
    order = rng.permutation(n)
    again = make_split(moved(dataset, order), strategy, seed)
    assert (again.codes == split.codes[order]).all()
    assert again.split_id == split.split_id


@pytest.mark.parametrize("strategy", ["random", "stratified", "group"])
def test_seed_and_data_make_the_id(strategy):
    dataset = full()
    one = make_split(dataset, strategy, 1)
    assert make_split(dataset, strategy, 1).split_id == one.split_id
    assert make_split(dataset, strategy, 2).split_id != one.split_id
    assert make_split(replace(dataset, fingerprint="g"), strategy, 1).split_id != one.split_id


def test_text_ids_decide_where_a_row_goes():
    ids = [f"patient {i}, visit 1" for i in range(300)]
    one = make_split(data(300, ids=ids), "random", 5)
    assert all(abs(s - RATIOS[p]) <= TOLERANCE for p, s in shares(one).items())
    assert make_split(data(300), "random", 5).split_id != one.split_id


@pytest.mark.parametrize(
    ("groups", "times", "expected"),
    [(0, 0, "stratified"), (1, 0, "group"), (0, 1, "time"), (1, 1, "group-time")],
)
def test_automatic_strategy(groups, times, expected):
    dataset = data(60, groups=range(60) if groups else None, times=range(60) if times else None)
    assert automatic(dataset) == expected


def test_stratified_classes_and_quantiles():
    y = np.random.default_rng(0).choice([0, 1, 2], 1000, p=[0.9, 0.08, 0.02])
    many = replace(data(1000), y=pd.Series(y, name="y"), task="multiclass", classes=(0, 1, 2))
    split = make_split(many)
    for part in PARTS:
        counts = np.bincount(y[split.positions(part)], minlength=3)
        assert np.abs(counts - np.bincount(y) * RATIOS[part]).max() <= 2 and counts.min() >= 1
    numeric = data(2000, task="regression")
    by = make_split(numeric)
    values = numeric.y.to_numpy()
    for part in PARTS:
        inside = values[by.positions(part)]
        assert (
            np.abs(np.quantile(inside, [0.1, 0.5, 0.9]) - np.quantile(values, [0.1, 0.5, 0.9])).max() < 0.06
        )


# ---------------------------------------------------------------------------------------------- groups


@given(st.integers(0, 10**6), st.integers(40, 120))
@settings(max_examples=15, deadline=None)
def test_no_group_in_two_parts(seed, k):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(k), rng.integers(1, 9, k))
    dataset = data(len(groups), seed=seed, groups=groups)
    split = make_split(dataset, seed=seed)
    assert pd.Series(split.codes).groupby(groups).nunique().max() == 1
    validate(split)


def test_groups_keep_classes_in_proportion():
    rng = np.random.default_rng(4)
    groups = rng.integers(0, 300, 3000)
    y = (rng.random(300) < 0.2).astype(int)[groups]
    dataset = replace(data(3000, groups=groups), y=pd.Series(y, name="y"))
    split = make_split(dataset)
    rates = [y[split.positions(part)].mean() for part in PARTS]
    assert np.ptp(rates) < 0.02


def test_a_group_that_is_too_large_is_named():
    groups = np.where(np.arange(1000) < 700, -7, np.arange(1000))
    with pytest.raises(
        SplitRatioViolationError, match=r'"-7" with 70\.0% of the rows \(700 of 1,000\)'
    ) as raised:
        make_split(data(1000, groups=groups))
    assert "finer group column" in str(raised.value)


def test_missing_groups_and_columns():
    with pytest.raises(DataSourceError, match='2 rows have no value in the group column "patient"'):
        make_split(data(60, groups=[None, None, *range(58)]))
    with pytest.raises(DataSourceError, match="name it as group"):
        make_split(data(60), "group")
    with pytest.raises(DataSourceError, match="name it as time"):
        make_split(data(60), "time")
    with pytest.raises(DataSourceError, match="random, stratified, group, time, group-time"):
        make_split(data(60), "kfold")


# ------------------------------------------------------------------------------------------------ time


@given(st.integers(0, 10**6), st.integers(300, 800), st.sampled_from([0.0, 0.5, 2.0]))
@settings(max_examples=20, deadline=None)
def test_time_order_gap_and_equal_times(seed, n, gap):
    times = np.round(np.random.default_rng(seed).random(n) * 100, 1)
    dataset = data(n, seed=seed, times=times)
    split = make_split(dataset, gap=str(gap) if gap else "")
    validate(split)
    for one, other in pairwise(PARTS):
        first, second = times[split.positions(one)], times[split.positions(other)]
        assert first.max() < second.min()
        assert second.min() - first.max() >= gap - 1e-9
    outside = times[split.codes < 0]
    ends = [times[split.positions(part)].max() for part in PARTS[:3]]
    assert all(any(end < t < end + gap for end in ends) for t in outside)


def test_dates_with_a_zone_and_a_gap_of_days():
    days = pd.date_range("2024-01-01", periods=800, freq="6h", tz="Europe/Berlin")
    split = make_split(data(800, times=days), gap="7d")
    ends = {part: (days[split.positions(part)].min(), days[split.positions(part)].max()) for part in PARTS}
    for one, other in pairwise(PARTS):
        assert ends[other][0] - ends[one][1] >= pd.Timedelta(days=7)
    assert split.gap == "7d" and split.time == "day"


@pytest.mark.parametrize("gap", ["7", "soon", "-3d", "7x"])
def test_gap_that_is_none(gap):
    with pytest.raises(DataSourceError, match=re.escape(f'The gap "{gap}"')):
        make_split(data(100, times=pd.date_range("2024-01-01", periods=100)), gap=gap)


def test_gap_without_time():
    with pytest.raises(DataSourceError, match="only for a split by time"):
        make_split(data(100), "random", gap="7d")


def test_equal_times_that_cannot_be_divided_are_named():
    times = np.repeat([2020, 2021, 2022], [300, 500, 200])
    with pytest.raises(SplitRatioViolationError, match=r"500 rows \(50\.0%\) have the same time 2021"):
        make_split(data(1000, times=times))


def test_a_gap_that_is_too_long():
    with pytest.raises(SplitRatioViolationError, match="the gap of 90 is long for times from 0 to 199"):
        make_split(data(200, times=np.arange(200)), gap="90")


def test_groups_and_time_together():
    rng = np.random.default_rng(3)
    groups = rng.integers(0, 250, 4000)
    for times in (rng.random(4000) * 100, rng.random(250)[groups] * 100 + rng.random(4000) * 5):
        split = make_split(data(4000, groups=groups, times=times), gap="1")
        inside = split.codes >= 0
        assert pd.Series(split.codes[inside]).groupby(groups[inside]).nunique().max() == 1
        for one, other in pairwise(PARTS):
            assert times[split.positions(one)].max() + 1 <= times[split.positions(other)].min()
        validate(split)


# ---------------------------------------------------------------------------------------- small, quick


def test_too_few_rows_say_how_many_it_takes():
    least = allocate.smallest()
    assert 20 < least < 60
    with pytest.raises(SplitRatioViolationError, match=f"works from {least} rows on"):
        make_split(data(least - 1))
    for strategy in ("random", "stratified"):
        assert min(make_split(data(least), strategy).counts().values()) >= 1


def test_ids_that_stand_twice():
    with pytest.raises(DataSourceError, match="same row id"):
        make_split(data(100, ids=[0, *range(99)]))


def test_validate_names_the_parts_that_are_off():
    split = make_split(data(400))
    codes = split.codes.copy()
    codes[split.positions("test")[:20]] = 0
    with pytest.raises(SplitRatioViolationError, match=r"train has 65\.0% .*; test has 10\.0%"):
        validate(replace(split, codes=codes))
    with pytest.raises(SplitRatioViolationError, match="holdout has"):
        validate(replace(split, codes=np.where(split.codes == 3, -1, split.codes).astype(np.int8)))


def test_quick_rows_are_few_and_never_of_test():
    dataset = data(4000)
    y = dataset.y.to_numpy().copy()
    split = make_split(dataset)
    y[split.positions("train")[:3]] = 2
    train, validation = quick_rows(split, 0.15, 1, y)
    assert set(split.codes[train]) == {0} and set(split.codes[validation]) == {1}
    assert abs(len(train) - 360) <= 1 and abs(len(validation) - 120) <= 1
    assert 2 in y[train]
    smaller = quick_rows(split, 0.10, 1)[0]
    assert set(smaller) <= set(quick_rows(split, 0.15, 1)[0])
    assert len(quick_rows(split, 1.0)[0]) == 2400
    with pytest.raises(ValueError, match="fraction"):
        quick_rows(split, 0.0)
