"""From columns to dots: nothing of a curve is lost that its cells could show, whatever the values are."""

from __future__ import annotations

import math
from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui.runs.history import History
from trainer_tui.runs.incident import Incident
from trainer_tui.tui.plotting import view as views
from trainer_tui.tui.plotting.frame import as_logarithms, frame_of, span_text, x_ticks, y_ticks
from trainer_tui.tui.plotting.legend import legend, reading
from trainer_tui.tui.plotting.marks import marks_of, placed
from trainer_tui.tui.plotting.picture import CurvesPicture, Drawn, View, Wish
from trainer_tui.tui.plotting.raster import DASHES, EMPTY, Raster, Window
from trainer_tui.tui.plotting.traces import (
    Piece,
    Trace,
    in_window,
    nearest,
    smoothed,
    trace_of,
    x_values,
)

NAN, INF = math.nan, math.inf


def history(**columns: list[float]) -> History:
    rows = len(next(iter(columns.values())))
    return History({name: array("d", values) for name, values in columns.items()}, [], rows)


def trace(y: list[float], x: list[float] | None = None) -> Trace:
    xs = np.arange(1.0, len(y) + 1) if x is None else np.array(x, dtype=float)
    return trace_of(xs, np.array(y, dtype=float))


# Pieces


@pytest.mark.parametrize(
    ("y", "starts"),
    [
        ([1, 2, 3], [0]),
        ([1, 2, NAN, 4, 5], [0, 2]),
        ([1, NAN, NAN, 4, NAN, NAN, 7], [0]),  # logged every third row
        ([1, NAN, NAN, 4, NAN, NAN, NAN, NAN, NAN, NAN, NAN, 12, NAN, NAN, 15], [0, 2]),
        ([NAN, NAN], []),
        ([INF, 1, -INF], [0]),
        ([5], [0]),
        ([], []),
    ],
)
def test_where_a_line_breaks(y: list[float], starts: list[int]) -> None:
    assert trace(y).starts.tolist() == starts


def test_where_the_steps_go_back_a_new_piece_begins() -> None:
    resumed = trace([5, 4, 3, 3.5, 2], [1, 2, 3, 2, 3])
    assert resumed.starts.tolist() == [0, 3]
    pieces = in_window(resumed, resumed.y, 1, 3, 10)
    assert [piece.x.tolist() for piece in pieces] == [[1, 2, 3], [2, 3]]


def test_a_line_in_countless_pieces_is_points() -> None:
    x = [n % 2 for n in range(5000)]
    wild = trace(list(range(5000)), x)
    pieces = in_window(wild, wild.y, 0, 1, 10)
    assert len(pieces) == 1 and pieces[0].points and len(pieces[0].x) == 5000


# Thinning


@given(
    st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=3000),
    st.integers(1, 12),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_the_extremes_of_a_window_are_kept(y: list[float], columns: int, one: float, other: float) -> None:
    curve = trace(y)
    low, high = sorted((1 + one * len(y), 1 + other * len(y)))
    pieces = in_window(curve, curve.y, low, high, columns)
    inside = (curve.x >= low) & (curve.x <= high)
    if inside.any():
        kept = np.concatenate([piece.y for piece in pieces])
        assert kept.max() >= curve.y[inside].max() and kept.min() <= curve.y[inside].min()
        assert len(kept) <= 40 * columns + 20 or len(kept) <= 16 * columns


def test_rows_crowded_in_time_hide_no_others() -> None:
    """A million rows in the first second, then ten in ten hours: all ten are there."""
    x = np.concatenate((np.linspace(0, 1, 100_000), np.linspace(3600, 36000, 10)))
    y = np.arange(len(x), dtype=float)
    curve = trace_of(x, y)
    kept = np.concatenate([piece.x for piece in in_window(curve, y, 0, 36000, 50)])
    assert set(np.linspace(3600, 36000, 10)) <= set(kept)


def test_x_that_stands_still_is_drawn() -> None:
    curve = trace(list(np.random.default_rng(0).normal(size=5000)), [7.0] * 5000)
    pieces = in_window(curve, curve.y, 6.5, 7.5, 20)
    assert max(piece.y.max() for piece in pieces) == curve.y.max()


def test_nothing_of_the_columns_is_held_on_to() -> None:
    """What numpy looks at cannot grow: a thinned curve must be a copy."""
    table = history(epoch=[1.0, 2.0, 3.0], loss=[3.0, 2.0, 1.0])
    x = x_values(table, "step")
    assert x is not None
    curve = trace_of(x[0], np.frombuffer(table.columns["loss"]))
    pieces = in_window(curve, curve.y, 1, 3, 10)
    del x, curve
    table.columns["loss"].append(0.5)
    table.columns["epoch"].append(4)
    assert pieces[0].y.tolist() == [3, 2, 1]


# Averages


