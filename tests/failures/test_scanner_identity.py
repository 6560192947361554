"""The incidents depend on the bytes alone, not on how they were cut; hostile bytes are borne."""

from __future__ import annotations

import time
import unicodedata
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from trainer_tui.failures import Scanner
from trainer_tui.failures.clean import PIECE_LIMIT, clean
from trainer_tui.runs.incident import Incident

PARTS = [
    b"epoch 3  loss: 0.412\n",
    b"\n",
    b"\r",
    b"\r\n",
    b"\r\r\n",
    b"\x08",
    b"\x08\x08\x08",
    b"\x00",
    b"\xff\xfe",
    b"\x1b",
    b"\x1b[31m",
    b"\x1b[0m",
    b"\x1b]0;title\x07",
    b"\x1b]8;;",
    b"\x1bP1q",
    b"\x1b\\",
    b"\xc3",
    b" ",
    b"  ",
    b"Killed",
    b"\r 10%|#         | 1/10 [00:01<00:09,  1.2it/s]",
    b"Traceback (most recent call last):\n",
    b'  File "train.py", line 3, in main\n',
    b"    step()\n",
    b"    ^^^^\n",
    b"RuntimeError: NaN detected\n",
    b"ValueError: x\n",
    b"KeyError: 'gender'",
    b"loss: nan",
    b"[rank3]: ",
    b"[rank1]: Traceback (most recent call last):\n",
    b"\nDuring handling of the above exception, another exception occurred:\n\n",
    b"Exception ignored in: <f>\n",
    b"CUDA out of memory. Tried to allocate 2 GiB\n",
    b"Segmentation fault (core dumped)\n",
    b"  | ",
    b"  + Exception Group ",
    b"A" * (PIECE_LIMIT + 10),
    b"RuntimeError",
    b": ",
    b"-----\nRuntimeError            Traceback (most recent call last)\n",
    b'{"level": "error", "msg": "step failed", "exc_info": "Traceback (most recent call last):\\n  File '
    b'\\"t.py\\", line 3, in f\\nValueError: x"}\n',
    b'{"level": "info", "message": "RuntimeError: x", "loss": NaN}\n',
    b'{"log":"Traceback (most recent call last):\\n","stream":"stderr"}\n',
    b'{"log":"  File \\"t.py\\", line 3, in f\\n","stream":"stderr"}\n',
    b'{"log":"ValueError: x\\n","stream":"stderr"}\n',
    b'{"log":"Killed\\n"}\n',
    b'{"level": "\\ud800error", "msg": "\\ud800\\u001b[31mValueError: x"}\n',
    b'{"level": "error", ',
    b'time=x level=fatal msg="boom \\"x\\"" err="exit 1"\n',
    b"2025-10-10 12:49:50.533 | ERROR    | t:step:966 - it broke: ValueError: x\n",
    b"ERROR:train:it broke\n",
    b"INFO:train:CUDA out of memory. Tried\n",
    b"2026-01-01T00:00:00.1Z stderr F Killed\n",
    b"E0501 22:05:19.414000 139 api.py:881] failed (exitcode: -11) local_rank: 0\n",
    b"Error executing job with overrides: []\n",
    b"Main process received SIGTERM, exiting\n",
    b"slurmstepd: error: *** STEP 7.0 ON n1 CANCELLED AT 2026 DUE TO TIME LIMIT ***\n",
    b"KeyErrorKeyError: : 'a''a'\n",
    b"train.py FAILED\n",
]
LOGS = st.lists(st.one_of(st.sampled_from(PARTS), st.binary(max_size=6)), max_size=40).map(b"".join)


def scan(data: bytes, cuts: list[int]) -> tuple[list[Incident], int, int]:
    scanner = Scanner()
    found: list[Incident] = []
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, stop in pairwise(edges):
        found += scanner.feed(data[start:stop])
    offset, line = scanner.offset, scanner.line
    return found + scanner.finish(), offset, line


@settings(max_examples=300, deadline=None)
@given(LOGS, st.lists(st.integers(0, 4000), max_size=12))
@example(b"abc\r\n\nValueError: x\r\r\n\n", [1, 2, 3, 4, 5, 6])
@example(b"A" * PIECE_LIMIT + b"\r\nValueError: x\n", [PIECE_LIMIT, PIECE_LIMIT + 1])
@example(b"A" * (PIECE_LIMIT + 3) + b"\r\nValueError: x\n", [PIECE_LIMIT + 3, PIECE_LIMIT + 4])
def test_cuts_do_not_matter(data: bytes, cuts: list[int]) -> None:
    assert scan(data, cuts) == scan(data, [])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=8).map(b"".join).filter(lambda data: len(data) < 900))
