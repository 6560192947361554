"""`scan`: the real program on logs of anybody's, without a project."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from shop import PROGRAM, Shop, until

GOOD = "epoch 1 loss: 0.5 mean_squared_error: 0.2\nepoch 2 loss: 0.4\n"
BAD = GOOD + (
    'Traceback (most recent call last):\n  File "t.py", line 9, in main\n    step()\n'
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB\n"
)
WARNS = "numpy.py:3: RuntimeWarning: overflow encountered in exp\n"
FIELDS = ["file", "line", "offset", "severity", "kind", "rule", "message", "excerpt", "hypotheses"]


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
    assert "1 line of other processes" in place.ok("scan", "bad.log", code=1)


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
