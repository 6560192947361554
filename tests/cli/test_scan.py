"""`scan`: the real program on logs of anybody's, without a project."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from shop import PROGRAM, Shop, until

GOOD = "epoch 1 loss: 0.5 mean_squared_error: 0.2\nepoch 2 loss: 0.4\n"
BAD = GOOD + (
    'Traceback (most recent call last):\n  File "t.py", line 9, in main\n    step()\n'
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB\n"
)
WARNS = "numpy.py:3: RuntimeWarning: overflow encountered in exp\n"
FIELDS = [
    "file", "line", "offset", "severity", "kind", "class", "rule", "message", "excerpt", "hypotheses",
    "frames",
]  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Shop:
    """A folder that is no project."""
    return Shop(tmp_path)


def test_words_for_people(place: Shop):
    place.write("bad.log", BAD)
    said = place.ok("scan", "bad.log", code=1).splitlines()
    assert (
        said[0]
        == "✘ bad.log:3: cuda-oom: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB"
    )
    assert "t.py:9 in main" in said[1] and "The GPU ran out of memory." in said[2] and "halve it" in said[3]
    assert said[-1] == "bad.log: 1 error in 6 lines"
    place.write("good.log", GOOD)
    assert place.ok("scan", "good.log") == "good.log: nothing went wrong in 2 lines\n"
    place.write("warns.log", WARNS)
    assert "1 warning in 1 line" in place.ok("scan", "warns.log")


def test_json_for_scripts(place: Shop):
    place.write("bad.log", BAD)
    place.write("warns.log", WARNS)
    first, second = place.lines("scan", "bad.log", "warns.log", code=1)
    assert list(first) == FIELDS == list(second)
    assert (first["file"], first["line"], first["offset"]) == ("bad.log", 3, len(GOOD))
    assert (first["severity"], first["kind"], first["rule"]) == ("error", "cuda-oom", "cuda-oom")
    assert first["excerpt"].startswith("Traceback") and first["hypotheses"]
    assert place.lines("scan", "warns.log")[0]["severity"] == "warning"


def test_an_incident_is_told_once_with_all_that_is_known(place: Shop):
    place.write("bad.log", BAD + "train.py FAILED\n")
    (found,) = place.lines("scan", "bad.log", code=1)
    assert found["cascade"] == 1
    assert "1 more message" in place.ok("scan", "bad.log", code=1)


def test_what_cannot_be_read_is_said_and_the_rest_is_scanned(place: Shop):
    place.write("bad.log", BAD)
    (place.root / "folder").mkdir()
    done = place.run("scan", "--json", "none.log", "folder", "bad.log")
    assert done.returncode == 2 and len(done.stdout.splitlines()) == 1
    complaints = done.stderr.splitlines()
    assert len(complaints) == 2 and "none.log" in complaints[0] and "folder" in complaints[1]
    assert place.run("scan").returncode == 2


def test_standard_input(place: Shop):
    done = subprocess.run(
        [*PROGRAM, "scan", "-", "--json"],
        cwd=place.root,
        input=BAD.encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1 and json.loads(done.stdout)["file"] == "standard input"


def test_a_log_without_a_last_line_end_and_with_hostile_bytes(place: Shop):
    place.write("cut.log", b"\xff\x00\x1b[31mFatal Python error: \x1b]0;evil\x07Aborted")
    said = place.ok("scan", "cut.log", code=1)
    assert "Fatal Python error: Aborted" in said and "\x1b" not in said


def test_following(place: Shop):
    log = place.write("live.log", GOOD)
    out = place.root / "out"
    with out.open("wb") as file:
        scanning = subprocess.Popen(
            [*PROGRAM, "scan", "live.log", "--follow", "--json"],
            cwd=place.root,
            env=place.environ,
            stdout=file,
        )
    try:
        with log.open("a") as file:
            file.write(WARNS)
        until(lambda: b"overflow" in out.read_bytes())
        with log.open("a") as file:
            file.write(BAD)
        until(lambda: b"cuda-oom" in out.read_bytes())
        os.replace(place.write("new.log", "Fatal Python error: Aborted\n"), log)
        until(lambda: b"native-crash" in out.read_bytes())
        scanning.send_signal(signal.SIGINT)
        assert scanning.wait(timeout=20) == 1
    finally:
        scanning.kill()
    lines = [json.loads(line) for line in out.read_bytes().splitlines()]
    assert [line["severity"] for line in lines] == ["warning", "error", "error"]
    assert lines[-1]["line"] == 1


def test_compressed_logs(place: Shop):
    for name, packed in (
        ("bad.log.gz", gzip.compress(BAD.encode())),
        ("bad.log.xz", lzma.compress(BAD.encode())),
        ("bad.log.bz2", bz2.compress(BAD.encode())),
    ):
        place.write(name, packed)
    for found in place.lines("scan", "bad.log.gz", "bad.log.xz", "bad.log.bz2", code=1):
        assert (found["line"], found["offset"], found["class"]) == (3, len(GOOD), "F07")


def test_a_compressed_log_that_is_cut_off_is_scanned_as_far_as_it_goes(place: Shop):
    random = "".join(f"{number * 7919 % 104729}\n" for number in range(20_000))
    place.write("cut.gz", gzip.compress((BAD + random).encode())[:20_000])
    done = place.run("scan", "--json", "cut.gz")
    assert done.returncode == 2 and "cut off" in done.stderr
    assert json.loads(done.stdout)["kind"] == "cuda-oom"


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python reads zstd")
def test_a_compression_that_cannot_be_read_is_named(place: Shop):
    place.write("x.zst", b"\x28\xb5\x2f\xfd" + b"0" * 20)
    done = place.run("scan", "x.zst")
    assert done.returncode == 2 and "zstd -dc x.zst | trainer-tui scan -" in done.stderr


RULES = '[[rules]]\nid = "beam"\npattern = "(?i)beam lost"\nmeaning = "No beam."\nhypotheses = "Call."\n'


def test_rules_of_ones_own(place: Shop):
    place.write("beam.log", "12:00 Beam lost\n")
    assert "nothing went wrong" in place.ok("scan", "beam.log")
    place.write("mine.toml", RULES)
    (found,) = place.lines("scan", "beam.log", "--rules", "mine.toml", code=1)
    assert (found["rule"], found["class"], found["hypotheses"]) == ("beam", "F22", ["Call."])
    assert "No beam." in place.ok("scan", "beam.log", "--rules", "mine.toml", code=1)
    place.write("trainer.toml", 'disable_rules = ["cuda-oom"]\n' + RULES)
    assert place.lines("scan", "beam.log", code=1)[0]["rule"] == "beam"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no [[rules]]"),
        ("rules = 3\n", "two brackets"),
        ("[[rules]]\nid = 'x'\n", "has no 'pattern'"),
        (b"\xff", "UTF-8"),
        (None, "mine.toml: No such file"),
    ],
)
def test_rules_that_cannot_be_used_are_refused_in_one_line(place: Shop, text: str | None, words: str):
    place.write("good.log", GOOD)
    if text is not None:
        place.write("mine.toml", text)
    done = place.run("scan", "good.log", "--rules", "mine.toml")
    assert done.returncode == 2 and words in done.stderr and len(done.stderr.splitlines()) == 1


def test_people_see_their_own_frame_and_what_matters_most_first(place: Shop):
    notices = "".join(f"Chain {i}: Rejecting initial value: {'x' * i}\n" for i in range(1, 9))
    trace = (
        'Traceback (most recent call last):\n  File "t.py", line 9, in main\n    step()\n'
        '  File "/v/lib/python3.11/site-packages/torch/nn/f.py", line 77, in forward\n    raise\n'
        f"ValueError: {'y' * 500}\n"
    )
    place.write("mixed.log", notices + WARNS + trace)
    said = place.ok("scan", "mixed.log", code=1).splitlines()
    assert said[0].startswith("✘ mixed.log:10: exception: ValueError: yyy") and said[0].endswith("…")
    assert said[1] == "    where  t.py:9 in main, raised in torch/nn/f.py:77 in forward"
    assert said[2] == "    what   The script raised an exception."
    assert "(F10 exception of the script)" in said[3]
    assert said[4].startswith("▲ mixed.log:9: ") and any("3 more notices" in line for line in said)


def test_a_failure_that_no_rule_knows_says_so(place: Shop):
    place.write("odd.log", '{"level": "fatal", "msg": "the beam is gone"}\n')
    said = place.ok("scan", "odd.log", code=1)
    assert "unclassified: the beam is gone" in said and "no rule knows what it means" in said
    assert place.lines("scan", "odd.log", code=1)[0]["class"] == "F22"
