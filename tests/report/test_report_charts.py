"""Axes, thinning and paths of the pictures."""

from __future__ import annotations

import math
import re
from array import array

from hypothesis import example, given
from hypothesis import strategies as st

from trainer_tui.report import ticks
from trainer_tui.report.blocks import Chart, Line, Mark
from trainer_tui.report.prose import as_html, below_ours
from trainer_tui.report.series import POINTS, groups, machine_line, metric_chart
from trainer_tui.report.svg import HEIGHT, WIDTH, svg
from trainer_tui.runs.history import History
from trainer_tui.runs.secrets import masked_command, secrets_of

FINITE = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)


def history(**columns: list[float]) -> History:
    """A table."""
    rows = len(next(iter(columns.values())))
    return History({name: array("d", values) for name, values in columns.items()}, [], rows)


@given(FINITE, FINITE)
@example(0.0, 5e-324)
@example(-1.7e308, 1.7e308)
def test_ticks_are_few_in_order_and_inside(one: float, other: float):
    low, high = min(one, other), max(one, other)
    for pick in (ticks.linear, ticks.seconds, ticks.powers_of_two):
        found = pick(low, high, 5)
        assert found == sorted(found) and len(found) <= 51
        room = (high - low) * 1e-6
        assert all(low - room <= tick <= high + room for tick in found)


@given(st.floats(min_value=1e-300, max_value=1e300), st.floats(min_value=1.0001, max_value=1e200))
def test_ticks_of_a_logarithmic_axis(low: float, times: float):
    high = min(low * times, 1e305)
    found = ticks.decades(low, high, 5)
    assert found == sorted(found) and len(found) <= 12
    assert all(low * 0.999999 <= tick <= high * 1.000001 for tick in found)


def test_labels():
    assert [ticks.number_label(v) for v in (0, 0.05, 1e-05, 1e6, 1.5e20)] == [
        "0",
        "0.05",
        "1e-5",
        "1e6",
        "1.5e20",
    ]
    assert [ticks.time_label(v) for v in (0, 59, 60, 3725)] == ["0 s", "59 s", "1:00", "1:02:05"]


def test_a_long_curve_is_thinned_and_keeps_its_peaks():
    values = [math.sin(n / 1000) for n in range(200_000)]
    values[123_457], values[45_678] = 50.0, -50.0
    line = machine_line("x", list(range(200_000)), values)
    assert line is not None
    points = [point for piece in line.pieces for point in piece]
    assert len(points) <= POINTS + 4
    assert (123_457.0, 50.0) in points and (45_678.0, -50.0) in points
    assert points[0][0] == 0 and points[-1][0] == 199_999


def test_gaps_and_resumed_training_begin_new_pieces():
    nan = math.nan
    line = machine_line("x", list(range(9)), [1, 1, 1, nan, nan, nan, 1, 1, 1])
    assert line is not None and [len(piece) for piece in line.pieces] == [3, 3]
    line = machine_line("x", [1, 2, 3, 2, 3, 4], [1.0] * 6)
    assert line is not None and [len(piece) for piece in line.pieces] == [3, 3]
    line = machine_line("x", list(range(30)), [1.0 if n % 10 == 0 else nan for n in range(30)])
    assert line is not None and [len(piece) for piece in line.pieces] == [3]
    assert machine_line("x", [1, 2], [nan, math.inf]) is None


def test_metrics_that_belong_together():
    names = ["accuracy", "train_loss", "lr", "val_loss", "val/acc", "train/acc", "train"]
    assert groups(names, "accuracy") == [
        ["accuracy"],
        ["train_loss", "val_loss"],
        ["lr"],
        ["val/acc", "train/acc"],
        ["train"],
    ]
    assert [
        len(part) for part in groups([f"{s}_x" for s in ("train", "val", "test", "dev", "eval")], "")
    ] == [4, 1]


def test_a_loss_over_magnitudes_gets_a_logarithmic_axis():
    falls = [10 * math.exp(-n / 5) + 0.01 for n in range(100)]
    table = history(epoch=[float(n) for n in range(100)], train_loss=falls, acc=[n / 100 for n in range(100)])
    chart = metric_chart(table, ["train_loss"], (), "val_loss")
    assert chart is not None and chart.log and "logarithmic" not in chart.note
    other = metric_chart(table, ["acc"], (), "val_loss")
    assert other is not None and not other.log and other.judged
    assert other.lines[0].best == 0.99 and chart.lines[0].best == min(falls)


@given(st.lists(st.tuples(FINITE, FINITE), max_size=40), st.booleans(), FINITE)
def test_every_picture_is_finite_and_inside_its_frame(
    points: list[tuple[float, float]], log: bool, at: float
):
    chart = Chart("t", (Line("a", (tuple(points),)),), "epoch", log=log, marks=(Mark(at, "bad", "1"),))
    drawn = svg(chart)
    assert (drawn == "") == (not points)
    assert "nan" not in drawn and "inf" not in drawn
    for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", drawn):
        assert -0.1 <= float(x) <= WIDTH + 0.1 and -0.1 <= float(y) <= HEIGHT + 0.1


def test_of_marks_in_one_place_the_first_keeps_its_sign():
    marks = tuple(Mark(x, "bad", label) for x, label in ((50.0, "1"), (50.1, "2"), (10.0, "3")))
    drawn = svg(Chart("t", (Line("a", (((0.0, 1.0), (100.0, 2.0)),)),), "epoch", marks=marks))
    assert re.findall(r'class="sign bad"[^>]*>(\d)', drawn) == ["1", "3"]
    assert drawn.count('class="mark bad"') == 3


def test_options_that_hold_secrets():
    words = [
        "train",
        "--token",
        "abcdef",
        "--max-tokens=512",
        "-k",
        "PASSWORD=hunter22",
        "--tokenizer",
        "bert",
    ]
    shown = ["train", "--token", "•••", "--max-tokens=512", "-k", "PASSWORD=•••", "--tokenizer", "bert"]
    assert masked_command(words) == shown
    assert secrets_of({"A_TOKEN": "123456789", "B_KEY": "/a/path", "C_KEY": "x"}, words) == {
        "abcdef",
        "hunter22",
    }


def test_headings_of_the_diary_go_down_but_not_in_code():
    text = "## Entry <!-- gone -->\n\n```\n# code <!-- stays -->\n```\n<!--\n# hint\n-->\n###### deep\n"
    assert below_ours(text) == "### Entry \n\n```\n# code <!-- stays -->\n```\n\n###### deep\n"
    assert "&lt;script&gt;" in as_html("a <script>x</script>") and "<img" not in as_html("![a](http://x/y)")
    assert "href" not in as_html("[a](javascript:x) <javascript:x> [b](data:x) [c](file:///etc)")
    assert 'href="https://x/"' in as_html("[c](https://x/)")
