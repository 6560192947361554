"""What users ask of a living run, and what becomes of its processes."""

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from trainer_tui.runs.control import ask
from trainer_tui.runs.files import try_lock
from trainer_tui.runs.process import ProcessIdentity
from trainer_tui.runs.state import observe
from trainer_tui.supervise import job, stopping
from trainer_tui.supervise.launch import prepare_run
from trainer_tui.supervise.start import revive
from trainer_tui.supervise.supervisor import RunSupervisor

WAITS = """
print("waiting", flush=True)
reach("ready")
wait_for("go")
good()
"""


def test_stop_is_heeded(lab):
    run = lab.start(
        """
        def leave(*_):
            print("saving", flush=True)
            sys.exit(0)
        signal.signal(signal.SIGTERM, leave)
        reach("ready")
        wait_for("never")
        """,
        phases=("quick", "full"),
    )
    lab.reached("ready")
    assert "TERM was sent" in lab.ask(run, "stop", why="enough")
    state = lab.finished()
    assert (state.phase, state.reason, state.exit_code) == ("quick", "stopped-by-user", 4)
    assert run.log().read_text() == "saving\n"
    assert lab.events(run, "stopping")[0]["why"] == "enough"
    assert len(lab.events(run, "stopping")) == 1, "no KILL for one that heeds"
    assert not lab.diary.exists()


def test_who_ignores_term_is_killed_after_the_grace_time(lab):
    run = lab.start("signal.signal(signal.SIGTERM, signal.SIG_IGN)\nreach('ready')\nwait_for('never')\n")
    lab.reached("ready")
    lab.ask(run, "stop")
    state = lab.finished()
    assert state.reason == "stopped-by-user" and "killed" in state.sentence
    assert state.exit["signal"] == signal.SIGKILL
    assert "KILL" in lab.events(run, "stopping")[1]["why"]


def test_what_escaped_from_the_group_is_ended_too(lab):
    run = lab.start(
        """
        import subprocess
        child = subprocess.Popen(["sleep", "60"], start_new_session=True)
        stubborn = subprocess.Popen([sys.executable, "-S", "-c",
            "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"],
            start_new_session=True)
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                write("daemon", str(os.getpid()))
                time.sleep(60)
            os._exit(0)
        os.wait()
        while not os.path.exists(path("daemon")):
            time.sleep(0.01)
        write("pids", f"{child.pid} {stubborn.pid} " + open(path("daemon")).read())
        reach("ready")
        wait_for("never")
        """
    )
    lab.reached("ready")
    pids = [int(pid) for pid in (run.path / "pids").read_text().split()]
    assert all(lab.alive(pid) for pid in pids)
    lab.ask(run, "stop")
    assert lab.finished().reason == "stopped-by-user"
    lab.until(lambda: not any(lab.alive(pid) for pid in pids), "the end of all that escaped")


def test_pause_and_resume(lab):
    run = lab.start(WAITS, full_limit_s=3.0)
    lab.reached("ready")
    pid = lab.pid(run)
    assert lab.ask(run, "resume") == "refused: it is not paused"
    assert lab.ask(run, "pause", why="the GPU is needed") == "paused, 1 process"
    assert psutil.Process(pid).status() == psutil.STATUS_STOPPED and observe(run).status == "paused"
    assert lab.ask(run, "pause") == "it is paused already"
    began = time.monotonic()
    while time.monotonic() - began < 1.0:
        time.sleep(0.05)
    assert lab.ask(run, "resume") == "it goes on"
    assert psutil.Process(pid).status() != psutil.STATUS_STOPPED
    lab.allow("go")
    state = lab.finished()
    assert state.passed and state.paused_s >= 1.0
    window = next(gate for gate in state.gates if gate.name == "window")
    assert state.duration_s - state.paused_s < state.duration_s - 0.9, window.sentence


def test_paused_time_counts_for_no_limit_also_across_a_takeover(lab):
    run = lab.start(WAITS, full_limit_s=2.0)
    lab.reached("ready")
    lab.ask(run, "pause")
    lab.kill_supervisor(run)
    paused = lab.events(run, "paused")[0]["time"]
    lab.until(lambda: observe(run).duration_s > 2.5, "more than the limit to pass")
    lab.take_over()
    lab.event(run, "supervisor", resumed=True)
    assert lab.ask(run, "resume") == "it goes on"
    assert lab.events(run, "continued")[0]["paused_s"] > 2.0, paused
    lab.allow("go")
    assert lab.finished().passed