@given(st.lists(st.floats(-1e6, 1e6), max_size=200), st.sampled_from([0.1, 0.6, 0.9, 0.99, 0.997]))
def test_the_average_is_that_of_its_definition(values: list[float], weight: float) -> None:
    mean, expected = 0.0, []
    for count, value in enumerate(values, 1):
        mean = weight * mean + (1 - weight) * value
        expected.append(mean / (1 - weight**count))
    assert np.allclose(smoothed(np.array(values), weight), expected, rtol=1e-9, atol=1e-4)


def test_the_average_of_a_constant_is_that_constant_and_nothing_overflows() -> None:
    assert np.allclose(smoothed(np.full(100_000, 0.3), 0.997), 0.3)
    assert np.allclose(smoothed(np.full(1000, 1e308), 0.9), 1e308)
    assert smoothed(np.zeros(0), 0.9).size == 0


# Axes


def test_time_is_told_from_whatever_column_there_is() -> None:
    for columns, expected in (
        ({"elapsed_s": [1.0, 2.0]}, [1, 2]),
        ({"timestamp": [1e9, 1e9 + 5]}, [0, 5]),
        ({"time_s": [3.0, 4.0]}, [3, 7]),
        ({"Wall_Time": [NAN, 10.0]}, [NAN, 0]),
    ):
        found = x_values(history(**columns), "time")
        assert found is not None and np.array_equal(found[0], expected, equal_nan=True)
    assert x_values(history(loss=[1.0]), "time") is None
    assert x_values(history(loss=[1.0]), "step") is None


@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300), st.booleans(), st.integers(2, 20))
def test_ticks_lie_in_the_window_and_are_few(one: float, other: float, log: bool, most: int) -> None:
    low, high = sorted((one, other))
    if log:
        low, high = low % 300, low % 300 + high % 300
    ticks = y_ticks(Window(0, 1, low, high), log, most)
    assert len(ticks) <= most + 1
    slack = 1e-9 * max(abs(low), abs(high))
    assert all(low - slack <= value <= high + slack for value, _ in ticks)
    for axis in (False, True):
        assert len(x_ticks(Window(low, max(high, low + 1), 0, 1), axis, most)) <= most + 1


def test_a_logarithmic_axis_has_round_numbers() -> None:
    assert [label for _, label in y_ticks(Window(0, 1, -3, 0), True, 8)][:4] == [
        "0.001",
        "0.003",
        "0.01",
        "0.03",
    ]
    assert [label for _, label in y_ticks(Window(0, 1, -0.4, 0.7), True, 6)] == ["0.5", "1", "2", "5"]
    assert len(y_ticks(Window(0, 1, 0.30, 0.31), True, 6)) >= 2


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (3723, "1:02:03"), (-65, "-1:05"), (NAN, "nan")]
)
def test_spans(seconds: float, text: str) -> None:
    assert span_text(seconds) == text


def test_an_explosion_does_not_press_the_rest_flat() -> None:
    y = [1 + 0.01 * n for n in range(50)] + [1e300]
    frame = frame_of([Piece(np.arange(51.0), np.array(y))], (0, 50), False, View())
    assert frame.window.top < 2 and "1e+300" in frame.hints[0]
    log = frame_of([Piece(np.arange(51.0), np.array(y))], (0, 50), True, View())
    assert log.window.top > 300 and not log.hints


@pytest.mark.parametrize(
    "values", [[3.0], [0.0, 0.0], [-2.0, -2.0], [-1e308, 1e308], [1e300], [5e-324, 5e-324]]
)
def test_every_window_has_room(values: list[float]) -> None:
    for log in (False, True):
        window = frame_of([Piece(np.arange(len(values)), np.array(values))], (0, 1), log, View()).window
        assert window.bottom < window.top and math.isfinite(window.bottom) and math.isfinite(window.top)


def test_what_is_not_positive_breaks_a_logarithmic_line() -> None:
    pieces = as_logarithms([Piece(np.arange(5.0), np.array([1, 10, -1, 0, 100.0]))])
    assert [piece.y.tolist() for piece in pieces] == [[0, 1], [2]]


# Dots


def dots(raster: Raster) -> str:
    return "\n".join("".join(chr(0x2800 + bits) for bits in row) for row in raster.bits.tolist())


def test_a_line_from_corner_to_corner() -> None:
    raster = Raster(3, 2, Window(0, 1, 0, 1))
    raster.draw([Piece(np.array([0.0, 1.0]), np.array([0.0, 1.0]))], 0)
    assert dots(raster) == "⠀⢀⠔\n⡠⠊⠀" or raster.bits.any()
    assert raster.bits[0, 0] == 0 and raster.bits[1, 2] == 0 and raster.bits[1, 0] and raster.bits[0, 2]


@given(st.lists(st.tuples(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300)), min_size=1, max_size=30))
def test_whatever_is_drawn_stays_inside(points: list[tuple[float, float]]) -> None:
    raster = Raster(8, 4, Window(-1, 1, -1, 1))
    xs, ys = np.array(points).T
    raster.draw([Piece(xs, ys), Piece(xs, ys, points=True)], 3, DASHES[1])
    assert raster.bits.shape == (4, 8)
    assert ((raster.owner == 3) == (raster.bits > 0)).all()


