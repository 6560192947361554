import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui.runs.conditions import Condition, Range, parse_condition, parse_range

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (">= 0", Range(low=0)),
        ("> 0", Range(low=0, low_open=True)),
        ("<=5", Range(high=5)),
        (" < -1.5e3 ", Range(high=-1500, high_open=True)),
        ("0 .. 1", Range(0, 1)),
        ("0..1", Range(0, 1)),
        ("0...5", Range(0, 0.5)),
        ("-.5 .. -.25", Range(-0.5, -0.25)),
        ("3 .. 3", Range(3, 3)),
    ],
)
def test_ranges_as_people_write_them(text, expected):
    assert parse_range(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        ">= x",
        "> nan",
        "< inf",
        "> 1e999",
        "1 ..",
        ".. 1",
        "1 .. 0",
        "= 3",
        "> 1.",
        "> 0 < 1",
        "0x1 .. 2",
        "٣ .. ٤",
    ],
)
def test_what_is_no_range_is_refused_with_its_text(text):
    with pytest.raises(ValueError, match=r"no range|is empty"):
        parse_range(text)


def test_the_refusal_names_the_allowed_forms():
    with pytest.raises(ValueError, match=r"'>= zero' is no range; allowed: '>= 0', '> 0'.*'0 \.\. 1'"):
        parse_range(">= zero")


@given(finite)
def test_open_and_closed_ends(limit):
    assert limit in parse_range(f">= {limit!r}") and limit in parse_range(f"<= {limit!r}")
    assert limit not in parse_range(f"> {limit!r}") and limit not in parse_range(f"< {limit!r}")
    assert limit in parse_range(f"{limit!r} .. {limit!r}")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("text", [">= 0", "<= 0", "> -1", "0 .. 1"])
def test_no_range_holds_what_is_not_finite(value, text):
    assert value not in parse_range(text)


@given(finite, finite, st.sampled_from([">=", ">", "<=", "<", ".."]))
def test_text_and_range_are_the_same_thing(one, two, sign):
    low, high = sorted((one, two))
    text = f"{low!r} .. {high!r}" if sign == ".." else f"{sign} {one!r}"
    parsed = parse_range(text)
    assert parse_range(str(parsed)) == parsed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rhat < 1.05", Condition("rhat", Range(high=1.05, high_open=True))),
        ("rhat<1.05", Condition("rhat", Range(high=1.05, high_open=True))),
        ("ess 400 .. 1e5", Condition("ess", Range(400, 1e5))),
        ("x2 2 .. 3", Condition("x2", Range(2, 3))),
        ("val loss >= -1", Condition("val loss", Range(low=-1))),
    ],
)
def test_conditions(text, expected):
    assert parse_condition(text) == expected
    assert parse_condition(str(expected)) == expected


@pytest.mark.parametrize("text", ["", "rhat", "< 3", "rhat = 3", "rhat < one", "1 .. 2", "rhat 2 .. 1"])
def test_what_is_no_condition(text):
    with pytest.raises(ValueError, match=r"no condition|no range|is empty"):
        parse_condition(text)


@given(st.text(max_size=40))
def test_any_text_is_parsed_or_refused(text):
    for parse in (parse_range, parse_condition):
        try:
            parse(text)
        except ValueError as error:
            assert "allowed" in str(error) or "is empty" in str(error) or "too large" in str(error)
