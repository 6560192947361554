"""`watch` without a screen: what it prints, when it returns, with which exit code."""

from __future__ import annotations

import json
import os
import shutil
import signal

import pytest
from shop import FAILS, GOOD, SLOW, WAITS, Shop, until


def test_a_good_model_to_its_end(shop: Shop):
    shop.model("good", GOOD)
    lines = shop.ok("watch", "good").splitlines()  # no terminal: headless without being asked
    assert "— good #1 quick (5A)" in lines and "— good #2 full (5B)" in lines
    assert any("ended: passed: exit code 0, 3 of 3 gates passed" in line for line in lines)
    assert any("forecast of the full run" in line for line in lines)
    assert lines[-1].startswith("good #2 full (5B) ✔ passed after")
    assert not any("\x1b" in line for line in lines)
    # The end of the quick run is told, and it is told before the full one begins.
    assert [line for line in lines if "ended: passed" in line or line.startswith("—")][0::2] == [
        "— good #1 quick (5A)",
        "— good #2 full (5B)",
    ]
    again = shop.ok("watch", "good", "--headless")
    assert "attached" not in again and "good #4 full (5B) ✔ passed" in again


def test_a_failure_ends_with_the_report(shop: Shop):
    shop.model("fails", FAILS)
    out = shop.ok("watch", "fails", "--headless", code=1)
    block = out[out.index("ERROR DETECTED") :]
    run = shop.root / "output/fails/001-quick"
    pid = json.loads((run / "process.json").read_text())["pid"]
    assert block.startswith(
        "ERROR DETECTED during Phase 5A (quick validation)\n\nModel: fails (run fails/001-quick)"
    )
    assert f"Process ID: {pid}\n" in block
    assert f"Log file: {shop.root}/logs/fails/001-quick.log\n" in block
    assert "Error: ValueError: the learning rate is negative\n" in block
    assert "Line: 2 (of the log)\n" in block
    assert "Source: " in block and "models/fails.py:6 in train" in block
    assert "Timestamp: 20" in block
    assert "Error Type: implementation (exception)\nSeverity: CRITICAL (training halted)" in block
    assert "write up diary entry #1 in output/dev_diary.md" in block
    assert "`trainer-tui watch fails` starts the next attempt" in block
    assert "## Dev Diary Entry #1" in (shop.root / "output/dev_diary.md").read_text()


def test_json_lines_end_with_the_report(shop: Shop):
    shop.model("fails", FAILS)
    lines = shop.lines("watch", "fails", code=1)
    assert lines[0] == {"kind": "watch", "model": "fails", "attached": False, "living": True}
    assert {line["run"] for line in lines[1:-1]} == {"fails/001-quick"}
    last = lines[-1]
    assert last["kind"] == "report" and last["failed"] and last["exit_code"] == 1
    report = last["report"]
    assert report["error"] == "ValueError: the learning rate is negative"
    assert report["line"] == 2 and report["error_type"] == "implementation" and report["diary_entry"] == 1
    assert report["source"].endswith("models/fails.py:6 in train")
    assert "Traceback" in report["excerpt"] and report["what_to_do"]
    first_seen = next(line["time"] for line in lines if line["kind"] == "incident")
    assert report["time"] == first_seen
    assert last["state"]["log"] == report["log_file"] and last["state"]["over"]


@pytest.mark.parametrize("when", ["failure", "gate", "end"])
def test_until_with_nothing_wrong(shop: Shop, when: str):
    shop.model("good", GOOD)
    lines = shop.lines("watch", "good", "--until", when)
    state = lines[-1]["state"]
    assert not lines[-1]["failed"] and lines[-1]["exit_code"] == 0
    assert state["phase"] == ("quick" if when == "gate" else "full") and state["passed"]


@pytest.mark.parametrize("when", ["failure", "gate"])
def test_until_returns_while_it_still_trains(shop: Shop, when: str):
    diverges = WAITS.replace(
        "    print(", "    run.log(epoch=2, train_loss=float('nan'))\n    print("
    ).replace("epoch=2, train_loss=0.5", "epoch=9, train_loss=0.5")
    assert diverges.count("nan") == 1
    nan = "\n".join(f"    run.log(epoch={n}, train_loss=float('nan'))" for n in range(3, 9))
    shop.model("diverges", diverges.replace('    print("waiting"', nan + '\n    print("waiting"'))
    done = shop.run("watch", "diverges", "--until", when)
    assert done.returncode == 1, done.stdout
    assert shop.standing("diverges")["alive"]
    assert "Severity: CRITICAL (training still runs)" in done.stdout
    assert "`trainer-tui stop diverges` ends it" in done.stdout
    last = shop.lines("watch", "diverges", "--until", when, code=1)[-1]
    assert last["report"]["kind"] == "nan-loss" and last["report"]["time"] and last["exit_code"] == 1