def test_a_paused_run_can_be_stopped(lab):
    run = lab.start(WAITS)
    lab.reached("ready")
    lab.ask(run, "pause")
    lab.ask(run, "stop")
    state = lab.finished()
    assert state.reason == "stopped-by-user" and state.exit["signal"] == signal.SIGTERM


def test_skip_needs_a_reason_and_goes_on_to_full(lab):
    run = lab.start(
        "reach('ready')\nif PHASE == 'quick':\n    wait_for('never')\ngood()\n", phases=("quick", "full")
    )
    lab.reached("ready")
    assert "needs a written reason" in lab.ask(run, "skip")
    assert "needs a written reason" in lab.ask(run, "skip", why="  ")
    assert "the full one follows" in lab.ask(run, "skip", why="seen yesterday")
    state = lab.finished()
    assert state.phase == "full" and state.passed
    quick = observe(run)
    assert quick.reason == "skipped" and quick.skipped == (("quick", "seen yesterday"),)


def test_skip_is_for_the_quick_phase(lab):
    run = lab.start(WAITS)
    lab.reached("ready")
    assert lab.ask(run, "skip", why="x") == "refused: only the quick phase can be skipped"
    lab.allow("go")
    assert lab.finished().passed


def test_a_stop_outweighs_a_skip(lab):
    run = lab.start(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nreach('ready')\nwait_for('never')\n",
        phases=("quick", "full"),
        grace_s=1.0,
    )
    lab.reached("ready")
    lab.ask(run, "skip", why="seen yesterday")
    assert "will not follow" in lab.ask(run, "stop")
    assert lab.ask(run, "stop") == "it is being ended already"
    assert lab.ask(run, "pause") == "refused: the process is not running"
    state = lab.finished()
    assert (state.phase, state.reason) == ("quick", "stopped-by-user")


def test_a_watch_without_its_quick_phase_says_why(lab):
    state = lab.watch("good()\n", phases=("full",), skip_quick_reason="seen yesterday")
    assert state.passed and state.skipped == (("quick", "seen yesterday"),)


def test_notes_and_unknown_requests(lab):
    run = lab.start(WAITS)
    lab.reached("ready")
    assert lab.ask(run, "note", text="lr was 3e-4") == "noted"
    assert lab.events(run, "note")[0]["text"] == "lr was 3e-4"
    assert lab.events(run, "control")[0]["by"].endswith("@" + os.uname().nodename)
    assert lab.ask(run, "dance") == "refused: unknown request"
    with open(run.control, "ab") as file:
        file.write(b'not json\n{"id": "by-hand", "request": "note", "text": "\xc3\xa4"}\n{"torn')
    lab.event(run, "control", id="by-hand")
    lab.allow("go")
    assert lab.finished().passed


def test_a_stop_after_the_process_has_ended_calls_off_what_would_follow(lab):
    run = lab.start("reach('ready')\nwait_for('go')\ngood()\n", phases=("quick", "full"))
    lab.reached("ready")
    lab.kill_supervisor(run)
    lab.allow("go")
    lab.until(run.exit_json.exists, "the end")
    identity = ask(run, "stop")
    lab.take_over()
    state = lab.finished()
    assert lab.event(run, "control", id=identity)["outcome"] == "it has ended already; nothing follows it"
    assert (state.phase, state.reason) == ("quick", "passed"), "it had ended before it was asked"
    assert state.called_off and len(lab.model.runs()) == 1
    assert not revive(lab.model)


# ---------------------------------------------------------------- processes, one by one


@pytest.fixture
def stranger():
    """A process that is none of ours."""
    process = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def test_a_pid_that_was_given_to_somebody_else_is_never_signalled(tmp_path, stranger):
    now = ProcessIdentity.of(stranger.pid)
    before = ProcessIdentity(now.pid, now.start_time - 100, now.boot_id)
    other_boot = ProcessIdentity(now.pid, now.start_time, "another boot")
    for identity in (before, other_boot):
        assert job.members(identity, tmp_path) == []
        assert stopping.hold(identity, tmp_path) == 0
        stopper = stopping.Stopper(identity, tmp_path, 0.0)
        stopper.begin()
        assert stopper.due() is False and not stopper.killed
        assert job.send([identity], signal.SIGKILL) == 0
    assert stranger.poll() is None and psutil.Process(stranger.pid).status() != psutil.STATUS_STOPPED


