"""What a supervisor leaves undone when it is killed between two events, and what the next one makes of it."""

from __future__ import annotations

import json
import os
import signal

import pytest

from trainer_tui.runs.control import ControlReader, ask
from trainer_tui.runs.events import EventLog
from trainer_tui.runs.process import life_of
from trainer_tui.runs.state import observe
from trainer_tui.supervise.__main__ import _called_off
from trainer_tui.supervise.aftermath import went_on
from trainer_tui.supervise.inherited import inherit
from trainer_tui.supervise.start import is_unfinished


def cut_after(lab, run, kind, nth=1, **fields):
    """Leave the events as a kill right after the nth of this kind would have left them."""
    lab.until(lambda: not lab_is_watched(lab), "the supervisor to leave")
    kept, seen = [], 0
    for line in run.events.read_text().splitlines():
        kept.append(line)
        event = json.loads(line)
        seen += event["kind"] == kind and all(event.get(name) == value for name, value in fields.items())
        if seen == nth:
            break
    assert seen == nth, (kind, lab.report())
    run.events.write_text("\n".join(kept) + "\n")


def lab_is_watched(lab):
    from trainer_tui.runs.files import is_locked

    return is_locked(lab.model.supervisor_lock)


def carried_on(lab, run, kind, **fields):
    """Cut, take over, and wait for the end; how often each kind of event is there now."""
    cut_after(lab, run, kind, **fields)
    lab.take_over()
    lab.finished()
    events = lab.events(run)
    return lambda kind: sum(event["kind"] == kind for event in events)


def test_the_entry_of_a_failure_whose_supervisor_died_before_it(lab):
    lab.watch("log(1, 0.5)\nraise ValueError('the end of it')\n")
    run = lab.model.latest()
    confirmed = next(e for e in lab.events(run, "incident") if e["incident"]["fate"] == "confirmed")
    lab.diary.unlink()
    count = carried_on(lab, run, "incident", time=confirmed["time"])
    assert (count("diary"), count("ended")) == (1, 1)
    assert "the end of it" in lab.diary.read_text()


def test_a_skipped_phase_is_told_by_whoever_takes_over(lab):
    lab.watch("good()\n", skip_quick_reason="tried before")
    run = lab.model.latest()
    count = carried_on(lab, run, "supervisor")
    assert [count(kind) for kind in ("phase-skipped", "launched", "started", "ended")] == [1, 1, 1, 1]
    assert carried_on(lab, run, "phase-skipped")("phase-skipped") == 1


@pytest.mark.parametrize("request_", ["note", "skip"])
def test_a_request_that_was_done_and_not_answered(lab, request_):
    run = lab.start("reach('ready'); wait_for('go'); good()\n", phases=("quick",))
    lab.reached("ready")
    lab.event(run, "started")
    lab.ask(run, request_, text="a note", why="enough")
    lab.allow("go")
    lab.finished()
    done = {"note": "note", "skip": "phase-skipped"}[request_]
    count = carried_on(lab, run, done)
    assert (count(done), count("control")) == (1, 1)


def test_what_was_left_behind_is_named_once(lab):
    lab.watch("if os.fork() == 0:\n    os.setsid(); time.sleep(60); os._exit(0)\ngood()\n")
    assert carried_on(lab, lab.model.latest(), "left-behind")("left-behind") == 1


def test_why_no_restart_follows_is_told_even_when_nothing_else_is_left_to_do(lab):
    lab.watch("sys.exit(3)\n", restart_max=1)
    run = lab.model.latest()
    assert carried_on(lab, run, "ended")("restart") == 1
    assert not is_unfinished(lab.model) and len(lab.model.runs()) == 1


def test_a_stop_in_the_back_off_is_written_before_it_is_answered(lab):
    """Answered first and killed then, the restart would have followed against the user's will."""
    run = lab.model.new_run("full")
    ask(run, "stop")
    assert _called_off(ControlReader(run.control, set()), EventLog(run.events))
    assert [event["kind"] for event in lab.events(run)] == ["restart", "control"]