def test_until_gate_says_when_it_fails(shop: Shop):
    shop.model("empty", GOOD.replace('    run.save_results([{"x": 1.0}, {"x": 2.0}])\n', ""))
    last = shop.lines("watch", "empty", "--until", "gate", code=3)[-1]
    assert last["report"]["reason"] == "gate-failed"
    assert [gate["name"] for gate in last["report"]["failed_gates"]] == ["results"]
    assert "results: call run.save_results(rows)" in last["report"]["what_to_do"]
    text = shop.ok("watch", "empty", "--headless", code=3)
    assert "GATE FAILED after Phase 5A" in text and "  - results: call run.save_results(rows)" in text


def test_too_short_a_training_fails_its_window(shop: Shop):
    shop.write("trainer.toml", "[full]\nmin_hours = 1\n")
    shop.model("good", GOOD)
    out = shop.ok("watch", "good", "--headless", code=3)
    assert "GATE FAILED after Phase 5B (full training)" in out
    assert "computational requirements not met" in out and "Actual Training Time: 0.00" in out


def test_ctrl_c_leaves_the_run_going_and_a_second_watch_attaches(shop: Shop):
    shop.model("waits", WAITS)
    first = shop.start("watch", "waits", "--headless")
    until(lambda: shop.standing("waits").get("status") == "running")
    second = shop.start("watch", "waits", "--headless")
    assert second.stdout is not None
    assert second.stdout.readline() == "waits is being watched already; attached\n"
    first.send_signal(signal.SIGINT)
    out, _ = first.communicate(timeout=10)
    assert first.returncode == 130
    assert out.endswith("detached; the run goes on. Come back: trainer-tui watch waits\n")
    assert shop.standing("waits")["alive"]
    third = shop.start("watch", "waits", "--json")
    assert third.stdout is not None
    assert json.loads(third.stdout.readline()) == {
        "kind": "watch",
        "model": "waits",
        "attached": True,
        "living": True,
    }
    third.send_signal(signal.SIGINT)
    out, _ = third.communicate(timeout=10)
    assert json.loads(out.splitlines()[-1])["kind"] == "detached"
    shop.write("go", "")
    out, _ = second.communicate(timeout=20)
    assert second.returncode == 0 and "waits #2 full (5B) ✔ passed" in out
    assert len(list((shop.root / "output/waits").glob("*-*"))) == 2


