"""Silence: flagged within its budget, with stacks; never for progress or a promise; nothing is killed."""

import json
import os
import signal
import time

import pytest

from trainer_tui.runs.plan import WatchPlan
from trainer_tui.runs.state import observe
from trainer_tui.supervise.doing import Process, Snapshot, Thread, Verdict
from trainer_tui.supervise.stall import Budget, Silence, StallWatch, is_excused, stall_incident

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
    assert incident["facts"]["verdict"] == "sleeps" and incident["facts"]["budget_why"]


# What follows these steps is far beyond the rhythm of the run.
STEPS = "for n in range(4):\n    log(n, 1 / (n + 1)); time.sleep(0.25)\n"
STUCK = {
    "chatter": ("while True:\n    print('still alive', flush=True); time.sleep(0.05)\n", "sleeps"),
    "loop": ("def search():\n    while True:\n        pass\nsearch()\n", "spins"),
    "lock": ("import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()\n", "lock"),
}


@pytest.mark.parametrize("name", STUCK)
def test_a_hang_is_named(lab, name):
    body, verdict = STUCK[name]
    run = lab.start(STEPS + body, **TIGHT)
    incident = lab.incident(run, "hang", "suspected")
    assert incident.facts["verdict"] == verdict, incident
    assert "(normal: " in incident.message and "demo.py:" in incident.message
    assert incident.severity == "warning" and incident.hypotheses
    assert "demo.py" in incident.facts["stacks"] and lab.alive(lab.pid(run))


def test_a_run_stopped_by_somebody_else_is_named_and_goes_on(lab):
    run = lab.start(STEPS + "reach('ready'); wait_for('go'); log(9, 0.1); wait_for('end')\n", **TIGHT)
    lab.reached("ready")
    os.kill(lab.pid(run), signal.SIGSTOP)
    incident = lab.incident(run, "hang", "suspected")
    assert incident.facts["state"] == "stopped" and "stopped by a signal" in incident.message
    os.kill(lab.pid(run), signal.SIGCONT)
    lab.allow("go")
    lab.incident(run, "hang", "recovered")


def test_a_checkpoint_being_written_is_a_notice_and_what_hangs_after_it_a_warning(lab):
    run = lab.start(
        STEPS
        + """
with open(path("model.pt"), "wb") as file:
    while not os.path.exists(os.path.join(ROOT, "written")):
        file.write(bytes(1 << 18)); file.flush(); time.sleep(0.02)
reach("closed"); wait_for("go"); log(9, 0.1); wait_for("end")
""",
        **TIGHT,
    )
    notice = lab.incident(run, "slowdown", "suspected")
    assert notice.severity == "notice" and "model.pt" in notice.message and notice.facts["state"] == "works"
    assert not [i for i in observe(run).incidents if i.kind == "hang"]
    lab.allow("written")
    lab.reached("closed")
    warning = lab.incident(run, "hang", "suspected")
    assert warning.facts["verdict"] == "sleeps" and warning.id == "silence:2"
    lab.incident(run, "slowdown", "recovered")
    lab.allow("go")
    lab.incident(run, "hang", "recovered")


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
    assert stall.budget().seconds == 1800 and stall.overdue(1800) is None
    assert stall.overdue(1801) == 1801
    stall.output(1000)
    assert stall.overdue(1801) is None, "who publishes no steps is alive while it writes"
    stall.progress(1900)
    assert stall.budget().seconds == 3800, "the first wait is no measure, but a bound"
    stall.progress(1910)
    assert stall.budget().seconds == 90
    stall.output(2005)
    assert stall.overdue(2005) == 95, "lines without a step are no progress where steps are published"
    stall.progress(2010)
    assert stall.budget().seconds == 500


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
    assert stall.budget().seconds == 2000
    for n in range(100):
        stall.progress(1000 + 3600 * (n + 1) / 100)
    assert stall.budget().seconds == pytest.approx(1000)


def test_a_wait_that_was_promised_is_no_measure():
    stall = watch(first_progress_s=30, silent_s=30, hang_floor_s=10, hang_factor=5)
    stall.progress(0)
    stall.promise(1000)
    stall.progress(900)
    stall.promise(900)
    assert stall.budget().seconds == 30, "nothing was measured"
    stall.progress(920)
    assert stall.budget().seconds == 100


def test_a_promise_outweighs_the_budget_until_it_is_over():
    stall = watch(first_progress_s=10, silent_s=10, hang_floor_s=10, hang_factor=1)
    stall.progress(0)
    stall.promise(100)
    assert stall.overdue(99) is None and stall.overdue(101) == 101
    stall.hold(200)
    assert stall.overdue(205) is None


