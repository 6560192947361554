"""Faults of files, disks, clocks and limits, injected once: the same that `benchmarks/faults.py` counts."""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import fault_clocks  # noqa: E402
import fault_files  # noqa: E402
import fault_logs  # noqa: E402

from trainer_tui.failures import Scanner, Scene, classify_exit, reason_for  # noqa: E402
from trainer_tui.runs.files import replace_json, try_lock  # noqa: E402
from trainer_tui.runs.follow import RunFollower  # noqa: E402
from trainer_tui.runs.layout import RunFolder  # noqa: E402
from trainer_tui.runs.process import ProcessIdentity, boot_id, host_name, life_of, running_s  # noqa: E402
from trainer_tui.runs.state import observe  # noqa: E402
from trainer_tui.supervise import controls, scenery  # noqa: E402
from trainer_tui.supervise.logwatch import LogWatch  # noqa: E402
from trainer_tui.supervise.presence import Presence  # noqa: E402

REAL = ("read-only", "run-deleted", "output-moved", "open-files", "clock-forward")
"""Those that no other test injects; the table has the rest."""


@pytest.mark.parametrize("name", REAL)
def test_the_promise_is_kept(name):
    fault = next(fault for fault in fault_files.FAULTS if fault.name == name)
    if fault.needs is not None and (why := fault.needs()):
        pytest.skip(why)
    outcome = fault.inject(Random(1))
    assert outcome.survived and not outcome.wrong, f"{fault.promise} {outcome}"


def test_a_sparse_log_is_taken_over_at_once():
    outcome = fault_logs.sparse(Random(1), 20 << 30)
    assert not outcome.wrong, outcome


def test_every_fault_has_its_own_name_and_promise():
    assert len({fault.name for fault in fault_files.FAULTS}) == len(fault_files.FAULTS)
    assert all(fault.promise.endswith(".") for fault in fault_files.FAULTS)
    assert fault_clocks.CLOCKS[0] in fault_files.FAULTS


# ------------------------------------------------------------------- no file can be opened


@pytest.fixture
def no_file_can_be_opened():
    """Every descriptor that this process may have is in use."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)

    def begin():
        free = os.open(os.devnull, os.O_RDONLY)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, before[1]))

    yield begin
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture
def living(tmp_path):
    """A run whose process lives, and holds its lock."""
    run = RunFolder(tmp_path / "demo" / "001-full")
    run.path.mkdir(parents=True)
    for path in (run.shim_lock, run.supervisor_lock):
        path.touch()
    holder = try_lock(run.alive_lock)
    identity = ProcessIdentity.of(os.getpid())
    document = {**identity.to_dict(), "host": host_name(), "started": "2026-01-25T14:30:00.000Z"}
    replace_json(run.process_json, {**document, "began": time.monotonic() - 60})
    yield run
    os.close(holder)


def test_what_cannot_be_looked_at_has_not_ended(living, no_file_can_be_opened):
    presence = Presence(living)
    assert presence.meet() and life_of(living) == "running"
    no_file_can_be_opened()
    assert life_of(living) == "unseen"
    assert [presence.gone() for _ in range(5)] == [False] * 5
    assert "Too many open files" in presence.problem
    with pytest.raises(OSError, match="Too many"):
        presence.process.is_alive()


def test_a_view_that_cannot_look_says_so_and_not_that_the_run_is_lost(living, no_file_can_be_opened):
    stamp = "2026-01-25T14:30:00.000Z"
    living.events.write_text(json.dumps({"time": stamp, "kind": "started", "pid": 1, "at": stamp}) + "\n")
    follower = RunFollower(living)
    follower.poll_state()
    no_file_can_be_opened()
    follower.poll_state()
    assert follower.state.status == "running" and follower.state.supervised
    assert "no file can be opened" in dict(follower.state.blind)["process"]


# ------------------------------------------------------------------- clocks that are set


def test_a_run_is_as_old_as_the_monotonic_clock_says(living):
    assert 60 <= running_s(living) < 70
    assert 60 <= observe(living).duration_s < 70, "by the time of day it would be months"
    document = {"pid": os.getpid(), "host": host_name(), "boot_id": boot_id()}
    for began, host in ((None, host_name()), (time.monotonic() + 9e6, host_name()), (1.0, "another")):
        replace_json(living.process_json, {**document, "began": began, "host": host})
        assert running_s(living) is None


def test_a_pause_is_as_long_as_the_process_grew_older():
    past = [{"kind": "paused", "time": "2026-01-25T14:30:00.000Z", "age_s": 30.5}]
    assert controls._age_at_pause(past) == 30.5
    assert controls._age_at_pause([{"kind": "paused", "time": "x"}]) is None


# ------------------------------------------------------------------- logs


def test_a_hole_is_counted_and_not_read(tmp_path):
    path = tmp_path / "x.log"
    error = b'\nTraceback (most recent call last):\n  File "x.py", line 1, in f\nRuntimeError: far\non\n'
    with open(path, "wb") as file:
        file.write(b"first\n")
        file.truncate(40 << 30)
        file.seek(0, os.SEEK_END)
        file.write(error)
    watch = LogWatch(path)
    found = []
    for _ in range(3):
        found += watch.look()[1]
    assert [i.message for i in found] == ["RuntimeError: far"]
    assert found[0].offset == (40 << 30) + 1 and found[0].line == 3
    assert watch.read == path.stat().st_size
    watch.close()


def test_a_long_line_that_is_no_hole_is_read(tmp_path):
    path = tmp_path / "x.log"
    path.write_bytes(b"x" * (3 << 20) + b"\nok\n")
    watch, scanner = LogWatch(path), Scanner()
    watch.look()
    scanner.feed(path.read_bytes())
    assert watch.read == path.stat().st_size and watch.cursor()[0] == scanner.offset
    watch.close()


def test_an_end_without_a_word_on_a_full_disk_is_called_so():
    end = {"code": 1, "signal": None}
    found = classify_exit(end, scene=Scene(full_disk="the disk of its log has no byte left"))
    assert reason_for(found) == "disk-full" and "could not write why" in found.message
    assert reason_for(classify_exit(end)) == "exit-code"


def test_a_disk_with_space_is_not_full(tmp_path):
    (tmp_path / "x.log").touch()
    assert scenery.full_disk(tmp_path / "x.log") == "" == scenery.full_disk(tmp_path / "none")


def test_inotify_that_is_used_up_is_no_end(tmp_path):
    """In a user namespace of its own, so that the machine keeps its watches."""
    code = (
        "from pathlib import Path; import sys, time; from trainer_tui.runs.changes import Changes\n"
        "changes = Changes([Path(sys.argv[1])]); changes._last_change -= 60\n"
        "changes.wait(False, 0.01); changes.wait(False, 0.01); print(changes.problem); changes.close()\n"
    )
    for limit in ("max_inotify_watches", "max_inotify_instances"):
        shell = f'echo 0 > /proc/sys/user/{limit} || exit 77; exec "$0" -c "$1" "$2"'
        command = ["unshare", "-U", "-r", "sh", "-c", shell, sys.executable, code, str(tmp_path)]
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError:
            pytest.skip("no unshare")
        if done.returncode and "inotify" not in done.stdout:
            pytest.skip(f"no user namespace: {done.stderr.strip()[-100:]}")
        assert "polling instead" in done.stdout, done.stderr
