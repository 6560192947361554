"""Index, reading lines anywhere, searching, colours, folding and times, against the naive way."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer_tui.runs.logs import ansi, hits, index
from trainer_tui.runs.logs.file import HEAD, LogFile, LogReader
from trainer_tui.runs.logs.fold import frames, is_bar, newest_frame
from trainer_tui.runs.logs.hits import PENDING, LogHits
from trainer_tui.runs.logs.index import LineIndex, fast_count, plain_count
from trainer_tui.runs.logs.search import Pattern, PatternError, Wanted
from trainer_tui.runs.logs.time import Moment, asked_time, place_of, time_of

LOGS = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from(
            [b"\n", b"\n\n\n", b"\r", b"abc\n", b"epoch 3 loss=nan\n", b"\x1b[31mERROR\x1b[0m\n"]
        ),
        st.integers(0, 300).map(lambda n: b"x" * n),
    ),
    max_size=40,
).map(b"".join)


def naive_starts(data: bytes) -> list[int]:
    """Where lines begin."""
    return [0, *(i + 1 for i, byte in enumerate(data) if byte == 10 and i + 1 < len(data))] if data else []


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Borders of blocks everywhere, so that every case crosses them."""
    monkeypatch.setattr(index, "BLOCK", 64)
    monkeypatch.setattr(index, "_STEP", 16)
    monkeypatch.setattr(hits, "CHUNK", 128)
    monkeypatch.setattr(hits, "REACH", 100_000)


def log_of(path: Path, data: bytes) -> LogFile:
    path.write_bytes(data)
    return LogFile(path)


# ---------------------------------------------------------------------- index


@given(LOGS, st.lists(st.integers(1, 200)), st.booleans())
def test_the_index_equals_the_naive_one_however_the_log_grew(
    data: bytes, pieces: list[int], fast: bool
) -> None:
    index = LineIndex(fast_count() if fast else plain_count)
    at = 0
    for size in [*pieces, len(data)]:
        index.extend(bytearray(data[at : at + size]))
        at += size

    def read(offset: int, length: int) -> bytes:
        return data[offset : offset + length]

    starts = naive_starts(data)
    assert index.size == len(data) and index.lines == len(starts)
    assert [index.start_of(n, read) for n in range(len(starts))] == starts
    assert index.start_of(len(starts), read) is None and index.start_of(-1, read) is None
    for offset in range(0, len(data), 7):
        assert index.line_of(offset, read) == data[:offset].count(b"\n")
    assert index.line_of(len(data) + 1, read) is None


def test_only_what_was_read_into_a_buffer_counts() -> None:
    index = LineIndex()
    index.extend(bytearray(b"a\nb\n\n\n"), 3)
    assert (index.size, index.newlines, index.lines) == (3, 1, 2)


def test_a_file_cut_under_the_index_is_no_error() -> None:
    index = LineIndex()
    index.extend(b"a\n" * 100)
    assert index.start_of(90, lambda offset, length: b"") is None