def test_what_comes_every_few_hours_is_normal_from_the_second_time_on():
    stall = watch(hang_floor_s=90, hang_factor=5)
    now, alarms = 0.0, []
    stall.progress(now)
    for _ in range(5):
        for _ in range(6 * 60):
            now += 60
            stall.progress(now)
        if stall.overdue(now + 900) is not None:
            alarms.append(now)
        now += 900
        stall.progress(now)
    assert len(alarms) == 1, "a checkpoint every six hours"


def test_the_first_steps_of_a_slow_run_are_no_hang():
    stall = watch(first_progress_s=1200, silent_s=1800, hang_floor_s=90, hang_factor=5)
    stall.progress(0)
    assert stall.overdue(1100) is None, "`epochs` has announced the first one"
    stall.output(1100)
    assert stall.overdue(2300) is None, "a bar that moves within it is a sign of life"
    assert stall.overdue(2301) is not None
    stall.progress(2200)
    assert stall.budget().seconds == 5 * 2200
    stall.output(13300)
    assert stall.overdue(13300) is not None, "once a step was measured lines are no sign any more"


def test_time_in_which_nobody_could_look_is_no_silence():
    stall = watch(hang_floor_s=10, hang_factor=1)
    stall.progress(0)
    stall.progress(1)
    stall.unseen(3600)
    assert stall.overdue(3605) is None and stall.overdue(3612) == 11


def test_the_budget_says_why():
    stall = watch(first_progress_s=60, silent_s=80, hang_floor_s=90, hang_factor=5)
    assert stall.budget() == Budget(80, "no step so far, and no output for 1 min 20 s")
    stall.progress(10)
    assert stall.budget() == Budget(90, "start-up: the second step shows how long one takes")
    stall.progress(12)
    least = "the least that counts as silence; the slowest recent wait was 2.0 s"
    assert stall.budget() == Budget(90, least, 2)
    stall.progress(32)
    assert stall.budget() == Budget(100, "5 times the slowest recent wait, 20 s", 20)


def silence(seconds=700.0, **changes):
    values = {"budget": Budget(90, "why", 20), "publishes": True, "reached": (4, None), **changes}
    return Silence(seconds, **values)


def test_the_evidence_is_said():
    thread = Thread(7, "MainThread", "S", "SSS", 3.0)
    snapshot = Snapshot(7, (Process(7, 1, "python", threads=(thread,)),), 1.0)
    verdict = Verdict("lock", "the main thread waits for the lock a", "a")
    incident = stall_incident(2, silence(), verdict, snapshot, 50.0)
    expected = "no new step for 11 min 40 s (normal: 20 s): the main thread waits for the lock a"
    assert incident.message == expected and incident.id == "silence:2" and json.dumps(incident.to_dict())
    assert incident.rule, "without a rule no flood of them is kept small"
    assert incident.hypotheses == verdict.hypotheses and incident.kind == "hang"
    stacks = incident.facts.pop("stacks")
    assert stacks == incident.excerpt and "7 (python)" in stacks
    assert incident.facts == {
        "silent_s": 700,
        "budget_s": 90,
        "budget_why": "why",
        "reached": [4, None],
        "verdict": "lock",
        "state": "sleeps",
        "waiting_on": "a",
        "cpu_percent": 3.0,
    }


def test_a_silence_that_nobody_could_look_into_is_told_all_the_same():
    unseen = Silence(1900, Budget(1800, "why"), publishes=False)
    incident = stall_incident(1, unseen, Verdict("unclear", "nobody knows"), None, 12.3)
    assert incident.message == "no step and no output for 31 min 40 s (allowed: 30 min): nobody knows"
    assert incident.severity == "warning" and incident.facts["cpu_percent"] == 12.3
    assert not incident.excerpt and "stacks" not in incident.facts


@pytest.mark.parametrize(
    ("name", "seconds", "excused"),
    [
        ("writes", 1e6, True),
        ("reads", 1e6, True),
        ("computes", 360, True),
        ("computes", 361, False),
        ("native", 360, True),
        ("native", 361, False),
        ("spins", 91, False),
        ("unclear", 91, False),
    ],
)
def test_honest_work_excuses_a_silence(name, seconds, excused):
    verdict = Verdict(name, "it does")
    assert is_excused(verdict, silence(seconds)) is excused
    incident = stall_incident(1, silence(seconds), verdict, None, 0.0)
    assert (incident.severity, incident.kind) == (("notice", "slowdown") if excused else ("warning", "hang"))
