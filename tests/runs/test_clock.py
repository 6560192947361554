"""Stamps that every file of ours carries, and durations as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui.runs.clock import duration_text, parse_utc, seconds_between, utc_now, utc_stamp


def test_a_stamp_is_utc_with_milliseconds() -> None:
    moment = datetime(2026, 1, 25, 16, 30, 0, 123_999, tzinfo=timezone(timedelta(hours=2)))
    assert utc_stamp(moment) == "2026-01-25T14:30:00.123Z"


def test_now_is_now() -> None:
    now = parse_utc(utc_now())
    assert now is not None
    assert abs((datetime.now(UTC) - now).total_seconds()) < 5


@given(st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(UTC)))
def test_a_stamp_is_read_back_to_the_millisecond(moment: datetime) -> None:
    read = parse_utc(utc_stamp(moment))
    assert read is not None
    assert timedelta(0) <= moment - read < timedelta(milliseconds=1)


def test_a_stamp_without_a_zone_is_utc() -> None:
    assert parse_utc("2026-01-25T14:30:00") == datetime(2026, 1, 25, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize("stamp", ["", "soon", "2026-13-01", None, 12, b"2026-01-25"])
def test_what_is_no_stamp_is_none(stamp: object) -> None:
    assert parse_utc(stamp) is None  # type: ignore[arg-type]


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_two_texts_have_a_duration_or_none(start: str, end: str) -> None:
    seconds = seconds_between(start, end)
    assert seconds is None or seconds >= 0


def test_seconds_between_is_never_negative() -> None:
    early, late = "2026-01-25T14:30:00.000Z", "2026-01-25T14:30:01.500Z"
    assert seconds_between(early, late) == 1.5
    assert seconds_between(late, early) == 0, "a clock that was set back"
    assert seconds_between("", late) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (float("inf"), "–"),
        (-3.0, "0 s"),
        (0, "0 s"),
        (0.04, "0.0 s"),
        (0.4, "0.4 s"),
        (9.94, "9.9 s"),
        (9.97, "10 s"),
        (12.9, "12 s"),
        (59.5, "59 s"),
        (60, "1 min"),
        (131, "2 min 11 s"),
        (3599.9, "59 min 59 s"),
        (3600, "1 h"),
        (6130, "1 h 42 min"),
        (100 * 3600, "100 h"),
    ],
)
def test_durations_as_people_read_them(seconds: float | None, text: str) -> None:
    assert duration_text(seconds) == text


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_longer_duration_never_reads_as_a_shorter_one(one: float, other: float) -> None:
    def read(text: str) -> float:
        words = text.split()
        unit = {"s": 1, "min": 60, "h": 3600}
        return sum(float(count) * unit[word] for count, word in zip(words[::2], words[1::2], strict=True))

    short, long = sorted((one, other))
    assert read(duration_text(short)) <= read(duration_text(long))