def test_a_training_script_imports_neither_numpy_nor_hyperscan() -> None:
    code = (
        "import sys, trainer_tui, trainer_tui.runs, trainer_tui.runs.logs.index, trainer_tui.runs.logs.hits\n"
        "print(sorted({'numpy', 'hyperscan'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ---------------------------------------------------------------------- reading


@given(data=LOGS)
def test_lines_are_stepped_through_both_ways(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    reader = LogReader(log_of(tmp_path_factory.getbasetemp() / "hypothesis.log", data))
    starts = naive_starts(data)
    assert reader.last() == (starts[-1] if starts else None)
    for start, after in zip(starts, [*starts[1:], None], strict=False):
        assert reader.after(start) == after
        line = reader.line(start)
        assert line.head == data[start : after or len(data)].removesuffix(b"\n")
        assert line.finished == (after is not None or data.endswith(b"\n"))
    assert [reader.before(start) for start in starts] == [None, *starts[:-1]][: len(starts)]


def test_a_line_of_fifty_megabytes_is_cut_and_its_end_is_known(tmp_path: Path) -> None:
    file = log_of(tmp_path / "a.log", b"first\n" + b"x" * 50_000_000 + b"\rnewest frame\nlast\n")
    reader = LogReader(file)
    line = reader.line(6)
    assert line.length == 50_000_013 and len(line.head) == HEAD
    assert newest_frame(line) == b"newest frame"
    assert reader.after(6) == line.next and reader.before(line.next) == 6


def test_a_log_that_grows_or_shrinks_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    reader = LogReader(log_of(path, b"one\ntwo"))
    assert reader.line(4).head == b"two" and not reader.line(4).finished
    with open(path, "ab") as stream:
        stream.write(b" and more\nthree\n")
    assert reader.line(4).head == b"two"
    reader.refresh()
    assert reader.line(4).head == b"two and more" and reader.last() == 17
    os.truncate(path, 2)
    assert reader.line(4).head == b"two and more"  # as it was when it was looked at
    reader.refresh()
    assert reader.after(0) is None and reader.line(0).head == b"on"


# ---------------------------------------------------------------------- searching

NEEDLES = st.sampled_from(["a", "abc", "ABC", "loss=nan", "x" * 70, "\x1b[31m", "é", "0"])
REGEXES = ["^epoch", r"nan$", r"a.c", r"[0-9]+ loss", "x{60,}", r"\berror\b", "a|b|c", r"ch\s", r"[^a]", "."]


def naive_matches(data: bytes, matches: re.Pattern[bytes]) -> list[int]:
    starts = naive_starts(data)
    ends = [*starts[1:], len(data)][: len(starts)]
    return [s for s, e in zip(starts, ends, strict=True) if matches.search(data[s:e].removesuffix(b"\n"))]


def check_hits(path: Path, data: bytes, pattern: Pattern, naive: re.Pattern[bytes], forward: bool) -> None:
    cut = len(data) // 2
    file = log_of(path, data[:cut])
    hits = LogHits(file, pattern)
    for chunk in hits.order(cut // 2, forward):
        assert hits.scan(chunk) and not hits.scan(chunk)
    with open(path, "ab") as stream:
        stream.write(data[cut:])
    hits.grow(len(data))
    for chunk in hits.order(0, forward):
        hits.scan(chunk)
    expected = naive_matches(data, naive)
    assert hits.complete and hits.total == len(expected)
    found, at = [], -1
    while (here := hits.after(at)) is not None:
        assert isinstance(here, int)
        found.append(here)
        at = here
    assert found == expected
    assert [hits.number(start) for start in found] == list(range(1, len(found) + 1))
    back, at = [], len(data) + 5
    while (here := hits.before(at)) is not None:
        assert isinstance(here, int)
        back.append(here)
        at = here
    assert back == expected[::-1]


@given(data=LOGS, needle=NEEDLES, exact=st.booleans(), forward=st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_text_is_found_where_the_naive_search_finds_it(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, needle: str, exact: bool, forward: bool
) -> None:
    naive = re.compile(re.escape(needle.encode()), 0 if exact else re.IGNORECASE)
    pattern = Pattern(Wanted(needle, exact=exact))
    check_hits(tmp_path_factory.getbasetemp() / "hypothesis.log", data, pattern, naive, forward)


@given(data=LOGS, regex=st.sampled_from(REGEXES), forward=st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_pattern_is_found_where_the_naive_search_finds_it(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, regex: str, forward: bool
) -> None:
    naive = re.compile(regex.encode(), re.DOTALL if regex == "." else 0)
    if regex == ".":
        naive = re.compile(rb"[^\n]")
    pattern = Pattern(Wanted(regex, regex=True, exact=True))
    check_hits(tmp_path_factory.getbasetemp() / "hypothesis.log", data, pattern, naive, forward)


def test_more_matches_than_anybody_waits_for_are_counted_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("trainer_tui.runs.logs.search._PATIENCE", 10)
    data = b"aaaa\nbbb\naa\n\na\nb a"
    assert Pattern(Wanted("a")).matching_lines(data) == [0, 9, 13, 15]


def test_what_was_not_searched_yet_is_pending(tmp_path: Path) -> None:
    hits = LogHits(
        log_of(tmp_path / "a.log", b"needle\n" + b"hay\n" * 100 + b"needle\n"), Pattern(Wanted("needle"))
    )
    assert hits.after(-1) is PENDING and hits.before(9999) is PENDING
    hits.scan(0)
    assert hits.after(-1) == 0 and hits.after(0) is PENDING and hits.number(0) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("(", "parenthes"),
        ("x*", "every line"),
        (r"(a)\1", "cannot be searched for"),
        ("foo(?=bar)", "cannot be searched for"),
        ("", "nothing to search for"),
        ("y" * 5000, "at most"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused_with_one_sentence(text: str, why: str) -> None:
    with pytest.raises(PatternError, match=why) as refused:
        Pattern(Wanted(text, regex=True))
    assert "\n" not in str(refused.value)


def test_case_counts_once_there_is_a_capital() -> None:
    assert Pattern(Wanted("nan")).matches(b"NaN") and not Pattern(Wanted("NaN")).matches(b"nan")
    assert not Pattern(Wanted("a.c")).matches(b"abc")


def test_what_matches_is_marked_by_characters() -> None:
    assert Pattern(Wanted("loss")).spans("é loss, LOSS") == ((2, 6), (8, 12))
    assert Pattern(Wanted("[0-9]+", regex=True)).spans("a12 3") == ((1, 3), (4, 5))


# ---------------------------------------------------------------------- colours

HOSTILE = st.lists(
    st.one_of(
        st.text(max_size=20),
        st.sampled_from(
            [
                "\x1b",
                "\x1b[",
                "\x1b]0;T\x07",
                "\x1b[31m",
                "\x1b[38;5;200m",
                "\x1b[38;2;1;2;3m",
                "\x1b[0m",
                "\x9b2J",
                "\x1bPq#0\x1b\\",
                "\x1b[38;5",
                ";1m",
                "m",
                "\x1b[999999999;;;m",
                "\x07",
                "\u202e",
                "\x1b[1;4;48;5;9m",
            ]
        ),
    ),
    max_size=30,
).map("".join)


@given(HOSTILE, st.integers(1, 60))
def test_no_control_character_ever_comes_out(text: str, limit: int) -> None:
    clean, spans = ansi.parse(text, limit)
    assert len(clean) <= limit
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]", clean)
    assert all(start < end for start, end, _ in spans)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))


def test_colours_are_kept() -> None:
    text, spans = ansi.parse("a\x1b[1;31mred\x1b[0m b\x1b[38;5;208mor\x1b[48;2;0;0;255mange\x1b[39mx\x1b[m.")
    assert text == "ared borangex."
    assert spans == (
        (1, 4, ansi.Sgr(fore=1, bold=True)),
        (6, 8, ansi.Sgr(fore=208)),
        (8, 12, ansi.Sgr(fore=208, back=ansi.RGB | 255)),
        (12, 13, ansi.Sgr(back=ansi.RGB | 255)),
    )
    assert ansi.parse("\x1b[95mx\x1b[102;22my")[1] == (
        (0, 1, ansi.Sgr(fore=13)),
        (1, 2, ansi.Sgr(fore=13, back=10)),
    )


def test_a_line_of_nothing_but_colours_costs_no_more_than_itself() -> None:
    clean, spans = ansi.parse("\x1b[31mx\x1b[32my" * 100_000)
    assert len(clean) <= 4096 and len(spans) <= 4096


# ---------------------------------------------------------------------- folding


@pytest.mark.parametrize(
    "line",
    [
        "Epoch 3:  45%|████▌     | 45/100 [00:12<00:15,  3.61it/s]",
        "100%|##########| 10/10",
        "782/782 [==============================] - 12s 15ms/step - loss: 1.2",
        "782/782 ━━━━━━━━━━━━━━━━━━━━ 12s 15ms/step - loss: 1.2",
        "     ━━━━━━━━━━━━━━━━━━━━ 1.2/1.2 MB 30.1 MB/s",
        "[#####.....]  50%",
    ],
)
def test_bars_are_known(line: str) -> None:
    assert is_bar(line.encode())


@pytest.mark.parametrize(
    "line",
    ["epoch 3 loss 0.4 acc 45%", "| 45% | of | a table |", "[INFO] 3/10 done", "==========", "a [x] b"],
)
def test_ordinary_lines_are_no_bars(line: str) -> None:
    assert not is_bar(line.encode())


def test_frames_of_a_line(tmp_path: Path) -> None:
    reader = LogReader(log_of(tmp_path / "a.log", b"10%\r20%\r30%\r\nplain\r\n\r\r\n"))
    assert frames(reader.line(0)) == (b"10%", b"20%", b"30%")
    assert newest_frame(reader.line(0)) == b"30%"
    assert frames(reader.line(13)) == (b"plain",) and newest_frame(reader.line(13)) == b"plain"
    assert frames(reader.line(20)) == (b"",)


# ---------------------------------------------------------------------- times


def seconds(*date: int) -> float:
    return datetime(*date, tzinfo=UTC).timestamp()  # type: ignore[misc]


@pytest.mark.parametrize(
    ("line", "moment"),
    [
        (b"2026-01-25 14:02:11,250 INFO x", Moment(seconds(2026, 1, 25, 14, 2, 11) + 0.25, True)),
        (b"[2026/01/25 14:02:11] x", Moment(seconds(2026, 1, 25, 14, 2, 11), True)),
        (b'{"a": 1, "ts": 1769337000.5}', Moment(1769337000.5, True)),
        (b"14:02:11 INFO x", Moment(14 * 3600 + 131.0, False)),
        (b"45/100 [00:12<00:15]", None),
        (b"2026-99-99 14:02:11 x", None),
        (b"no time at all", None),
    ],
)
def test_times_of_lines(line: bytes, moment: Moment | None) -> None:
    assert time_of(line) == moment


def test_what_people_type_for_a_time() -> None:
    last = Moment(seconds(2026, 1, 25, 9, 30, 0), True)
    assert asked_time("9:10", last) == Moment(seconds(2026, 1, 25, 9, 10, 0), True)
    assert asked_time("23:15:30", last) == Moment(seconds(2026, 1, 24, 23, 15, 30), True)
    assert asked_time("2026-01-20", last) == Moment(seconds(2026, 1, 20), True)
    assert asked_time("2026-01-20 08:00", last) == Moment(seconds(2026, 1, 20, 8), True)
    assert asked_time("-10m", last) == Moment(last.seconds - 600, True)
    assert asked_time("14:02", Moment(3600 * 15.0, False)) == Moment(3600 * 14 + 120.0, False)
    for nonsense in ("", "25:00", "9", "abc", "2026-13-01"):
        assert asked_time(nonsense, last) is None


@given(gaps=st.lists(st.integers(0, 5), min_size=1, max_size=80), wanted=st.integers(-5, 300))
def test_a_time_is_found_where_the_naive_search_finds_it(gaps: list[int], wanted: int) -> None:
    lines, times, now = [], [], 0
    for number, gap in enumerate(gaps):
        now += gap
        stamp = datetime.fromtimestamp(1769337000 + now, UTC).strftime("%Y-%m-%d %H:%M:%S")
        lines.append(f"{stamp} line {number}\n".encode())
        times.append(now)
        if number % 3 == 0:
            lines.append(b"  no time here\n")
            times.append(-1)
    data = b"".join(lines)
    starts = naive_starts(data)

    def start_of(offset: int) -> int:
        return max(s for s in starts if s <= offset)

    def after(start: int) -> int | None:
        return next((s for s in starts if s > start), None)

    def line(start: int) -> bytes:
        return data[start : after(start)]

    place = place_of(Moment(1769337000.0 + wanted, True), len(data), start_of, line, after)
    later = [s for s, t in zip(starts, times, strict=True) if t >= wanted and t >= 0]
    assert place == (later[0] if later else [s for s, t in zip(starts, times, strict=True) if t >= 0][-1])