def test_a_cut_at_any_byte_does_not_matter(data: bytes) -> None:
    whole = scan(data, [])
    for cut in range(len(data)):
        assert scan(data, [cut]) == whole
    assert scan(data, list(range(len(data)))) == whole


BORING = b"step 7 loss 0.4\r\n\r 10%|#  | 1/10\r 20%|## | 2/10\n\n"
PLAIN = [part for part in PARTS if part == clean(part) or b"\r" in part]
LONG_LOGS = st.lists(
    st.one_of(st.sampled_from(PLAIN), st.sampled_from([BORING * 3, BORING * 40])), max_size=30
).map(b"".join)


@settings(max_examples=150, deadline=None)
@given(LONG_LOGS, st.integers(20, 900))
def test_a_large_block_is_the_same_as_small_ones(data: bytes, size: int) -> None:
    data = BORING * 40 + data
    assert scan(data, list(range(0, len(data), size))) == scan(data, [])


@settings(max_examples=60, deadline=None)
@given(LOGS.filter(lambda data: len(data) < 3000))
def test_byte_by_byte_is_the_same_as_one_block(data: bytes) -> None:
    assert scan(data, list(range(len(data)))) == scan(data, [])


@settings(max_examples=200, deadline=None)
@given(LOGS)
def test_places_are_true_and_texts_are_printable(data: bytes) -> None:
    found, offset, line = scan(data, [])
    assert data[:offset].count(b"\n") == line - 1
    assert offset == data.rfind(b"\n") + 1
    for incident in found:
        assert incident.line is not None and incident.offset is not None
        assert incident.line == data[: incident.offset].count(b"\n") + 1
        assert incident.offset == 0 or data[incident.offset - 1 : incident.offset] == b"\n"
        assert not any(unicodedata.category(char) == "Cc" for char in incident.message)
        assert len(incident.message) <= 1000 and len(incident.excerpt) < 40_000


@settings(max_examples=150, deadline=None)
@given(LOGS, LOGS)
@example(b"train.py FAILED\n", b"failed (exitcode: -11) local_rank: 0\ntrain.py FAILED\nKilled\n")
def test_a_scanner_restarted_at_rest_finds_the_rest(first: bytes, second: bytes) -> None:
    first += b"\n"
    scanner = Scanner()
    known = {i.id for i in scanner.feed(first)}
    if not scanner.at_rest:
        return
    restarted = Scanner(offset=scanner.offset, line=scanner.line)
    after = restarted.feed(second) + restarted.finish()
    # The new one has forgotten what it said, never where it stands; it may know another sign of a cause.
    ids = {i.id for i in after}
    words = {text for i in after for text in (i.message, *i.facts.get("consequences", ()))}
    on = scanner.feed(second) + scanner.finish()
    assert [i for i in on if i.id not in known | ids and i.message not in words] == []


def test_a_line_of_fifty_megabytes_is_cheap() -> None:
    scanner = Scanner()
    scanner.feed(b"")
    data = b"x" * 50_000_000
    started = time.process_time()
    found = scanner.feed(data)
    for _ in range(50):
        found += scanner.feed(data[:1_000_000])
    found += scanner.feed(b"\nRuntimeError: after it\n")
    assert time.process_time() - started < 1.0
    assert [i.message for i in found] == ["RuntimeError: after it"]
    assert found[0].offset == 100_000_001 and found[0].line == 2


def test_boring_logs_pass_at_memory_speed() -> None:
    scanner = Scanner()
    block = b"".join(
        b"epoch %d  train_loss 0.41  val_error: 0.43  0 errors  INFO step\n" % i for i in range(50_000)
    )
    started = time.process_time()
    for _ in range(20):
        assert scanner.feed(block) == []
    rate = 20 * len(block) / (time.process_time() - started)
    assert rate > 100e6


def test_progress_bars_with_colours_stay_cheap() -> None:
    scanner = Scanner()
    frame = (
        b"\r\x1b[32mEpoch 1:  67%\x1b[0m|"
        b"\xe2\x96\x88\xe2\x96\x88   | 2/3 [00:00<00:00,  6.63it/s, loss=0.333]"
    )
    block = frame * 20_000
    started = time.process_time()
    for _ in range(5):
        assert scanner.feed(block) == []
    assert 100_000 / (time.process_time() - started) > 200_000  # frames a second


def test_memory_does_not_grow_with_what_is_announced_and_never_comes() -> None:
    scanner = Scanner()
    lines = b"".join(
        b"[rank%d]: Exception ignored in: <f>\n[rank%d]: Exception in thread T:\n" % (n, n)
        for n in range(5000)
    )
    scanner.feed(lines + b"Exception ignored in: <f>\n" * 5000)
    reader = scanner._lines._reader
    assert len(reader._side) <= 256 and len(reader._excused) <= 256
    assert sum(len(lines) for lines in reader._excused.values()) <= 256 * 30
