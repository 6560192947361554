"""The log under every fault: nothing missed, nothing twice, no crash, bounded memory."""

import os
import sys
import time

import psutil
import pytest

from trainer_tui.runs.clock import parse_utc
from trainer_tui.supervise.logwatch import LogWatch

STEPS = """
def say(text):
    os.write(1, text.encode())
def fail(text):
    say('Traceback (most recent call last):\\n  File "x.py", line 1, in f\\n    g()\\n')
    say(f'RuntimeError: {text}\\n')
"""


def messages(lab, run):
    """The message of each error, in order, once an id."""
    found = {}
    for event in lab.events(run, "incident"):
        if event["incident"]["severity"] == "error":
            found.setdefault(event["incident"]["id"], event["incident"]["message"])
    return list(found.values())


def test_truncated_while_running(lab):
    run = lab.start(
        STEPS
        + """
say("x" * 5000 + "\\n"); fail("before"); say("on\\n"); reach("before")
wait_for("cut"); say("little\\n"); wait_for("seen")
fail("after"); sys.exit(1)
"""
    )
    lab.reached("before")
    lab.until(lambda: messages(lab, run) == ["RuntimeError: before"], "the first error")
    os.truncate(run.log(), 0)
    lab.allow("cut")
    lab.event(run, "log", what="truncated")
    lab.allow("seen")
    assert lab.finished().reason == "exception"
    assert messages(lab, run) == ["RuntimeError: before", "RuntimeError: after"]
    assert run.log().read_bytes().startswith(b"little"), "appended, not written at the old offset"


def test_rotated_while_running_and_taken_over(lab):
    run = lab.start(
        STEPS
        + """
fail("before"); say("on\\n"); reach("before")
wait_for("moved")
fail("into the old file"); say("on\\n"); reach("old")
wait_for("new")
fd = os.open(os.path.join(ROOT, "logs/demo/001-full.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
os.dup2(fd, 1); os.dup2(fd, 2)
fail("into the new file"); say("on\\n"); reach("written")
wait_for("go")
fail("at the end"); sys.exit(1)
"""
    )
    lab.reached("before")
    lab.until(lambda: len(messages(lab, run)) == 1, "the first error")
    run.log().rename(run.log().with_suffix(".log.1"))
    lab.allow("moved")
    lab.until(lambda: len(messages(lab, run)) == 2, "the error in the file that was moved")
    lab.allow("new")
    lab.event(run, "log", what="rotated")
    lab.until(lambda: len(messages(lab, run)) == 3, "the error in the new file")
    lab.kill_supervisor(run)
    lab.take_over()
    lab.event(run, "supervisor", resumed=True)
    lab.allow("go")
    assert lab.finished().reason == "exception"
    assert messages(lab, run) == [
        "RuntimeError: before",
        "RuntimeError: into the old file",
        "RuntimeError: into the new file",
        "RuntimeError: at the end",
    ]


def test_deleted_while_running(lab):
    run = lab.start(STEPS + "say('a\\n'); reach('ready'); wait_for('go'); fail('unseen?'); sys.exit(1)\n")
    lab.reached("ready")
    lab.event(run, "started")
    lab.until(lambda: run.telemetry.exists(), "the supervisor to be at work")
    run.log().unlink()
    lab.allow("go")
    state = lab.finished()
    assert "RuntimeError: unseen?" in state.sentence, "an open file is read on"
    gate = next(gate for gate in state.gates if gate.name == "log")
    assert gate.state == "failed" and "gone" in gate.sentence


def test_gone_for_one_that_takes_over_is_blind(lab):
    run = lab.start(STEPS + "reach('ready'); wait_for('go'); good()\n")
    lab.reached("ready")
    lab.kill_supervisor(run)
    run.log().unlink()
    lab.take_over()
    assert "cannot be read" in lab.event(run, "blind", source="log")["why"]
    lab.allow("go")
    state = lab.finished()
    assert state.reason == "gate-failed" and "log" in state.sentence


def test_replaced_by_a_folder_is_blind_until_it_is_back(lab):
    run = lab.start(
        STEPS + "fail('one'); say('on\\n'); reach('ready'); wait_for('go'); fail('two'); sys.exit(1)\n"
    )
    lab.reached("ready")
    lab.until(lambda: len(messages(lab, run)) == 1, "the first error")
    aside = run.log().with_suffix(".aside")
    run.log().rename(aside)
    run.log().mkdir()
    assert "directory" in lab.event(run, "blind", source="log")["why"]
    run.log().rmdir()
    aside.rename(run.log())
    lab.event(run, "sighted", source="log")
    lab.allow("go")
    assert lab.finished().reason == "exception"
    assert messages(lab, run) == ["RuntimeError: one", "RuntimeError: two"]


def test_one_line_of_50_mb(lab):
    run = lab.start(
        """
        for _ in range(50):
            os.write(1, b"x" * (1 << 20))
        os.write(1, b"\\n")
        reach("written"); wait_for("go")
        raise ValueError("after the long line")
        """
    )
    lab.reached("written")
    supervisor = psutil.Process(int(lab.events(run, "supervisor")[0]["pid"]))
    lab.ask(run, "note", text="it answers")
    assert supervisor.memory_info().rss < 300 << 20
    lab.allow("go")
    assert "after the long line" in lab.finished().sentence


