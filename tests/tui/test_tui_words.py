from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui.runs.units import bytes_text, pair_text
from trainer_tui.tui.loglines import found_in, level_of, stamp_length
from trainer_tui.tui.words import about_text, bar, elapsed_text, local_time, sparkline


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (9.8 * 2**30, "9.8 GiB"),
        (212 * 2**30, "212 GiB"),
        (math.nan, "–"),
        (-(12 << 20), "-12.0 MiB"),
    ],
)
def test_sizes(count: float, text: str) -> None:
    assert bytes_text(count) == text


def test_a_pair_says_its_unit_once() -> None:
    assert pair_text(9.8 * 2**30, 24 * 2**30) == "9.8 of 24 GiB"
    assert pair_text(500 * 2**20, 24 * 2**30) == "500 MiB of 24 GiB"


def test_spans() -> None:
    assert [about_text(s) for s in (40, 1500, 11400, 400000)] == ["40 s", "25 min", "3 h 10 min", "5 days"]
    assert [elapsed_text(s) for s in (8, 131, 6130, None)] == ["0:08", "2:11", "1:42:10", "–:––"]


def test_a_day_is_named_only_when_it_is_another() -> None:
    now = datetime(2026, 1, 25, 20, 0, tzinfo=UTC)
    assert local_time("2026-01-25T13:58:00.000Z", now) == "13:58"
    assert local_time("2026-01-24T13:58:00.000Z", now) == "Jan 24 13:58"
    assert local_time("nonsense", now) == "--:--"


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True)), st.integers(0, 20), st.floats(0, 1e12))
def test_a_sparkline_has_its_width_whatever_comes(values: list[float], width: int, top: float) -> None:
    line = sparkline(values, width, top)
    assert len(line) == (width if width and top else 0)


@given(st.floats(-1, 2), st.integers(0, 100))
def test_a_bar_fills_its_width(fraction: float, width: int) -> None:
    assert sum(map(len, bar(fraction, width))) == width


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("2026-01-25 14:00:00 ERROR it broke", "error"),
        ("RuntimeError: NaN detected", "error"),
        ("Traceback (most recent call last):", "error"),
        ("epoch 3 val_error 0.31 errors 0", ""),
        ("epoch 3 error 0.31", ""),
        ("UserWarning: lr_scheduler", "warning"),
        ("[WARNING] slow", "warning"),
        ("DEBUG batch 3", "debug"),
    ],
)
def test_levels(line: str, level: str) -> None:
    assert level_of(line) == level


def test_stamps() -> None:
    assert stamp_length("2026-01-25 14:02:59,123 INFO") == 23
    assert stamp_length("[14:02:59] INFO") == 10
    assert stamp_length("epoch 3") == 0


@given(st.text(), st.text(max_size=3))
def test_found_places_are_inside_the_line(line: str, needle: str) -> None:
    for start, end in found_in(line, needle):
        assert 0 <= start < end <= len(line)
    if needle and needle in line:
        assert found_in(line, needle)
