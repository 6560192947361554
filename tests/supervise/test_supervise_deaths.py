"""Real processes that die in every way: what is said of it, and that no more is said than is known."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trainer_tui.runs.files import read_json
from trainer_tui.supervise.kernellog import _numbers_are_the_kernels

SEGFAULT = "import ctypes\nctypes.string_at(0)\n"


def shell(lab, line):
    """The lab's script, run by a shell."""
    return ("/bin/sh", "-c", line.replace("PYTHON", f"{sys.executable} -S {lab.root}/demo.py"))


def words(state):
    return state.reason, state.sentence


# ------------------------------------------------------------------------------ killed from outside


@pytest.mark.parametrize(
    ("number", "kind", "said"),
    [
        (signal.SIGKILL, "killed", "killed by SIGKILL: somebody or something sent SIGKILL"),
        (signal.SIGTERM, "signal", "killed by SIGTERM: it was asked to end from outside"),
        (signal.SIGUSR1, "signal", "killed by SIGUSR1: schedulers send it as a warning"),
        (signal.SIGHUP, "signal", "killed by SIGHUP: the terminal or session"),
    ],
)
def test_a_signal_from_another_process(lab, number, kind, said):
    run = lab.start("print('epoch 1', flush=True)\nreach('up')\nwait_for('never')\n")
    lab.reached("up")
    subprocess.run(["kill", f"-{int(number)}", str(lab.pid(run))], check=True)
    state = lab.finished()
    assert state.reason == "signal" and said in state.sentence
    assert state.failure.kind == kind and state.failure.excerpt == "epoch 1"
    assert "out of memory" not in state.sentence, "what is not known is not said"


def test_our_own_stop_is_no_failure(lab):
    run = lab.start("reach('up')\nwait_for('never')\n")
    lab.reached("up")
    lab.ask(run, "stop")
    state = lab.finished()
    assert words(state) == ("stopped-by-user", "a user stopped it") and state.failure is None


def test_a_stop_that_is_not_heeded_is_still_ours(lab):
    run = lab.start("signal.signal(15, signal.SIG_IGN)\nreach('up')\nwait_for('never')\n", grace_s=0.1)
    lab.reached("up")
    lab.ask(run, "stop")
    state = lab.finished()
    assert state.reason == "stopped-by-user" and state.sentence.endswith(
        "it did not heed TERM and was killed"
    )


# ------------------------------------------------------------------------------ limits


def test_the_cpu_time_is_used_up(lab):
    state = lab.watch("while True: pass\n", command=shell(lab, "ulimit -t 1; exec PYTHON"))
    assert state.reason == "time-limit" and "1 s of CPU time" in state.sentence
    assert state.exit["limits"]["cpu"] == [1, 1]


def test_the_soft_limit_on_cpu_time(lab):
    state = lab.watch("while True: pass\n", command=shell(lab, "ulimit -S -t 1; exec PYTHON"))
    assert state.reason == "time-limit" and "SIGXCPU: the limit on CPU time, 1 s" in state.sentence


def test_a_kill_long_before_the_cpu_limit_is_not_the_limits(lab):
    run = lab.start("reach('up')\nwait_for('never')\n", command=shell(lab, "ulimit -t 999; exec PYTHON"))
    lab.reached("up")
    os.kill(lab.pid(run), signal.SIGKILL)
    assert lab.finished().reason == "signal"


def test_a_file_too_large_for_a_program_without_handlers(lab):
    state = lab.watch("", command=("/bin/sh", "-c", "ulimit -f 1; exec head -c 99999 /dev/zero > big"))
    assert state.failure.kind == "disk-full" and "SIGXFSZ: a file reached the size limit" in state.sentence


def test_a_file_too_large_for_python(lab):
    body = "with open('big', 'wb') as file:\n    file.write(b'x' * 99999)\n    file.flush()\n"
    state = lab.watch(body, command=shell(lab, "ulimit -f 1; exec PYTHON"))
    assert "File too large" in state.sentence
    assert "(ulimit -f)" in state.failure.facts["exit"]


