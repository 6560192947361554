"""The commands around a run: look, ask, check, take over, begin."""

from __future__ import annotations

import json
import os
import signal
import subprocess

import pytest
from shop import FAILS, GOOD, PROGRAM, SLOW, WAITS, Shop, until

ENTRY = """# Dev Diary

## Dev Diary Entry #1

**Model**: good

### The Struggle

The first rate was far too high.

### The Investigation

**Test 1**: a tenth of it. Result: smooth.

### The Fix

The rate is 0.01 now.

### The Why (Physical Interpretation)

The valley is narrow, and a large step crosses it.

**Status**: RESOLVED
"""


def test_looking(shop: Shop):
    """`status`, `runs`, `events` before, and after a good and a failed watch."""
    shop.model("good", GOOD)
    shop.model("fails", FAILS)
    assert "no run yet" in shop.ok("status") and shop.json("status") == []
    assert "no run yet" in shop.ok("runs") and shop.json("runs") == []
    shop.ok("watch", "good", "--headless")
    shop.ok("watch", "fails", "--headless", code=1)
    lines = shop.ok("status").splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["fails/001-quick", "✘", "exception"],
        ["good/002-full", "✔", "passed"],
    ]
    state = shop.json("status", "models/good.py")
    assert state["name"] == "good/002-full" and state["exit_code"] == 0 and state["blind"] == {}
    assert state["progress"] == {"done": 8.0, "total": 8.0, "unit": "epoch"} and "val_loss" in state["last"]
    assert os.path.isdir(state["folder"]) and os.path.isfile(state["log"])
    assert shop.json("status", "fails", code=1)["diary"][0]["entry"] == 1
    table = shop.ok("runs").splitlines()
    assert [line.split()[0] for line in table] == [
        "run",
        "good/001-quick",
        "good/002-full",
        "fails/001-quick",
    ]
    assert "MiB" in table[1] and "0.0" not in table[1].split("MiB")[0].split()[-2]
    assert [run["reason"] for run in shop.json("runs")] == ["passed", "passed", "exception"]
    assert len(shop.json("runs", "good")) == 2
    (shop.root / "output/runs.db").unlink()
    done = shop.run("runs", "--rebuild", "--json")
    assert len(json.loads(done.stdout)) == 3 and "made anew from 3 runs" in done.stderr
    kinds = [line["kind"] for line in shop.lines("events", "good", "--run", "1")]
    assert kinds[0] == "supervisor" and kinds[-1] == "ended"
    assert "good has no run 9" in shop.refused("events", "good", "--run", "9")


def test_asking_a_living_run(shop: Shop):
    shop.model("slow", SLOW)
    following = shop.start("watch", "slow", "--headless")
    until(lambda: shop.full_runs("slow"))
    events = shop.start("events", "slow", "--run", "1", "--follow", "--json")
    assert shop.json("check", "slow", code=6)["passed"] is None
    assert shop.standing("slow")["exit_code"] is None
    assert shop.json("pause", "slow")["outcome"] == "paused, 1 process"
    assert "● paused" in shop.ok("status", "slow", code=6)
    assert shop.json("pause", "slow")["outcome"] == "it is paused already"
    assert shop.ok("resume", "slow").endswith("it goes on\n")
    assert not shop.json("resume", "slow", code=1)["accepted"]
    assert "noted" in shop.ok("note", "slow", "a", "new", "disk")
    assert "only the quick phase" in shop.ok("skip", "slow", "--why", "x", code=1)
    assert "is being watched" in shop.refused("retry", "slow")
    assert "has a supervisor" in shop.ok("supervise", "slow")
    assert "TERM was sent" in shop.ok("stop", "slow", "--why", "the disk is full")
    out, _ = events.communicate(timeout=20)
    told = [json.loads(line) for line in out.splitlines()]
    assert events.returncode == 0
    assert {event["run"] for event in told} == {"slow/001-quick", "slow/002-full"}
    assert [e["text"] for e in told if e["kind"] == "note"] == ["a new disk"]
    assert [e["why"] for e in told if e["kind"] == "stopping"] == ["the disk is full"]
    following.communicate(timeout=20)
    assert following.returncode == 4
    said = shop.refused("stop", "slow")
    assert "nothing of slow runs" in said and "stopped-by-user" in said
    assert "nothing of slow runs" in shop.refused("note", "slow", "x")


