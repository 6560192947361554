"""Kills at any moment: the training goes on, and whoever comes next finds everything there."""

import os
import signal
import threading
import time
from contextlib import suppress

import pytest

from trainer_tui.runs.files import is_locked, read_json, replace_json
from trainer_tui.runs.process import ProcessIdentity
from trainer_tui.runs.state import observe
from trainer_tui.supervise import supervisor
from trainer_tui.supervise.launch import prepare_run
from trainer_tui.supervise.presence import Presence
from trainer_tui.supervise.start import is_unfinished, retry, revive, start_watch

FAILS = """
import traceback
log(1, 0.9)
try:
    raise RuntimeError("a hard batch")
except RuntimeError:
    traceback.print_exc()
print("on", flush=True)
reach(PHASE)
wait_for("go")
for epoch in range(2, 6):
    log(epoch, 1 / epoch)
time.sleep(0.3)
raise ValueError("the end of it")
"""


def errors(lab, run):
    """(message, fates in order) of each error."""
    found = {}
    for event in lab.events(run, "incident"):
        incident = event["incident"]
        if incident["severity"] == "error":
            found.setdefault(incident["id"], (incident["message"], []))[1].append(incident["fate"])
    return list(found.values())


def once(lab, run):
    """What must be there exactly once, however many supervisors there were."""
    for kind in ("started", "exited", "gates", "ended"):
        assert len(lab.events(run, kind)) == 1, (kind, lab.report())
    assert len(lab.events(run, "diary")) <= 1
    for _, fates in errors(lab, run):
        assert len(fates) == len(set(fates)), "a fate is decided once"


def test_a_supervisor_killed_while_training_is_taken_over(lab):
    run = lab.start(FAILS)
    lab.reached("full")
    lab.incident(run, "exception", "suspected")
    pid = lab.pid(run)
    lab.kill_supervisor(run)
    assert lab.alive(pid) and is_unfinished(lab.model)
    assert any(source == "supervisor" for source, _ in observe(run).blind), "unwatched is never green"
    lab.take_over()
    assert not revive(lab.model), "it has a supervisor now"
    for _ in range(2):  # the second answer comes after a whole look
        lab.ask(run, "note", text="there")
    lab.allow("go")
    state = lab.finished()
    assert state.reason == "exception" and state.exit["code"] == 1 and "the end of it" in state.sentence
    assert [(m, f[-1]) for m, f in errors(lab, run)] == [
        ("RuntimeError: a hard batch", "recovered"),
        ("ValueError: the end of it", "confirmed"),
    ]
    once(lab, run)
    assert lab.diary.read_text().count("## Dev Diary Entry #") == 1


@pytest.mark.parametrize("pause_ms", [0, 60, 130, 210, 320, 450, 600])
def test_supervisors_killed_at_any_moment_lose_and_double_nothing(lab, pause_ms):
    """Each supervisor lives a little longer than the one before; the kills fall into every step of both."""
    lab.script(
        """
        import traceback
        log(1, 0.9)
        try:
            raise RuntimeError("a hard batch")
        except RuntimeError:
            traceback.print_exc()
        print("on", flush=True)
        for epoch in range(2, 6):
            log(epoch, 1 / epoch)
        results(); write("model_final.pkl", "x")
        if PHASE == "full":
            raise ValueError("the end of it")
        """
    )
    assert start_watch(lab.model, lab.plan(phases=("quick", "full"))) is not None
    for kill in range(4):
        time.sleep((pause_ms + 40 * kill) / 1000)  # the moment of the kill is what is varied here
        for pid in lab.processes():
            # An index writer may end by itself between the list and the look.
            with suppress(FileNotFoundError, ProcessLookupError), open(f"/proc/{pid}/cmdline", "rb") as file:
                if b"trainer_tui.supervise" in file.read():
                    os.kill(pid, signal.SIGKILL)
        lab.until(lambda: not is_locked(lab.model.supervisor_lock), "the supervisor's end")
        revive(lab.model)
    state = lab.finished()
    while is_unfinished(lab.model):
        lab.take_over()
        state = lab.finished()
    runs = [run for run in lab.model.runs() if run.request() is not None]
    assert [run.phase for run in runs] == ["quick", "full"], lab.report()
    assert observe(runs[0]).passed and state.reason == "exception" and state.exit["code"] == 1
    for run in runs:
        once(lab, run)
        assert run.log().read_text().splitlines().count("on") == 1, "the process was started once"
    messages = [message for message, _ in errors(lab, runs[1])]
    assert sorted(messages) == ["RuntimeError: a hard batch", "ValueError: the end of it"]
    assert lab.diary.read_text().count("## Dev Diary Entry #") == 1


def test_a_dead_shim_costs_the_exit_status_and_nothing_else(lab):
    run = lab.start(
        "print('x', flush=True)\nreach('ready')\nwait_for('go')\ngood()\n", phases=("quick", "full")
    )
    lab.reached("ready")
    pid = lab.pid(run)
    lab.kill_shim(run)
    assert lab.alive(pid) and observe(run).status == "running"
    lab.allow("go")
    state = lab.finished()
    assert (state.phase, state.reason, state.exit_code) == ("quick", "lost", 5)
    assert "exit unknown" in state.sentence and not state.passed
    assert len(lab.model.runs()) == 1, "nothing is built on an end that nobody knows"


