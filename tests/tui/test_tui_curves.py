from __future__ import annotations

import math
from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui.runs.history import History
from trainer_tui.tui.axes import Axis
from trainer_tui.tui.curves import groups, plot_of, thin

NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


def history(**columns: list[float]) -> History:
    rows = len(next(iter(columns.values())))
    return History({name: array("d", values) for name, values in columns.items()}, [], rows)


def test_train_and_validation_share_a_plot_and_the_main_metric_comes_first() -> None:
    found = groups(["train_loss", "val_loss", "rmse", "grad_norm"], "rmse")
    assert found == [["rmse"], ["train_loss", "val_loss"], ["grad_norm"]]
    assert groups(["acc", "loss", "eval_loss"], "val_loss") == [["loss", "eval_loss"], ["acc"]]


def test_nan_is_a_gap_and_the_place_where_values_end_is_named() -> None:
    nan = math.nan
    picture = plot_of(history(epoch=[1, 2, 3, 4, 5, 6], loss=[3, nan, 2, 1, nan, nan]), "loss", 0, 80, False)
    (curve,) = picture.curves
    assert [xs for xs, _ in curve.pieces] == [(1.0,), (3.0, 4.0)]
    assert picture.bad_at == 5
    assert curve.last == 1


def test_an_empty_history_says_what_it_waits_for() -> None:
    assert "training_history.csv" in plot_of(History(), "loss", 0, 80, False).waiting


def test_log_scale_leaves_out_what_has_no_logarithm() -> None:
    picture = plot_of(history(epoch=[1, 2, 3, 4], loss=[100, 0, 10, 1]), "loss", 0, 80, True)
    assert [ys for _, ys in picture.curves[0].pieces] == [(2.0,), (1.0, 0.0)]


@given(st.lists(NUMBERS, min_size=1, max_size=400), st.integers(1, 60))
def test_thinning_keeps_the_extremes_and_the_bound(values: list[float], columns: int) -> None:
    y = np.array(values)
    x = np.arange(len(y), dtype=float)
    thin_x, thin_y = thin(x, y, columns)
    assert len(thin_x) == len(thin_y) <= max(2 * columns, 1)
    finite = y[np.isfinite(y)]
    kept = thin_y[np.isfinite(thin_y)]
    if len(finite):
        assert kept.min() == finite.min()
        assert kept.max() == finite.max()


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=60), st.booleans(), st.integers(1, 90))
def test_any_history_gives_finite_pieces(rows: list[tuple[float, float]], log: bool, columns: int) -> None:
    data = history(
        epoch=list(range(len(rows))), train_loss=[a for a, _ in rows], val_loss=[b for _, b in rows]
    )
    for curve in plot_of(data, "loss", 0, columns, log).curves:
        for xs, ys in curve.pieces:
            assert len(xs) == len(ys) > 0
            assert all(map(math.isfinite, (*xs, *ys)))


@given(st.floats(-1e100, 1e100), st.floats(-1e100, 1e100), st.integers(1, 12), st.booleans())
def test_ticks_are_few_and_short(low: float, high: float, most: int, log: bool) -> None:
    low, high = min(low, high), max(low, high)
    axis = Axis(most, log_scale=log)
    ticks = axis.get_ticks(low, high)
    assert len(ticks) <= most + 1
    if not log or abs(low) < 90 > abs(high):
        assert all(len(label) <= 9 for label in axis.get_labels_for_ticks(ticks))


def test_ticks_stand_at_round_numbers() -> None:
    axis = Axis(5)
    assert axis.get_labels_for_ticks(axis.get_ticks(0.41, 2.53)) == ["0.5", "1", "1.5", "2", "2.5"]
    logs = Axis(3, log_scale=True)
    assert logs.get_labels_for_ticks([-2.0, 0.0]) == ["0.01", "1"]


def test_a_million_rows_are_thinned_in_a_moment() -> None:
    rng = np.random.default_rng(0)
    data = history(epoch=list(range(300_000)), loss=rng.normal(size=300_000).tolist())
    picture = plot_of(data, "loss", 0, 150, False)
    assert sum(len(xs) for xs, _ in picture.curves[0].pieces) <= 300
    assert picture.curves[0].pieces[0][1] != pytest.approx(0)


EPOCHS = [float(e) for e in range(100)]


def test_a_loss_that_fell_early_gets_a_logarithmic_axis() -> None:
    early = history(epoch=EPOCHS, train_loss=[2.0 if e < 3 else 0.01 for e in EPOCHS])
    steady = history(epoch=EPOCHS, train_loss=[1.0 - e / 200 for e in EPOCHS])
    signed = history(epoch=EPOCHS, train_loss=[2.0 if e < 3 else -0.01 for e in EPOCHS])
    found = [plot_of(h, "train_loss", 0, 80, None).log_scale for h in (early, steady, signed)]
    assert found == [True, False, False]
    assert not plot_of(early, "train_loss", 0, 80, False).log_scale


def test_an_explosion_does_not_press_the_curve_flat() -> None:
    losses = [0.5 - e / 400 if e < 90 else 10.0 ** (e - 80) for e in EPOCHS]
    picture = plot_of(history(epoch=EPOCHS, train_loss=losses), "train_loss", 0, 80, None)
    shown = [value for _, values in picture.curves[0].pieces for value in values]
    assert max(shown) < 1 and (picture.off_at, picture.bad_at) == (90, None)