def test_an_address_space_too_small(lab):
    body = "block = bytearray(4 << 30)\n"
    state = lab.watch(body, command=shell(lab, "ulimit -v 2000000; exec PYTHON"))
    assert state.reason == "cpu-oom" and "MemoryError" in state.sentence
    assert "its address space is limited to 1.9 GiB" in state.failure.facts["exit"]


def test_too_many_open_files(lab):
    body = "files = [open('/dev/null') for _ in range(99)]\n"
    state = lab.watch(body, command=shell(lab, "ulimit -n 40; exec PYTHON"))
    assert "at most 40 open files are allowed" in state.failure.facts["exit"]


# ------------------------------------------------------------------------------ crashes


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (SEGFAULT, "SIGSEGV"),
        ("os.abort()\n", "SIGABRT"),
        (
            "import mmap\nopen('f', 'w').write('x' * 4096)\nfile = open('f', 'r+')\n"
            "block = mmap.mmap(file.fileno(), 4096)\nos.truncate('f', 0)\nblock[0]\n",
            "SIGBUS",
        ),
    ],
)
def test_a_crash(lab, body, name):
    state = lab.watch(body)
    assert state.reason == "crash" and name in state.sentence and "killed by" in state.sentence


@pytest.mark.skipif(
    not os.access("/dev/kmsg", os.R_OK)
    or not _numbers_are_the_kernels()
    or Path("/proc/sys/debug/exception-trace").read_text().strip() != "1",
    reason="the kernel's log is not ours to read here",
)
def test_the_kernels_log_says_where_it_crashed(lab):
    state = lab.watch(SEGFAULT)
    assert "says the kernel's log" in state.sentence and " in libc" in state.sentence
    assert any("segfault at 0" in line for line in state.failure.facts["kernel"])


def test_a_core_that_could_not_be_dumped(lab):
    state = lab.watch("os.abort()\n", command=shell(lab, "ulimit -c 0; exec PYTHON"))
    assert "core dumped" not in state.sentence
    assert any("ulimit -c unlimited" in hint for hint in state.failure.hypotheses)


# ------------------------------------------------------------------------------ codes


def test_a_shell_whose_child_was_killed(lab):
    state = lab.watch("os.kill(os.getpid(), 9)\n", command=shell(lab, "PYTHON; exit $?"))
    assert state.reason == "signal"
    assert "exited with code 137: a child was killed by SIGKILL" in state.sentence


@pytest.mark.parametrize(
    ("code", "reason", "said"),
    [
        (137, "signal", "code 137: a child was killed by SIGKILL"),
        (2, "exit-code", "exited with code 2 (the custom for wrong arguments); nothing in the log says why"),
        (120, "exit-code", "Python could not write out its output"),
        (124, "time-limit", "timeout(1)"),
    ],
)
def test_a_number_by_itself(lab, code, reason, said):
    state = lab.watch(f"print('working', flush=True)\nos._exit({code})\n")
    assert state.reason == reason and said in state.sentence
    assert state.failure.excerpt == "working"


def test_what_is_no_program(lab):
    (lab.root / "tool").write_bytes(b"\x7fELFnothing")
    (lab.root / "tool").chmod(0o755)
    state = lab.watch("", command=(str(lab.root / "tool"),))
    assert state.reason == "launch-failed" and "Exec format error" in state.sentence
    state = lab.watch("", command=("/bin/sh", "-c", "no-such-program-at-all"))
    assert state.reason == "launch-failed" and "not found" in state.sentence


def test_what_timed_out(lab):
    if not Path("/usr/bin/timeout").exists():
        pytest.skip("no timeout(1)")
    state = lab.watch("", command=("timeout", "0.2", "sleep", "9"))
    assert state.reason == "time-limit" and "timeout(1)" in state.sentence


# ------------------------------------------------------------------------------ exit code 0

SWALLOW = "import traceback\ntry:\n    {}['lr']\nexcept KeyError:\n    traceback.print_exc()\n"


def test_a_pipe_that_swallows_the_exit_code(lab):
    body = "log(1, 0.5)\nraise RuntimeError('the data are gone')\n"
    state = lab.watch(body, command=shell(lab, "PYTHON 2>&1 | cat"), is_model=False)
    assert state.reason == "exception" and state.exit["code"] == 0
    assert state.sentence.startswith("RuntimeError: the data are gone; the process exited with code 0")