def test_two_at_once_are_one_watch(shop: Shop):
    shop.model(
        "good", GOOD.replace("    run.save_model", "    import time; time.sleep(0.5)\n    run.save_model")
    )
    both = [shop.start("watch", "good", "--json") for _ in range(2)]
    outs = [process.communicate(timeout=40)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outs
    assert sorted(json.loads(out.splitlines()[0])["attached"] for out in outs) == [False, True]
    assert sorted(p.name for p in (shop.root / "output/good").glob("*-*")) == ["001-quick", "002-full"]


def test_a_stopped_run_is_no_error(shop: Shop):
    shop.model("waits", WAITS)
    watching = shop.start("watch", "waits", "--headless", "--skip-quick", "it was tried yesterday")
    until(lambda: shop.standing("waits").get("status") == "running")
    assert shop.json("stop", "waits", "--why", "enough")["accepted"]
    out, _ = watching.communicate(timeout=20)
    assert watching.returncode == 4
    assert "quick skipped: it was tried yesterday" in out
    assert "STOPPED during Phase 5B" in out and "ERROR DETECTED" not in out
    state = shop.json("status", "waits", code=4)
    assert state["reason"] == "stopped-by-user" and state["phase"] == "full"
    assert state["skipped"] == [{"phase": "quick", "why": "it was tried yesterday"}]


def test_a_run_whose_processes_are_gone_is_lost(shop: Shop):
    shop.model("waits", WAITS)
    watching = shop.start("watch", "waits", "--headless")
    state = until(lambda: (s := shop.standing("waits")).get("status") == "running" and s)
    process = json.loads((shop.root / "output/waits/001-quick/process.json").read_text())
    os.kill(process["shim_pid"], signal.SIGKILL)
    os.kill(process["pid"], signal.SIGKILL)
    assert state["pid"] == process["pid"]
    out, _ = watching.communicate(timeout=30)
    assert watching.returncode == 5, out
    assert "RUN LOST during" in out


def test_attach_never_starts_anything(shop: Shop):
    shop.model("good", GOOD)
    assert "has no run yet" in shop.refused("watch", "good", "--attach", "--headless")
    assert "no run named 'sh'" in shop.refused("watch", "--attach", "--", "sh", "-c", "true")
    assert not (shop.root / "output").exists()
    shop.ok("watch", "good", "--headless")
    out = shop.ok("watch", "good", "--attach", "--headless")
    assert out.startswith("good does not run; this is its newest run\n") and "✔ passed" in out
    assert len(list((shop.root / "output/good").glob("*-*"))) == 2


def test_coming_back_after_the_gate(shop: Shop):
    shop.model("slow", SLOW)
    assert shop.lines("watch", "slow", "--until", "gate")[-1]["state"]["phase"] == "quick"
    until(lambda: shop.standing("slow").get("phase") == "full" and shop.standing("slow")["alive"])
    last = shop.lines("watch", "slow", "--until", "gate")[-1]
    assert last["state"]["phase"] == "full" and last["exit_code"] == 0


def between_the_phases(shop: Shop) -> None:
    """A watch whose quick run has passed and whose supervisor is gone before the full one."""
    shop.model("good", GOOD)
    shop.ok("watch", "good", "--headless")
    shutil.rmtree(shop.root / "output/good/002-full")


def test_a_full_phase_that_is_owed_is_carried_on(shop: Shop):
    between_the_phases(shop)
    out = shop.ok("watch", "good", "--attach", "--headless")
    assert "5B) ✔ passed" in out and list((shop.root / "output/good").glob("*-full/exit.json"))


def test_a_full_phase_that_is_owed_to_another_place_is_said(shop: Shop, tmp_path_factory):
    between_the_phases(shop)
    copy = Shop(tmp_path_factory.mktemp("copy") / "yard")
    shutil.copytree(shop.root, copy.root)
    done = copy.run("watch", "good", "--attach", "--headless")
    assert done.returncode == 3 and "its full phase is owed" in done.stdout
    assert "`trainer-tui supervise good` takes it over" in done.stderr
    last = copy.lines("watch", "good", "--attach", code=3)[-1]
    assert last["exit_code"] == 3 and "full phase is owed" in last["stranded"] and last["state"]["passed"]
    followed = copy.run("events", "good", "--follow")
    assert followed.returncode == 3 and "`trainer-tui supervise good` takes it over" in followed.stderr
    assert not list((copy.root / "output/good").glob("*-full"))
    copy.clear()


class TestCommands:
    """`watch -- CMD ARGS`."""

    def test_a_command_with_a_name_of_its_own(self, shop: Shop):
        assert "mine #1 full (5B) ✔ passed" in shop.ok(
            "watch", "--until", "failure", "--name", "mine", "--", "true"
        )

    def test_any_command_in_any_folder(self, shop: Shop):
        (shop.root / "trainer.toml").unlink()
        shop.write("train.py", "import sys; print(sys.argv)")
        out = shop.ok("watch", "--headless", "--", "python3", "train.py", "--epochs", "90", "--", "x")
        assert "train #1 full (5B) ✔ passed" in out and "attached" not in out
        assert (
            "['train.py', '--epochs', '90', '--', 'x']" in (shop.root / "logs/train/001-full.log").read_text()
        )
        # Every other command finds it there, though there is no project.
        assert shop.json("status", "train")["passed"]
        assert [run["name"] for run in shop.json("runs")] == ["train/001-full"]
        # By its name it is run again with the same arguments.
        again = shop.lines("watch", "train")[-1]["state"]
        assert again["name"] == "train/002-full" and again["passed"]
        assert "'90'" in (shop.root / "logs/train/002-full.log").read_text()
        assert shop.json("retry", "train")["run"] == "train/003-full"

    def test_another_command_of_the_same_name_is_refused_while_one_lives(self, shop: Shop):
        shop.write("train.py", "import time; time.sleep(60)")
        shop.start("watch", "--headless", "--", "python3", "train.py", "--epochs", "1")
        until(lambda: shop.standing("train").get("status") == "running")
        assert "another command is being watched as train" in shop.refused(
            "watch", "--headless", "--", "python3", "train.py", "--epochs", "2"
        )
        same = shop.start("watch", "--headless", "--", "python3", "train.py", "--epochs", "1")
        assert same.stdout is not None
        assert "attached" in same.stdout.readline()

    def test_exit_code_without_a_word(self, shop: Shop):
        out = shop.ok("watch", "--name", "three", "--", "sh", "-c", "exit 3", code=1)
        assert "three #1 full (5B) ✘ exit-code" in out and "Line: not in the log" in out

    def test_no_such_command(self, shop: Shop):
        assert "'nonesuch' was not found" in shop.refused("watch", "--", "nonesuch", "--x")
        assert "no command after --" in shop.refused("watch", "--")