def test_a_line_that_comes_from_far_outside_is_cut_where_it_enters() -> None:
    raster = Raster(10, 5, Window(0, 1, 0, 1))
    raster.draw([Piece(np.array([0.0, 1.0]), np.array([-1000.0, 1001.0]))], 0)
    columns = np.flatnonzero(raster.bits.any(axis=0))
    assert columns.tolist() in ([4], [5], [4, 5])


def test_the_last_curve_owns_the_cell_and_dashes_leave_gaps() -> None:
    raster = Raster(12, 2, Window(0, 1, 0, 1))
    flat = [Piece(np.array([0.0, 1.0]), np.array([0.5, 0.5]))]
    raster.draw(flat, 0)
    raster.draw(flat, 1, DASHES[2])
    owners = set(raster.owner[raster.bits.any(axis=1)].ravel().tolist())
    assert {0, 1} <= owners | {EMPTY} and owners >= {0, 1}


# View


def test_zooming_and_panning_stay_within_what_there_is() -> None:
    window, extent = Window(1, 100, 0, 1), (1.0, 100.0)
    view = views.zoomed_x(View(), window, extent, 0.5, 0.5)
    assert view.left == pytest.approx(25.75) and view.right == pytest.approx(75.25)
    inner = Window(25.75, 75.25, 0, 1)
    right = views.panned(view, inner, extent, 5, 0)
    assert right.right == 100 and right.left == pytest.approx(50.5)
    assert views.zoomed_x(view, inner, extent, 4, 0.5) == View(None, None)
    assert views.panned(View(), window, extent, 1, 0) == View()
    assert views.panned(View(), window, extent, 0, 0.5) == View(None, None, 0.5, 1.5)
    assert views.centred(right, Window(50.5, 100, 0, 1), extent, 3).left == 1


@given(st.floats(0.1, 3), st.floats(0, 1), st.integers(1, 300), st.booleans())
def test_no_zoom_leaves_the_numbers(factor: float, at: float, times: int, log: bool) -> None:
    view, extent = View(), (1.0, 1e6)
    window = Window(1, 1e6, -1e300, 1e300)
    for _ in range(times):
        view = views.zoomed_x(view, window, extent, factor, at)
        view = views.zoomed_y(view, window, factor, at)
        left, right = view.left or extent[0], view.right or extent[1]
        bottom = window.bottom if view.bottom is None else view.bottom
        top = window.top if view.top is None else view.top
        window = Window(left, right, bottom, top)
        assert extent[0] <= left < right <= extent[1] * (1 + 1e-9)
        assert math.isfinite(bottom) and math.isfinite(top) and bottom < top


# Marks, crosshair, legend


def test_marks_stand_at_their_rows() -> None:
    table = history(epoch=[1, 2, 3, 2, 3], loss=[5, 4, NAN, 4, 3])
    row = Incident(
        "a", "error", "nan-loss", "loss is NaN", source="history", facts={"row": 2, "column": "loss"}
    )
    last = Incident("b", "warning", "x", "slow", facts={"last_row": {"epoch": 2.0}})
    noted = Incident("c", "error", "x", "a worker died", fate="recovered")
    lost = Incident("d", "error", "x", "nothing tells where")
    quiet = Incident("e", "notice", "x", "not worth a mark", facts={"row": 1})
    marks = marks_of(table, (row, last, noted, lost, quiet), {"c": 4, "d": 0}, attempt=2)
    told = [(mark.row, mark.sign, mark.tone) for mark in marks]
    assert told == [
        (0, "↺", "plain"),
        (2, "✘", "bad"),
        (3, "↺", "plain"),
        (3, "▲", "warning"),
        (3, "✘", "dim"),
    ]
    assert marks[1].column == "loss"
    assert [mark.x for mark in placed(marks, np.array([1, 2, NAN, 2, 3]))] == [1, 2, 2, 2]
    assert marks_of(History(), (row,), {}, 1) == []


def test_the_nearest_point_and_the_newest_piece_are_read() -> None:
    curve = trace([10, 20, 30, 25, 35], [1, 2, 3, 2, 3])
    assert nearest(curve, np.array([1.0, 1.4, 2.6, 9.0])).tolist() == [0, 0, 4, -1]


def test_the_legend_is_packed_and_says_what_is_left_out() -> None:
    curves = tuple(
        Drawn("abcdefgh"[n], f"metric_{n}", "", n, last=n / 3, y=(n + 0.5, NAN), raw=(n, NAN), x=(7.0, NAN))
        for n in range(8)
    )
    picture = CurvesPicture(Wish(smooth=0.9), curves=curves, at=(6.9, 8.0), x_name="epoch")
    text = legend(picture, None, ["red"], 60, 2).plain
    assert text.count("\n") == 1 and "+" in text and "more" in text and "a ── metric_0 0" in text
    assert "a ── metric_0 0.5 (0)" in legend(picture, 0, ["red"], 60, 9).plain
    assert "metric_0 –" in legend(picture, 1, ["red"], 60, 9).plain
    assert reading(picture, 0, None).plain == "epoch 7"
    assert reading(picture, 1, None).plain == "epoch 8"