def test_errors_that_nobody_watched_training_survive_are_not_the_cause(lab):
    run = lab.start(
        """
        import traceback
        def step(n):
            log(n, 1 / n); print("step", n, "of 12", flush=True)
        step(1); step(2)
        reach("ready"); wait_for("go")
        try:
            raise RuntimeError("a hard batch")
        except RuntimeError:
            traceback.print_exc()
        for n in range(3, 7):
            step(n)
        raise ValueError("the end of it")
        """
    )
    lab.reached("ready")
    lab.event(run, "started")
    lab.kill_supervisor(run)
    lab.allow("go")
    lab.until(run.exit_json.exists, "the end of the process")
    lab.take_over()
    state = lab.finished()
    assert (state.reason, state.sentence) == ("exception", "ValueError: the end of it")
    fates = {i.message: i.fate for i in state.incidents}
    assert fates["RuntimeError: a hard batch"] == "recovered"


def test_a_kill_long_after_a_survived_error_is_not_its_doing(lab):
    run = lab.start(
        """
        import traceback
        for n in range(1, 9):
            log(n, 1 / n); print("step", n, "of 12", flush=True)
            if n == 3:
                try:
                    raise RuntimeError("a hard batch")
                except RuntimeError:
                    traceback.print_exc()
        reach("ready"); wait_for("never")
        """
    )
    lab.reached("ready")
    os.kill(lab.pid(run), signal.SIGKILL)
    assert lab.finished().reason == "signal"


STEPS = "".join(f"epoch {n} train {1 / n:.3f}\n" for n in range(1, 4))
ERROR = 'Traceback (most recent call last):\n  File "t.py", line 7, in <module>\nRuntimeError: no\n'
MORE = "".join(f"epoch {n} train {1 / n:.3f}\n" for n in range(4, 8))


@pytest.mark.parametrize(
    ("after", "goes_on"),
    [
        (MORE, True),
        (MORE.replace("\n", "\r"), True),
        ("", False),
        ("epoch 4 train 0.250\n", False),
        ("saving checkpoint 4\nsaving checkpoint 5\nsaving checkpoint 6\n", False),
        ("".join(f"[rank{n}]: in main at line {n}\n" for n in range(9)), False),
        (ERROR.replace("no", "the end") * 4, False),
        ("".join(f"worker {n} was killed by signal 9\n" for n in range(9)), False),
    ],
)
def test_step_lines_prove_that_training_went_on(tmp_path, after, goes_on):
    log = tmp_path / "log"
    log.write_text(STEPS + ERROR + after)
    assert went_on(log, len(STEPS)) is goes_on
    log.write_text(ERROR + after)
    assert went_on(log, 0) is False, "nothing came before it by which steps could be known"


def test_a_log_that_began_anew_is_told_once(tmp_path):
    """Killed between the event and the cursor of the new file."""
    old = {"kind": "cursor", "log_offset": 500, "line": 9, "generation": 0, "history_rows": 7}
    cursor = inherit([old, {"kind": "log", "what": "truncated"}]).cursor
    assert (cursor["log_offset"], cursor["line"], cursor["generation"], cursor["history_rows"]) == (
        0,
        1,
        1,
        7,
    )
    new = {**old, "generation": 1}
    assert inherit([old, {"kind": "log", "what": "truncated"}, new]).cursor == new


def test_a_training_that_closes_every_descriptor_still_runs(lab):
    run = lab.start("os.closerange(3, 256)\nreach('ready')\nwait_for('go')\n")
    lab.reached("ready")
    lab.event(run, "started")
    assert life_of(run) == "running" and observe(run).status == "running"
    lab.kill_supervisor(run)
    lab.kill_shim(run)
    assert life_of(run) == "running" and observe(run).status == "running", "its lock was all that it gave up"
    lab.allow("go")
    lab.until(lambda: life_of(run) == "unknown-end", "its end")
