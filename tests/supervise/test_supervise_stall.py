"""Silence: flagged within its budget, with stacks; never for progress or a promise; nothing is killed."""

import json
import subprocess
import sys
import time

import pytest

from trainer_tui.runs.plan import WatchPlan
from trainer_tui.runs.state import observe
from trainer_tui.supervise.stall import StallWatch, live_stacks, stall_incident

TIGHT = {"first_progress_s": 1.0, "silent_s": 1.0, "hang_floor_s": 1.0, "hang_factor": 2.0}


def hangs(lab, run):
    """The silence incidents, as (id, fate) in order."""
    found = [event["incident"] for event in lab.events(run, "incident")]
    return [(i["id"], i["fate"]) for i in found if i.get("source") == "silence"]


def test_a_hang_is_warned_of_once_with_its_stacks_and_recovers(lab):
    run = lab.start(
        """
        log(1, 0.5)
        def waiting_for_a_lock():
            reach("ready"); wait_for("go")
        waiting_for_a_lock()
        log(2, 0.4); reach("on"); wait_for("end"); results(); write("model_final.pkl", "x")
        """,
        **TIGHT,
    )
    pid = lab.pid(run)

    def with_stacks():
        return next(
            (e["incident"] for e in lab.events(run, "incident") if e["incident"].get("excerpt")), None
        )

    incident = lab.until(with_stacks, "the stacks")
    assert "waiting_for_a_lock" in incident["excerpt"] and incident["severity"] == "warning"
    assert "no new step for" in incident["message"] and incident["hypotheses"]
    assert lab.alive(pid), "nothing is ever killed for it"
    lab.allow("go")
    recovered = lab.incident(run, "hang", "recovered")
    assert "waiting_for_a_lock" in recovered.excerpt, "the evidence stays"
    assert recovered.facts["stacks"] == recovered.excerpt
    lab.allow("end")
    assert lab.finished().passed and not lab.diary.exists()
    assert {identity for identity, _ in hangs(lab, run)} == {"silence:1"}


def test_a_takeover_neither_repeats_nor_forgets_a_hang(lab):
    run = lab.start("log(1, 0.5); reach('ready'); wait_for('go'); log(2, 0.4); wait_for('end')\n", **TIGHT)
    lab.reached("ready")
    lab.incident(run, "hang", "suspected")
    lab.kill_supervisor(run)
    lab.take_over()
    lab.event(run, "supervisor", resumed=True)
    began = time.monotonic()
    lab.until(lambda: time.monotonic() - began > 2.5, "more than the budget")
    assert {identity for identity, _ in hangs(lab, run)} == {"silence:1"}
    assert observe(run).incidents[-1].fate == "suspected", "what was there before is no new step"
    lab.allow("go")
    lab.incident(run, "hang", "recovered")
    lab.allow("end")
    lab.finished()


def test_a_promise_prevents_it(lab):
    run = lab.start(
        """
        import json
        log(1, 0.5)
        write("progress.json", json.dumps({"done": 1, "total": 9, "expect_s": 60, "time": "now"}))
        reach("ready"); wait_for("go"); log(2, 0.4)
        """,
        **TIGHT,
    )
    lab.reached("ready")
    began = time.monotonic()
    lab.until(lambda: time.monotonic() - began > 2.5, "more than the budget")
    lab.allow("go")
    lab.finished()
    assert not hangs(lab, run)


def test_steps_in_progress_json_are_progress(lab):
    run = lab.start(
        """
        import json
        for n in range(12):
            write("progress.json", json.dumps({"done": n, "time": str(n)})); time.sleep(0.2)
        """,
        **TIGHT,
    )
    lab.finished()
    assert not hangs(lab, run)


def test_a_paused_run_does_not_hang(lab):
    run = lab.start("log(1, 0.5); reach('ready'); wait_for('go')\n", **TIGHT)
    lab.reached("ready")
    lab.ask(run, "pause")
    began = time.monotonic()
    lab.until(lambda: time.monotonic() - began > 2.2, "more than the budget")
    lab.ask(run, "resume")
    lab.allow("go")
    lab.finished()
    assert not hangs(lab, run)