def test_quick_is_skipped_with_a_reason(shop: Shop):
    shop.model("waits", WAITS)
    watching = shop.start("watch", "waits", "--json")
    until(lambda: shop.standing("waits").get("status") == "running")
    assert "Missing option" in shop.refused("skip", "waits")
    assert not shop.json("skip", "waits", "--why", " ", code=1)["accepted"]
    assert shop.json("skip", "waits", "--why", "it is the same as yesterday")["accepted"]
    shop.write("go", "")
    out, _ = watching.communicate(timeout=20)
    assert watching.returncode == 0
    lines = [json.loads(line) for line in out.splitlines()]
    assert [e["reason"] for e in lines if e["kind"] == "ended"] == ["skipped", "passed"]
    assert next(e["why"] for e in lines if e["kind"] == "phase-skipped") == "it is the same as yesterday"


def test_retry_starts_the_next_attempt_and_returns(shop: Shop):
    shop.model("it", FAILS)
    shop.ok("watch", "it", "--until", "failure", code=1)
    shop.model("it", GOOD)
    assert shop.json("retry", "it")["run"] == "it/002-quick"
    assert shop.lines("watch", "it", "--attach")[-1]["state"]["name"] == "it/003-full"


def test_the_checklist(shop: Shop):
    shop.model("good", GOOD)
    shop.ok("watch", "good", "--headless")
    found = shop.json("check", "good", code=3)
    assert [g["name"] for g in found["gates"] if g["state"] == "open"] == ["diary"] and found[
        "passed"
    ] is False
    text = shop.ok("check", "good", code=3)
    assert "○ diary      no entry about good yet →" in text
    # A reason in the settings is enough, also one that was written after the run.
    settings = (shop.root / "trainer.toml").read_text()
    shop.write("trainer.toml", settings + '[models.good.gates.skip]\ndiary = "nothing broke"\n')
    assert "– diary      no entry about good yet; skipped: nothing broke" in shop.ok("check", "good")
    shop.write("trainer.toml", settings)
    unfinished = ENTRY.replace("The valley is narrow, and a large step crosses it.", "")
    shop.write("output/dev_diary.md", unfinished)
    assert "Why" in shop.ok("check", "good", code=3)
    shop.write("output/dev_diary.md", ENTRY)
    assert shop.json("check", "good") | {"gates": []} == {
        "run": "good/002-full",
        "reason": "passed",
        "passed": True,
        "gates": [],
        "exit_code": 0,
    }
    assert shop.json("check", "good", "--run", "1")["run"] == "good/001-quick"


def test_a_run_without_its_supervisor_is_taken_over(shop: Shop):
    shop.model("waits", WAITS)
    watching = shop.start("watch", "waits", "--json")
    until(lambda: shop.standing("waits").get("status") == "running")
    watching.send_signal(signal.SIGINT)
    watching.communicate(timeout=10)
    (supervisor,) = shop.supervisors()
    supervisor.kill()
    state = until(lambda: (s := shop.standing("waits"))["blind"] and s)
    assert "supervisor" in state["blind"] and state["alive"]
    assert shop.json("supervise", "waits") == {"model": "waits", "took_over": True}
    until(lambda: shop.standing("waits")["supervised"])
    assert shop.json("supervise", "waits") == {"model": "waits", "took_over": False}
    # Who watches notices by himself.
    (supervisor,) = shop.supervisors()
    again = shop.start("watch", "waits", "--json")
    assert again.stdout is not None and "attached" in again.stdout.readline()
    supervisor.kill()
    shop.write("go", "")
    # Not `communicate`: what `readline` has read ahead is in this stream's buffer alone.
    lines = [json.loads(line) for line in again.stdout]
    assert again.wait(timeout=30) == 0
    assert [e["resumed"] for e in lines if e["kind"] == "supervisor" and e["run"] == "waits/001-quick"] == [
        False,
        True,
        True,
    ]
    assert sum(e["kind"] == "started" for e in lines) == 2  # one for each phase: nothing was started twice