def test_twenty_thousand_lines_a_second_hide_no_error(lab):
    run = lab.start(
        """
        import threading
        line = b"step 1 loss 0.5 some words to fill the line up to a usual length\\n" * 200
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            os.write(1, line); time.sleep(0.01)
        write("when", repr(time.time()))
        sys.stderr.write('Traceback (most recent call last):\\n  File "x.py", line 1, in f\\n'
                         'RuntimeError: in the flood\\n')
        while not os.path.exists(os.path.join(ROOT, "go")):
            os.write(1, line); time.sleep(0.01)
        """,
        is_model=False,
    )
    lab.incident(run, "exception", "suspected")
    seen = parse_utc(lab.events(run, "incident")[0]["time"]).timestamp()
    lab.allow("go")
    lab.ended(run)
    assert run.log().stat().st_size > 1.4e6
    assert seen - float((run.path / "when").read_text()) < 2.0


def test_bytes_that_are_no_text(lab):
    run = lab.start(
        """
        os.write(1, b"\\x00\\xff\\xfe caf\\xe9 \\x1b[31mred\\x1b[0m \\x1b]0;title\\x07\\n")
        for n in range(2000):
            os.write(1, f"\\r{n}%|####| {n}/2000 [00:01<00:01, 10it/s]".encode())
        os.write(1, "\\r\\u2588".encode()[:2])
        time.sleep(0.1)
        os.write(1, "\\u2588".encode()[1:] + b"\\n")
        raise ValueError("an \\x1b[31mangry\\x1b[0m end \\u2026")
        """
    )
    state = lab.finished()
    assert state.sentence == "ValueError: an angry end …"
    assert "\x1b" not in (run.events.read_text() + lab.diary.read_text())


def test_the_last_line_without_an_end_is_read(lab):
    state = lab.watch("os.write(2, b'CUDA error: out of memory'); os._exit(1)\n")
    assert state.reason in ("cuda-oom", "cuda-error") and "out of memory" in state.sentence


def test_a_flood_of_errors_keeps_the_one_that_ended_it(lab):
    state = lab.watch(
        """
        import string
        for a in string.ascii_lowercase:
            try:
                raise RuntimeError(f"batch {a * 5}")
            except RuntimeError:
                import traceback; traceback.print_exc()
            print("on")
        class Fatal(Exception): pass
        raise Fatal("the real end")
        """
    )
    run = lab.model.latest()
    found = messages(lab, run)
    assert len(found) <= 22 and "the real end" in found[-1], found
    assert state.reason == "exception"


# ---------------------------------------------------------------- LogWatch alone


@pytest.fixture
def watched(tmp_path):
    path = tmp_path / "x.log"
    path.touch()
    watch = LogWatch(path)
    yield path, watch
    watch.close()


def fail(text):
    return f'Traceback (most recent call last):\n  File "x.py", line 1, in f\nRuntimeError: {text}\n'


def test_ids_of_each_generation_are_its_own(watched):
    path, watch = watched
    path.write_text(fail("one") + "on\n")
    ids = [incident.id for incident in watch.look()[1]]
    path.write_text(fail("1") + "o\n")
    changed, found = watch.look()
    assert changed and watch.change == "truncated" and watch.generation == 1
    assert [i.id for i in found] == [f"1:{i}" for i in ids]


def test_an_open_traceback_is_finished_by_a_change_under_its_own_name(watched):
    path, watch = watched
    path.write_text("x\n" * 500 + fail("at the end of the old file"))
    first = watch.look()[1]
    path.write_text("new\n")
    _, found = watch.look()
    assert all(not incident.id.startswith("1:") for incident in [*first, *found])
    assert any("old file" in incident.message for incident in [*first, *found])


def test_a_new_file_that_cannot_be_opened_at_first(watched, monkeypatch):
    path, watch = watched
    path.write_text("a\n" * 50)
    watch.look()
    path.rename(path.with_suffix(".1"))
    path.write_text(fail("two") + "on\n")
    real, refused = os.open, []

    def refusing(name, *rest, **more):
        if str(name) == str(path) and not refused:
            refused.append(name)
            raise PermissionError(13, "Permission denied")
        return real(name, *rest, **more)

    monkeypatch.setattr(os, "open", refusing)
    with pytest.raises(PermissionError):
        watch.look()
    changed, found = watch.look()
    assert changed and watch.change == "rotated" and [i.id for i in found] == ["1:log:0:traceback"]
    assert watch.cursor() is not None


def test_an_error_in_mid_read_loses_nothing(watched, monkeypatch):
    path, watch = watched
    path.write_text(fail("seen") + "on\n" + "x" * (3 << 20) + "\n")
    real, calls = os.pread, []

    def pread(fd, count, offset):
        calls.append(offset)
        if offset >= 1 << 20 and len(calls) < 8:
            raise OSError(5, "Input/output error")
        return real(fd, count, offset)

    monkeypatch.setattr(os, "pread", pread)
    changed, found = watch.look()
    assert changed and [i.message for i in found] == ["RuntimeError: seen"]
    with pytest.raises(OSError, match="Input/output"):
        watch.look()
    monkeypatch.undo()
    assert watch.look()[0] and watch.read == path.stat().st_size


def test_the_supervisor_sleeps_while_nothing_happens(lab):
    run = lab.start("reach('ready'); wait_for('go'); good()\n")
    lab.reached("ready")
    supervisor = psutil.Process(int(lab.event(run, "supervisor")["pid"]))
    lab.until(lambda: run.telemetry.exists(), "the supervisor to be at work")
    before = sum(supervisor.cpu_times()[:2])
    began = time.monotonic()
    lab.until(lambda: time.monotonic() - began > 2.5, "a while")
    assert sum(supervisor.cpu_times()[:2]) - before < 0.6, sys.version
    lab.allow("go")
    assert lab.finished().passed