# ---------------------------------------------------------------- the watch alone


def watch(**changes):
    return StallWatch(WatchPlan("m", ("x",), "/", "/", **changes), now=0.0)


def test_budgets():
    stall = watch(first_progress_s=1200, silent_s=1800, hang_floor_s=90, hang_factor=5)
    assert stall.budget() == 1800 and stall.overdue(1800) is None
    assert stall.overdue(1801) == 1801
    stall.output(1000)
    assert stall.overdue(1801) is None, "who publishes no steps is alive while it writes"
    stall.progress(1900)
    assert stall.budget() == 90, "the wait for the first step says nothing about the next"
    stall.output(1995)
    assert stall.overdue(1995) == 95, "lines without a step are no progress where steps are published"
    stall.progress(2000)
    assert stall.budget() == 500


def test_what_comes_once_an_epoch_is_normal():
    stall = watch(hang_floor_s=90, hang_factor=5)
    now, alarms = 0.0, []
    for _ in range(20):
        for _ in range(600):
            now += 1
            stall.progress(now)
        if stall.overdue(now + 180) is not None:
            alarms.append(now)
        now += 180
        stall.row(now)
    assert len(alarms) == 1, "the first evaluation can surprise us, none after it"


def test_what_is_slow_once_a_long_epoch_is_not_forgotten_within_it():
    stall = watch(hang_floor_s=90, hang_factor=5)
    now = 0.0
    for epoch in range(4):
        for _ in range(6 * 60):
            now += 60
            stall.progress(now)
        assert epoch < 2 or stall.overdue(now + 600) is None
        now += 600
        stall.row(now)


def test_a_slow_step_is_forgotten_in_the_end():
    stall = watch(hang_floor_s=1, hang_factor=2)
    stall.progress(0)
    stall.progress(1000)
    assert stall.budget() == 2000
    for n in range(100):
        stall.progress(1000 + 3600 * (n + 1) / 100)
    assert stall.budget() == pytest.approx(1000)


def test_a_wait_that_was_promised_is_no_measure():
    stall = watch(hang_floor_s=10, hang_factor=5)
    stall.progress(0)
    stall.promise(1000)
    stall.progress(900)
    stall.promise(900)
    assert stall.budget() == 10
    stall.progress(920)
    assert stall.budget() == 100


def test_a_promise_outweighs_the_budget_until_it_is_over():
    stall = watch(hang_floor_s=10, hang_factor=1)
    stall.progress(0)
    stall.promise(100)
    assert stall.overdue(99) is None and stall.overdue(101) == 101
    stall.hold(200)
    assert stall.overdue(205) is None


@pytest.mark.parametrize(("cpu", "said"), [(99.0, "uses 99 % of a core"), (0.0, "uses no CPU")])
def test_the_evidence_is_said(cpu, said):
    incident = stall_incident(700, 90, cpu, 2, reached=[4, None])
    assert said in incident.message and incident.id == "silence:2" and json.dumps(incident.to_dict())
    assert incident.rule, "without a rule no flood of them is kept small"
    assert incident.facts == {"silent_s": 700, "cpu_percent": cpu, "reached": [4, None]}


def test_stacks_or_the_reason_why_there_are_none(tmp_path, monkeypatch):
    process = subprocess.Popen(
        [
            sys.executable,
            "-S",
            "-c",
            "import time\ndef here(): print('', flush=True); time.sleep(60)\nhere()",
        ],
        stdout=subprocess.PIPE,
    )
    process.stdout.readline()
    try:
        assert "here" in live_stacks(process.pid)
    finally:
        process.kill()
        process.wait()
    assert live_stacks(process.pid).startswith("no stacks: ")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert live_stacks(1) == "no stacks: py-spy is not installed"
    (tmp_path / "py-spy").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "py-spy").chmod(0o755)
    monkeypatch.setattr("trainer_tui.supervise.stall._STACKS_TIMEOUT_S", 0.1)
    assert "did not answer" in live_stacks(1)