def test_shim_and_supervisor_dead(lab):
    run = lab.start("reach('ready')\nwait_for('go')\ngood()\nreach('done')\n")
    lab.reached("ready")
    pid = lab.pid(run)
    lab.kill_supervisor(run)
    lab.kill_shim(run)
    assert lab.alive(pid) and observe(run).status == "running"
    lab.allow("go")
    lab.reached("done")
    lab.until(lambda: not lab.alive(pid), "the end of the process")
    assert observe(run).reason == "lost" and not observe(run).passed
    lab.take_over()
    assert lab.finished().reason == "lost"


def test_a_run_whose_daemon_holds_its_lock_ends_all_the_same(lab):
    run = lab.start(
        """
        if os.fork() == 0:
            os.setsid()
            time.sleep(60)
        reach("ready")
        wait_for("go")
        """
    )
    lab.reached("ready")
    lab.event(run, "started")
    lab.kill_shim(run)
    lab.allow("go")
    assert lab.finished().reason == "lost"
    assert is_locked(run.alive_lock), "the forked daemon inherited the lock"


def test_of_two_that_start_at_once_exactly_one_wins(lab):
    lab.script("reach('ready')\nwait_for('go')\ngood()\n")
    plan = lab.plan()
    begun = []
    ready = threading.Barrier(4)

    def begin():
        ready.wait()
        begun.append(start_watch(lab.model, plan))

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(run is not None for run in begun) == 1 and len(lab.model.runs()) == 1
    lab.reached("ready")
    assert start_watch(lab.model, plan) is None
    lab.allow("go")
    assert lab.finished().passed
    assert len(lab.events(lab.model.latest(), "supervisor")) == 1


def test_an_unfinished_watch_comes_before_a_new_one(lab):
    run = lab.start("reach('ready')\nwait_for('go')\ngood()\n")
    lab.reached("ready")
    lab.kill_supervisor(run)
    assert start_watch(lab.model, lab.plan()) is None
    lab.event(run, "supervisor", resumed=True)
    lab.allow("go")
    assert lab.finished().passed and len(lab.model.runs()) == 1


def test_retry_repeats_what_was_asked(lab):
    assert retry(lab.model) is None
    assert lab.watch("sys.exit(3)\n").reason == "exit-code"
    lab.script("good()\n")
    second = retry(lab.model)
    assert second is not None and second.number == 2 and lab.finished().passed


@pytest.mark.parametrize("recorded", [False, True])
def test_a_launch_that_was_interrupted_is_made_again(lab, recorded):
    lab.script("good()\n")
    run = prepare_run(lab.model, lab.plan(), "full")
    if recorded:
        # The supervisor died with its shim between two breaths.
        run.events.write_text('{"time":"2026-01-01T00:00:00.000Z","kind":"launched","shim_pid":1}\n')
    assert is_unfinished(lab.model) and revive(lab.model)
    assert lab.finished().passed
    assert run.log().exists() and len(lab.events(run, "started")) == 1


def test_a_folder_that_was_never_furnished_is_nobodys_run(lab):
    (lab.model.path / "001-full").mkdir(parents=True)
    assert not is_unfinished(lab.model) and not revive(lab.model)
    assert lab.watch("good()\n").number == 2


def test_a_run_from_before_a_reboot_is_lost(lab):
    lab.script("good()\n")
    run = prepare_run(lab.model, lab.plan(), "full")
    for name in ("alive.lock", "shim.lock"):
        (run.path / name).touch()
    run.process_json.write_text(
        f'{{"pid": {os.getpid()}, "start_time": 1, "boot_id": "another", "host": "{os.uname().nodename}",'
        f' "started": "2026-01-01T00:00:00.000Z", "shim_pid": {os.getpid()}, "shim_start_time": 1}}'
    )
    assert revive(lab.model)
    assert lab.finished().reason == "lost"


@pytest.mark.parametrize(
    ("who", "number"),
    [
        ("supervisor", signal.SIGHUP),
        ("shim", signal.SIGHUP),
        ("shim", signal.SIGINT),
        ("shim", signal.SIGTERM),
    ],
)
def test_a_closed_terminal_reaches_nobody(lab, who, number):
    run = lab.start("reach('ready')\nwait_for('go')\ngood()\n")
    lab.reached("ready")
    lab.event(run, "started")
    document = read_json(run.process_json)
    pid = int(lab.events(run, "supervisor")[0]["pid"]) if who == "supervisor" else document["shim_pid"]
    os.kill(pid, number)
    lab.ask(run, "note", text="still there")
    assert lab.alive(pid)
    lab.allow("go")
    assert lab.finished().passed
    assert len(lab.events(run, "supervisor")) == 1


