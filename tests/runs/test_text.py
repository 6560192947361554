"""Foreign bytes on a screen: no sequence, no control character and no direction override gets through."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trainer_tui.runs.text import clean, clean_lines, last_frame, shown

nasty = st.text(
    st.one_of(
        st.characters(),  # lone surrogates included
        st.sampled_from(
            "\x1b\x9b\x9d\x07\\[]P^_;0123456789mHJK?\r\n\t\x00\x7f\u202e\u2066\u200f\u2028\u2029"
        ),
    ),
    max_size=300,
)


@given(nasty, st.integers(1, 200))
@example("\x1b]0;title", 50)
@example("\x1b]" + "x" * 5000 + "\x07", 200)
@example("\x1b\x1b[31m[0m", 50)
@example("a\u2028b\u2029c", 50)
@example("name-\udcff", 50)
def test_what_is_clean_can_be_shown(text: str, limit: int) -> None:
    result = clean(text, limit)
    assert len(result) <= limit
    assert len(result.splitlines()) <= 1
    result.encode("utf-8")  # a terminal can be sent it
    bad = [
        c
        for c in result
        if unicodedata.category(c) == "Cc" or 0x202A <= ord(c) <= 0x202E or 0x2066 <= ord(c) <= 0x2069
    ]
    assert bad == []


@given(nasty)
def test_clean_text_stays_as_it_is(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("plain", "plain"),
        ("größer ✔", "größer ✔"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b[38;2;1;2;3mtrue\x1b[m colour", "true colour"),
        ("\x1b]8;;http://x\x07link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;unterminated", ""),
        ("\x1bPq sixel \x1b\\after", "after"),
        ("\x1b(Bcharset", "charset"),
        ("\x9b31mred", "red"),
        ("a\tb", "a    b"),
        ("bell\x07 nul\x00 del\x7f", "bell nul del"),
        ("\u202eevil\u202c", "evil"),
        ("[bold]markup stays[/bold]", "[bold]markup stays[/bold]"),
    ],
)
def test_what_is_left_of_a_sequence(text: str, result: str) -> None:
    assert clean(text) == result


def test_a_long_text_is_cut_with_a_sign_of_it() -> None:
    assert clean("x" * 100, 10) == "x" * 9 + "…"
    assert clean("x" * 10, 10) == "x" * 10


def test_a_megabyte_of_escapes_costs_no_more_than_itself() -> None:
    assert clean("\x1b[" * 500_000, 100) == clean("\x1b[" * 200, 100)


def test_lines_are_cleaned_one_by_one() -> None:
    assert clean_lines("one\r\n\x1b[1mtwo\x1b[0m\n") == "one\ntwo\n"


@pytest.mark.parametrize(
    ("line", "frame"),
    [
        (b"plain", b"plain"),
        (b"dos\r", b"dos"),
        (b" 1%\r 2%\r 3%", b" 3%"),
        (b" 1%\r 2%\r", b" 2%"),
        (b"\r 9%\r\r", b" 9%"),
        (b"\r", b""),
        (b"", b""),
    ],
)
def test_a_progress_bar_shows_its_last_frame(line: bytes, frame: bytes) -> None:
    assert last_frame(line) == frame


def test_a_log_line_as_shown() -> None:
    assert shown(b"\x1b[32mepoch 1\x1b[0m loss \xff\xfe\r") == "epoch 1 loss \ufffd\ufffd"


def test_a_long_line_shows_its_beginning() -> None:
    assert shown(b"epoch 7 " + b"x" * 1_000_000, 20) == "epoch 7 xxxxxxxxxxx…"


def test_a_long_progress_bar_shows_its_last_frame() -> None:
    assert shown(b"".join(b"\r%d %%" % n for n in range(200_000)), 20) == "199999 %"


def test_a_cut_never_shows_half_a_character() -> None:
    assert "\ufffd" not in shown("x€𝄞".encode() * 100_000, 50)
