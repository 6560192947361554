"""Automatic restarts: only when asked for, only when they can help, and never against a user's word."""

import pytest

from trainer_tui.runs.control import ask
from trainer_tui.runs.state import RunState, observe
from trainer_tui.supervise.chain import newest_run, next_step, progress_of, restart_decision
from trainer_tui.supervise.launch import prepare_run
from trainer_tui.supervise.restart import MAX_BACKOFF_S, Attempt, decide
from trainer_tui.supervise.start import is_unfinished

RESUMES = """
table = os.path.join(ROOT, "checkpoint")
done = int(open(table).read()) if os.path.exists(table) else 0
for epoch in range(done + 1, done + 3):
    log(epoch, 1 / epoch)
open(table, "w").write(str(done + 2))
if done < NEEDED:
    raise RuntimeError(f"after {done}")
results(); write("model_final.pkl", "x")
"""


def test_off_by_default(lab):
    assert lab.watch("log(1, 1)\nraise RuntimeError('no')\n").reason == "exception"
    assert len(lab.model.runs()) == 1 and not lab.events(lab.model.latest(), "restart")


def test_a_run_that_comes_further_is_restarted_to_its_end(lab):
    state = lab.watch("NEEDED = 4" + RESUMES, restart_max=3)
    runs = lab.model.runs()
    assert state.passed and [observe(run).attempt for run in runs] == [1, 2, 3]
    assert {observe(run).watch for run in runs} == {1}
    assert [(e["again"], e["attempt"]) for run in runs for e in lab.events(run, "restart")] == [
        (True, 2),
        (True, 3),
    ]
    assert "restart 1 of 3 after exception" in lab.events(runs[0], "restart")[0]["why"]


def test_the_budget_ends_it(lab):
    state = lab.watch("NEEDED = 99" + RESUMES, restart_max=2)
    assert state.attempt == 3 and state.reason == "exception"
    last = lab.events(lab.model.latest(), "restart")[0]
    assert last["again"] is False and "budget of 2" in last["why"]


def test_never_without_a_first_step(lab):
    assert lab.watch("raise RuntimeError('at once')\n", restart_max=5).attempt == 1
    assert "first step" in lab.events(lab.model.latest(), "restart")[0]["why"]


def test_three_in_vain_are_enough(lab):
    state = lab.watch("log(1, 1); log(2, 1)\nraise RuntimeError('always here')\n", restart_max=9)
    assert state.attempt == 4
    assert "came no further" in lab.events(lab.model.latest(), "restart")[0]["why"]


def test_a_users_stop_calls_it_off(lab):
    run = lab.start("log(1, 1)\nraise RuntimeError('no')\n", restart_max=3, restart_backoff_s=30.0)
    lab.event(run, "restart", again=True)
    assert is_unfinished(lab.model)
    note = ask(run, "note", text="hm")
    assert lab.ask(run, "stop") == "what was to follow is called off"
    assert lab.event(run, "control", id=note)["outcome"] == "refused: the run has ended"
    state = lab.finished()
    assert state.called_off and state.reason == "exception" and len(lab.model.runs()) == 1
    assert not is_unfinished(lab.model)


def test_a_supervisor_killed_in_the_back_off_is_taken_over(lab):
    run = lab.start("log(1, 1)\nraise RuntimeError('no')\n", restart_max=1, restart_backoff_s=1.0)
    lab.event(run, "restart", again=True)
    lab.kill_supervisor(run)
    assert is_unfinished(lab.model)
    lab.take_over()
    assert lab.finished().attempt == 2
    assert len(lab.events(run, "restart")) == 1 and len(lab.events(run, "ended")) == 1


def test_the_next_phase_waits_for_a_folder_that_can_be_made(lab):
    run = lab.start("reach('ready'); wait_for(PHASE); good()\n", phases=("quick", "full"))
    lab.reached("ready")
    lab.model.logs.rename(lab.root / "logs/aside")
    lab.model.logs.write_text("in the way")
    lab.allow("quick")
    lab.until(lambda: "waits until its folder" in lab.model.supervisor_log.read_text(), "the complaint")
    assert is_unfinished(lab.model) and not (lab.model.path / "002-full").exists()
    lab.model.logs.unlink()
    (lab.root / "logs/aside").rename(lab.model.logs)
    lab.allow("full")
    assert lab.finished().phase == "full" and observe(run).reason in ("passed", "gate-failed")


# ------------------------------------------------------------------------------- decide


def attempt(reason, progress):
    return Attempt(RunState("m/001-full", "m", 1, "full", status="ended", reason=reason), progress)


NEVER_AFTER = [
    *("passed", "gate-failed", "stopped-by-user", "time-limit", "skipped", "launch-failed", "lost"),
    "cancelled",
]


@pytest.mark.parametrize("reason", NEVER_AFTER)
def test_ends_that_no_restart_mends(reason):
    assert decide([attempt(reason, 5)], 3, 1.0) is None


@pytest.mark.parametrize("reason", ["exception", "signal", "preempted", "of-a-newer-version"])
def test_ends_that_a_restart_may_mend(reason):
    assert decide([attempt(reason, 5)], 3, 1.0).restart


def test_no_budget_no_question():
    assert decide([attempt("exception", 5)], 0, 1.0) is None


def test_waits_grow_and_are_bounded():
    waits = []
    for used in range(12):
        attempts = [attempt("signal", 10.0 * n) for n in range(1, used + 2)]
        waits.append(decide(attempts, 99, 30.0).wait_s)
    assert waits[:4] == [30, 60, 120, 240] and waits[-1] == MAX_BACKOFF_S


def test_progress_forgives_the_fruitless_ones():
    steps = [10, 10, 10, 20, 20, 20]
    assert decide([attempt("signal", s) for s in steps], 99, 1.0).restart
    assert not decide([attempt("signal", s) for s in [*steps, 20]], 99, 1.0).restart


def test_progress_is_the_largest_step_row_count_or_published_step(lab):
    lab.script("")
    run = prepare_run(lab.model, lab.plan(restart_max=2), "full")
    request = run.request()
    assert progress_of(run, request) == 0
    run.history.write_text("loss\n1\n2\n")
    assert progress_of(run, request) == 2
    run.progress.write_text('{"done": 7}')
    assert progress_of(run, request) == 7
    run.history.write_text("epoch,loss\n900,1\nnan,2\ninf,2\n")
    assert progress_of(run, request) == 900
    run.progress.write_text('{"done": "seven"}')
    assert progress_of(run, request) == 900


def test_what_follows_an_ended_run(lab):
    lab.script("")
    plan = lab.plan(phases=("quick", "full"))
    run = prepare_run(lab.model, plan, "quick")
    assert newest_run(lab.model)[0] == run
    request = run.request()

    def state(reason, **more):
        return RunState(run.name, "demo", 1, "quick", watch=1, status="ended", reason=reason, **more)

    for reason in ("passed", "skipped"):
        assert next_step(lab.model, request, state(reason)).phase == "full"
    for reason in ("gate-failed", "exception", "time-limit", "stopped-by-user", "lost"):
        assert next_step(lab.model, request, state(reason)) is None
    assert next_step(lab.model, request, state("passed", called_off=True)) is None
    assert restart_decision(lab.model, request, state("exception")) is None