@pytest.mark.parametrize(
    "after",
    [
        "print('saved to best.pt')\n",
        "for n in range(9): print('step', n)\n",
        "time.sleep(0.05); log(3, 0.1)\n",  # longer than a tick of the clock of files
        "results()\n",
        "write('model_final.pkl', 'x')\n",
        "write('progress.json', '{\"done\": 5, \"total\": 5}')\n",
    ],
)
def test_an_error_after_which_a_command_went_on(lab, after):
    state = lab.watch("log(1, 0.5)\n" + SWALLOW + after, is_model=False)
    assert state.passed, state.sentence
    assert [i.fate for i in state.incidents if i.severity == "error"] == ["recovered"]


def test_an_error_line_at_the_end_of_a_command_that_ended_well(lab):
    state = lab.watch("print('ERROR: the upload of the report failed', file=sys.stderr)\n", is_model=False)
    assert state.passed


def test_an_error_at_the_end_of_a_command_without_anything_after_it(lab):
    state = lab.watch(SWALLOW, is_model=False)
    assert state.reason == "exception" and "KeyError: 'lr'" in state.sentence
    assert state.failure.fate == "confirmed"


# ------------------------------------------------------------------------------ out of memory


@pytest.fixture
def cgroup(tmp_path):
    """A memory cgroup of 64 MiB, where this machine lets us have one."""
    folder = _memory_cgroup()
    if folder is None:
        pytest.skip("no memory cgroup may be made here")
    limit = "memory.max" if (folder / "memory.max").exists() else "memory.limit_in_bytes"
    try:
        (folder / limit).write_text(str(64 << 20))
    except OSError:
        folder.rmdir()
        pytest.skip("no memory limit may be set here")
    yield folder
    until = time.monotonic() + 10
    while folder.exists() and time.monotonic() < until:
        try:
            folder.rmdir()
        except OSError:  # its last process is on its way out
            time.sleep(0.02)


def _memory_cgroup():
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        top = Path("/sys/fs/cgroup/memory") if "memory" in controllers.split(",") else Path("/sys/fs/cgroup")
        if controllers and top.name != "memory":
            continue
        folder = top / path.lstrip("/") / f"trainer-tui-test-{os.getpid()}"
        if not (folder.parent / "memory.stat").exists():
            continue
        try:
            folder.mkdir()
        except OSError:
            continue
        if (folder / "memory.stat").exists():
            return folder
        folder.rmdir()
    return None


def test_the_oom_killer_in_a_cgroup(lab, cgroup):
    body = f"""
        open("{cgroup}/cgroup.procs", "w").write(str(os.getpid()))
        reach("in")
        wait_for("go")
        block = bytearray(300 << 20)
    """
    run = lab.start(body)
    lab.reached("in")
    lab.event(run, "started")
    lab.allow("go")
    state = lab.finished()
    assert state.reason == "cpu-oom" and "killed by SIGKILL and the kernel's" in state.sentence
    assert state.failure.kind == "cpu-oom" and read_json(run.exit_json)["signal"] == 9


def test_the_oom_killer_takes_a_worker(lab, cgroup):
    body = f"""
        pid = os.fork()
        if pid == 0:
            open("{cgroup}/cgroup.procs", "w").write(str(os.getpid()))
            wait_for("go")
            block = bytearray(300 << 20)
        reach("in")
        os.waitpid(pid, 0)
        raise RuntimeError(f"DataLoader worker (pid(s) {{pid}}) exited unexpectedly")
    """
    if not os.access("/dev/kmsg", os.R_OK) or not _numbers_are_the_kernels():
        pytest.skip("the kernel's log is not ours to read here")
    run = lab.start(body)
    lab.reached("in")
    lab.event(run, "started")
    lab.allow("go")
    state = lab.finished()
    assert state.reason == "cpu-oom"
    assert state.sentence.startswith("RuntimeError: DataLoader worker") and "kernel's log" in state.sentence