def test_a_module_of_the_users_cannot_pass_for_ours(lab):
    (lab.root / "queue.py").write_text("raise SystemExit('a module of the user')\n")
    (lab.root / "trainer_tui.py").write_text("raise SystemExit('another')\n")
    assert lab.watch("good()\n").passed


def test_the_run_folder_deleted_under_us(lab):
    import shutil

    run = lab.start("reach('ready')\nwait_for('go')\n")
    lab.reached("ready")
    lab.event(run, "started")
    supervisor = int(lab.events(run, "supervisor")[0]["pid"])
    shutil.rmtree(lab.output)
    lab.allow("go")
    lab.until(lambda: not lab.alive(supervisor), "the supervisor to give up")


# ------------------------------------------------------------- a supervisor in this process


def test_a_cursor_spares_the_next_supervisor_what_was_scanned(lab, monkeypatch):
    monkeypatch.setattr(supervisor, "CURSOR_EVERY_S", 0.0)
    lab.script(
        """
        import traceback
        def caught(text):
            try:
                raise RuntimeError(text)
            except RuntimeError:
                traceback.print_exc()
        caught("the first"); print("on", flush=True); reach("first"); wait_for("go")
        caught("the second"); print("on", flush=True); time.sleep(1.2); good()
        """
    )
    run = prepare_run(lab.model, lab.plan(), "full")
    request = run.request()
    first = supervisor.RunSupervisor(lab.model, run, request)
    lab.until(lambda: (first.look() and False) or lab.events(run, "cursor"), "a cursor")
    cursor = lab.events(run, "cursor")[-1]
    assert cursor["log_offset"] == run.log().stat().st_size and cursor["generation"] == 0
    first.changes.close()
    second = supervisor.RunSupervisor(lab.model, run, request)
    assert second.log.read == cursor["log_offset"]
    lab.allow("go")
    state = second.supervise()
    assert state.passed, lab.report()
    fates = {message: found[-1] for message, found in errors(lab, run)}
    assert fates == {"RuntimeError: the first": "recovered", "RuntimeError: the second": "recovered"}
    lines = {e["incident"]["message"]: e["incident"]["line"] for e in lab.events(run, "incident")}
    said = run.log().read_text().splitlines()
    assert said[lines["RuntimeError: the second"] - 1].startswith("Traceback")


def test_a_stop_is_carried_on_by_whoever_takes_over(lab):
    run = lab.start(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nreach('ready')\nwait_for('never')\n", grace_s=2.0
    )
    lab.reached("ready")
    lab.ask(run, "stop")
    lab.kill_supervisor(run)
    lab.take_over()
    state = lab.finished()
    assert state.reason == "stopped-by-user" and state.exit["signal"] == signal.SIGKILL
    assert lab.events(run, "stopping")[1]["why"] == "taken over"


def test_requests_that_cannot_be_read_are_said(lab):
    run = lab.start("reach('ready'); wait_for('go'); good()\n")
    lab.reached("ready")
    run.control.mkdir()
    lab.event(run, "blind", source="control")
    run.control.rmdir()
    lab.event(run, "sighted", source="control")
    lab.allow("go")
    assert lab.finished().passed


def test_a_run_of_a_host_that_is_gone_is_lost(lab):
    """A container that was started again has another name: the run it watched has ended with it."""
    run = lab.start("reach('ready'); wait_for('go')\n")
    lab.reached("ready")
    pid = lab.pid(run)
    lab.kill_supervisor(run)
    lab.kill_shim(run)
    os.kill(pid, signal.SIGKILL)
    lab.until(lambda: not is_locked(run.alive_lock), "the end of the process")
    document = read_json(run.process_json)
    replace_json(run.process_json, {**document, "host": "the-container-before"})
    lab.take_over()
    assert lab.finished().reason == "lost"


def test_a_process_that_nobody_named_is_found(lab):
    """The shim was killed between starting the process and writing who it is."""
    run = lab.start("reach('ready'); wait_for('go')\n", full_limit_s=600.0)
    lab.reached("ready")
    pid = lab.pid(run)
    lab.kill_supervisor(run)
    lab.kill_shim(run)
    run.process_json.unlink()
    run.events.unlink()
    lab.take_over()
    assert int(lab.event(run, "started")["pid"]) == pid
    assert "TERM was sent" in lab.ask(run, "stop")
    lab.finished()
    assert not lab.alive(pid)


def test_time_that_the_machine_slept_counts_for_no_limit(lab):
    """The age is that of a clock which stands still in a suspend, as the shim read it."""
    lab.script("")
    run = prepare_run(lab.model, lab.plan(), "full")
    us = ProcessIdentity.of(os.getpid())
    slept_s = 5000
    replace_json(
        run.process_json,
        {
            **us.to_dict(),
            "start_time": us.start_time - slept_s * os.sysconf("SC_CLK_TCK"),
            "host": os.uname().nodename,
            "began": time.monotonic() - 7.0,
        },
    )
    presence = Presence(run)
    assert presence.age_s() == 0.0
    assert presence.meet() and 7.0 <= presence.age_s() < 60.0