def test_members_are_the_tree_and_the_marked(tmp_path):
    code = "import subprocess, sys; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); p.wait()"
    tree = subprocess.Popen([sys.executable, "-S", "-c", code], stdout=subprocess.PIPE, text=True)
    marked = subprocess.Popen(["sleep", "60"], env={**os.environ, "TRAINER_RUN_DIR": str(tmp_path)})
    try:
        child = int(tree.stdout.readline())
        members = job.members(ProcessIdentity.of(tree.pid), tmp_path)
        assert {m.pid for m in members} == {tree.pid, child, marked.pid}
        assert set(job._descendants_portable(tree.pid)) == set(job.descendants(tree.pid)) == {tree.pid, child}
        assert job._descendants_portable(2**22 + 1) == []
        rows = job.describe(members, limit=2)
        assert len(rows) == 2
        assert job.describe([ProcessIdentity(2**22 + 1, 1, "")]) == [{"pid": 2**22 + 1, "command": ""}]
    finally:
        for process in (tree, marked):
            process.kill()
            process.wait()
        os.kill(child, signal.SIGKILL)


def test_requests_are_answered_once_across_a_takeover(lab):
    run = lab.start(WAITS)
    lab.reached("ready")
    ids = [lab.ask(run, "note", text=str(n)) for n in range(3)]
    lab.kill_supervisor(run)
    late = ask(run, "note", text="while nobody listened")
    lab.take_over()
    lab.event(run, "control", id=late)
    lab.allow("go")
    assert lab.finished().passed
    answered = [event["id"] for event in lab.events(run, "control")]
    assert len(answered) == len(set(answered)) == len(ids) + 1
    assert [event["text"] for event in lab.events(run, "note")] == ["0", "1", "2", "while nobody listened"]
    assert all(json.loads(line) for line in run.events.read_text().splitlines())


@pytest.mark.parametrize("request_", ["stop", "skip"])
def test_what_is_asked_before_the_process_is_there_is_obeyed_then(lab, request_):
    lab.script("reach(PHASE)\nif PHASE == 'quick':\n    wait_for('never')\ngood()\n")
    run = prepare_run(lab.model, lab.plan(phases=("quick", "full")), "quick")
    held = try_lock(run.shim_lock)  # a shim that is slow to come
    identity = ask(run, request_, why="enough")
    assert revive(lab.model)
    lab.event(run, "supervisor")
    note = lab.ask(run, "note", text="whoever asks this was heard after the first")
    assert note == "noted" and not [e for e in lab.events(run, "control") if e["id"] == identity]
    os.close(held)
    lab.event(run, "control", id=identity)
    state = lab.finished()
    assert observe(run).reason == ("stopped-by-user" if request_ == "stop" else "skipped")
    assert state.phase == ("quick" if request_ == "stop" else "full")


def test_a_stop_of_what_never_came_is_answered(lab):
    lab.script("good()\n")
    run = prepare_run(lab.model, lab.plan(command=("/no/such/program",)), "full")
    identity = ask(run, "stop")
    assert revive(lab.model)
    assert lab.finished().reason == "launch-failed"
    assert len([e for e in lab.events(run, "control") if e["id"] == identity]) == 1


def test_a_pause_is_written_before_it_happens(lab, monkeypatch):
    run = lab.start(WAITS)
    lab.reached("ready")
    pid = lab.pid(run)
    lab.kill_supervisor(run)
    s = RunSupervisor(lab.model, run, run.request())
    written = []
    hold = stopping.hold

    def look_first(*arguments):
        written.extend(lab.events(run, "paused"))
        return hold(*arguments)

    monkeypatch.setattr(stopping, "hold", look_first)
    ask(run, "pause")
    lab.until(lambda: (s.look() and False) or lab.events(run, "control"), "the answer")
    assert len(written) == 1
    lab.until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED, "the process to be held")
    s.changes.close()
    # A kill between writing and doing: whoever takes over does it.
    os.kill(pid, signal.SIGCONT)
    lab.take_over()
    lab.until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED, "the process to be held")
    lab.ask(run, "resume")
    lab.allow("go")
    assert lab.finished().passed
