"""The shim: one process, started once, its end written down whatever happens around it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trainer_tui.runs.files import read_json
from trainer_tui.supervise import shim
from trainer_tui.supervise.launch import prepare_run, spawn_shim
from trainer_tui.supervise.start import revive


def test_a_shim_started_again_starts_nothing(lab):
    lab.script(
        "with open(path('times'), 'a') as f: f.write('x')\nreach('ready')\nwait_for('go')\nsys.exit(5)\n"
    )
    run = prepare_run(lab.model, lab.plan(), "full")
    shims = [spawn_shim(run) for _ in range(3)]
    lab.reached("ready")
    lab.until(lambda: sum(s.poll() == 1 for s in shims) == 2, "two of three shims to leave")
    late = spawn_shim(run)
    assert late.wait(10) == 1
    winner = next(s for s in shims if s.poll() is None)
    os.kill(winner.pid, signal.SIGKILL)  # and now without a shim that holds the lock
    winner.wait()
    assert spawn_shim(run).wait(10) == 1
    run.process_json.unlink()  # as if it had been killed before it wrote this
    assert spawn_shim(run).wait(10) == 1
    assert (run.path / "times").read_text() == "x"


def test_a_shim_after_the_end_starts_nothing(lab):
    lab.watch("", command=("/no/such/program",))
    run = lab.model.latest()
    before = run.exit_json.read_bytes()
    assert not run.process_json.exists() and spawn_shim(run).wait(10) == 1
    assert run.exit_json.read_bytes() == before


def test_a_log_that_cannot_be_opened_is_a_failed_launch(lab):
    lab.script("good()\n")
    run = prepare_run(lab.model, lab.plan(), "full")
    run.log().unlink()
    run.log().mkdir()
    assert revive(lab.model)
    state = lab.finished()
    assert state.reason == "launch-failed" and "IsADirectoryError" in state.sentence


def test_whoever_starts_may_ignore_its_children(lab):
    # `signal(SIGCHLD, SIG_IGN)` is inherited and would take the exit status away.
    code = (
        "import signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); from pathlib import Path;"
        "from trainer_tui.runs.layout import ModelFolder; from trainer_tui.supervise.start import revive;"
        "revive(ModelFolder(Path(sys.argv[1]), Path(sys.argv[2])))"
    )
    lab.script("sys.exit(3)\n")
    prepare_run(lab.model, lab.plan(), "full")
    subprocess.run([sys.executable, "-c", code, str(lab.model.path), str(lab.model.logs)], check=True)
    state = lab.finished()
    assert state.reason == "exit-code" and state.exit["code"] == 3


# ------------------------------------------------------------------- the shim, in this process


@pytest.fixture
def inside(lab, monkeypatch):
    """A prepared run, and a `main` of the shim that runs in a forked child of ours."""
    lab.script("sys.exit(3)\n")
    run = prepare_run(lab.model, lab.plan(memory_limit_bytes=8 << 30), "full")

    handlers = {number: signal.getsignal(number) for number in (*shim.KEPT_SIGNALS, signal.SIGCHLD)}
    yield run, lambda: shim.main(str(run.path))
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_the_shim_writes_who_runs_and_how_it_ended(inside):
    run, main = inside
    assert main() == 0
    process, end = read_json(run.process_json), read_json(run.exit_json)
    assert process["host"] == os.uname().nodename and process["boot_id"] == shim.boot_id() != ""
    assert end["code"] == 3 and end["memory_limit_bytes"] == 8 << 30 and end["oom_kills"] == 0
    assert main() == 1


def test_the_shims_words(tmp_path, monkeypatch):
    fields = Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()
    assert shim.start_time(os.getpid()) == int(fields[19])
    assert shim.start_time(2**22 + 1) == pytest.approx(time.time(), abs=5), "where there is no /proc"
    assert shim.decode(3 << 8) == {"code": 3, "signal": None, "core_dumped": False}
    assert shim.decode(11 | 0x80) == {"code": None, "signal": 11, "core_dumped": True}
    assert shim.now().endswith("Z") and len(shim.now()) == 24
    monkeypatch.chdir(tmp_path)
    shim.replace("x.json", {"a": 1})
    assert read_json(tmp_path / "x.json") == {"a": 1} and [p.name for p in tmp_path.glob(".*")] == []


def test_the_shim_waits_for_space_and_gives_up_with_its_folder(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "x.json").mkdir()  # cannot be replaced
    tried = []

    def sleep(seconds):
        tried.append(seconds)
        if len(tried) == 1:
            (folder / "x.json").rmdir()

    monkeypatch.setattr(shim.time, "sleep", sleep)
    shim.replace("x.json", {})
    assert tried == [1.0] and read_json(folder / "x.json") == {}


def test_the_shims_lock(tmp_path):
    first = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    second = os.open(tmp_path / "lock", os.O_RDWR)
    assert shim.lock(first) and not shim.lock(second)
    os.close(first)
    assert shim.lock(second)
    os.close(second)
    reading, writing = os.pipe()
    assert shim.lock(writing), "what cannot be locked locks nothing"
    os.close(reading)
    os.close(writing)


def test_the_shim_says_why_it_could_start_nothing(inside):
    run, main = inside
    run.log().unlink()
    run.log().mkdir()
    assert main() == 0
    end = read_json(run.exit_json)
    assert (
        end["code"] is None and "IsADirectoryError" in end["launch_error"] and not run.process_json.exists()
    )


def test_the_shim_passes_on_why_the_command_cannot_be_executed(lab, inside):
    run, main = inside
    request = read_json(run.run_json)
    run.run_json.write_text(json.dumps({**request, "command": ["/no/such/program"]}))
    assert main() == 0
    end = read_json(run.exit_json)
    assert end["code"] == 127 and end["launch_error"].startswith("FileNotFoundError")


def test_the_shim_leaves_a_process_alone_that_it_did_not_start(inside):
    run, main = inside
    held = os.open(run.alive_lock, os.O_RDWR | os.O_CREAT)
    assert shim.lock(held)
    assert main() == 1 and not run.exit_json.exists()
    os.close(held)


# ------------------------------------------------------------------------------ what ran out


def tree(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return f"{root}/"


def test_counters_of_all_cgroups_up_to_the_delegated_one_v2(tmp_path):
    job = "sys/fs/cgroup/user/job"
    files = {
        "proc/self/cgroup": "0::/user/job\n",
        f"{job}/memory.events": "low 0\nhigh 0\nmax 3\noom 0\noom_kill 1\noom_group_kill 0\n",
        f"{job}/memory.max": "max\n",
        "sys/fs/cgroup/user/memory.events": "low 0\noom 4\noom_kill 1\n",
        "sys/fs/cgroup/user/memory.max": "1048576\n",
        "sys/fs/cgroup/cgroup.procs": "",  # the top has no counters
    }
    root = tree(tmp_path, files)
    before = shim.pressure(root)
    assert list(before) == [f"{tmp_path}/{job}", f"{tmp_path}/sys/fs/cgroup/user"]
    assert shim.risen(before, shim.pressure(root)) == []
    tree(tmp_path, {f"{job}/memory.events": "oom 0\noom_kill 3\n"})
    tree(tmp_path, {"sys/fs/cgroup/user/memory.events": "oom 5\noom_kill 3\n"})
    own, above = shim.risen(before, shim.pressure(root))
    assert own["own"] and own["oom_kill"] == 2 and own["limit"] is None
    assert not above["own"] and (above["oom"], above["oom_kill"], above["limit"]) == (1, 2, 1 << 20)


def test_counters_of_a_cgroup_v1_seen_from_inside_a_container(tmp_path):
    files = {
        "proc/self/cgroup": "5:memory,cpu:/docker/abc\n1:pids:/x\n0::/\n",
        "sys/fs/cgroup/memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "sys/fs/cgroup/memory/memory.failcnt": "7\n",
    }
    root = tree(tmp_path, files)
    before = shim.pressure(root)
    assert before == {f"{tmp_path}/sys/fs/cgroup/memory": {"oom_kill": 0, "failcnt": 7}}
    tree(tmp_path, {"sys/fs/cgroup/memory/memory.failcnt": "9\n"})
    (rise,) = shim.risen(before, shim.pressure(root))
    assert rise["failcnt"] == 2 and rise["oom_kill"] == 0


def test_no_counters_at_all(tmp_path):
    assert shim.pressure(f"{tmp_path}/") == {} and shim.risen({}, {}) == []


def test_the_limits_of_a_process_also_after_its_end():
    child = subprocess.Popen(["/bin/sh", "-c", "ulimit -n 77; exit 3"])
    assert shim.ended(child.pid, 0)
    assert shim.limits(child.pid)["nofile"] == [77, 77]
    assert child.wait() == 3 and shim.limits(child.pid) == {}