def test_an_empty_folder_becomes_a_project(shop: Shop):
    (shop.root / "trainer.toml").unlink()
    assert "trainer-tui init" in shop.refused("watch", "model_1")
    assert [file["made"] for file in shop.json("init")] == [True, True]
    last = shop.lines("watch", "model_1", "--headless", "--until", "gate")[-1]
    assert last["state"]["name"] == "model_1/001-quick" and last["state"]["passed"]
    assert "kept" in shop.ok("init")


def test_doctor_and_version(shop: Shop):
    done = shop.run("doctor", "--json")
    rows = json.loads(done.stdout)
    assert done.returncode == any(row["verdict"] == "problem" for row in rows)
    assert {"python", "gpu", "inotify", "terminal", "packages", "disk"} <= {row["name"] for row in rows}
    assert all(row["todo"] for row in rows if row["verdict"] != "ok")
    assert shop.ok("version") == "0.1.0\n"


def test_help_names_exit_codes_and_words(shop: Shop):
    text = shop.ok("-h")
    for line in (
        "0   passed",
        "1   the run failed",
        "3   a gate failed",
        "6   it still runs",
        "130 left by Ctrl+C",
    ):
        assert line in text
    for command in ("status", "check", "stop"):
        assert "xit code" in shop.ok(command, "-h"), command
    assert "--name TEXT" in shop.ok("watch", "-h")


def in_bash(shop: Shop, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", script], cwd=shop.root, env=shop.environ, capture_output=True, text=True, timeout=30
    )


class TestOutput:
    """Pipes that close, terminals and locales that cannot draw."""

    def test_a_reader_that_leaves(self, shop: Shop):
        shop.model("good", GOOD)
        shop.ok("watch", "good", "--headless")
        for words in ("runs", "watch good --attach --json"):
            script = f"{' '.join(PROGRAM)} {words} | head -c 1 > /dev/null; echo ${{PIPESTATUS[0]}}"
            done = in_bash(shop, script)
            assert done.stderr == "" and done.stdout.strip() in ("141", "3", "0"), (words, done)
        script = f"{' '.join(PROGRAM)} watch good --headless | true; echo ${{PIPESTATUS[0]}}"
        done = in_bash(shop, script)
        assert done.stderr == "" and done.stdout == "141\n"

    @pytest.mark.parametrize(
        "environ",
        [
            {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
            {"NO_COLOR": "1", "TERM": "dumb"},
        ],
        ids=["C", "dumb"],
    )
    def test_locales(self, shop: Shop, environ: dict[str, str]):
        shop.model("good", GOOD)
        out = shop.ok("watch", "good", "--headless", **environ)
        plain = "NO_COLOR" not in environ
        assert f"{'+' if plain else '✔'} exit  " in out and out.isascii() == plain and "\x1b" not in out
        shop.ok("check", "good", code=3, **environ)
        assert json.loads(shop.ok("status", "--json", **environ))
        shop.run("doctor", **environ)

    def test_no_streams_at_all(self, shop: Shop):
        """As a daemon starts us: the descriptors of files must not take the place of the standard streams."""
        shop.model("good", GOOD)
        script = f"exec {' '.join(PROGRAM)} watch good <&- >&- 2>&-"
        done = subprocess.run(["bash", "-c", script], cwd=shop.root, env=shop.environ, timeout=40)
        assert done.returncode == 0
        assert shop.json("status", "good")["name"] == "good/002-full"
