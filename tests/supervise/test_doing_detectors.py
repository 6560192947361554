"""The detectors over snapshots that no test can bring about, and the readers of foreign formats."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_tui.supervise.doing import Process, Snapshot, Thread, document, judge, kernel, stacks_text, take
from trainer_tui.supervise.doing.frames import is_idle, is_one_place, own, shared, user_frame
from trainer_tui.supervise.doing.handles import growth
from trainer_tui.supervise.doing.pyspy import NOT_PYTHON, PyStacks, python_stacks, read_dump
from trainer_tui.supervise.doing.snapshot import Frame, Growth, Handle
from trainer_tui.supervise.doing.source import lock_asked, locks_held
from trainer_tui.supervise.doing.syscalls import syscall_name
from trainer_tui.supervise.doing.verdict import MEANINGS
from trainer_tui.supervise.doing.verdicts import VERDICT_OF

SITE = "/venv/lib/python3.12/site-packages/"


def frame(text: str) -> Frame:
    """`step train.py:12`."""
    function, place = text.split()
    file, _, line = place.rpartition(":")
    return Frame(function, file, int(line))


def thread(*stack: str, tid: int = 1, **changes) -> Thread:
    """A sleeping thread that stood at the same place in three looks."""
    frames = tuple(map(frame, stack))
    values = {"name": "MainThread", "state": "S", "states": "SSS", "stacks": (frames,) * 3 if stack else ()}
    return Thread(tid, **{**values, **changes})


def process(*threads: Thread, pid: int = 1, parent: int = 0, **changes) -> Process:
    """A process of these threads."""
    return Process(pid, parent, changes.pop("name", "python"), "python train.py", threads=threads, **changes)


def snapshot(*processes: Process, **changes) -> Snapshot:
    """A tree whose root comes first."""
    return Snapshot(processes[0].pid, processes, 1.0, **changes)


TRAIN = "train /home/u/train.py:20"
WRITE = Handle(5, "file", "/mnt/nfs/model.pt")


@pytest.mark.parametrize(
    ("main", "name", "said"),
    [
        (
            thread(TRAIN, state="D", states="DDD", syscall="write", handles=(WRITE,), wchan="rpc_wait_bit"),
            "disk",
            "waits for the disk /mnt/nfs/model.pt (rpc_wait_bit) in train (train.py:20)",
        ),
        (thread(TRAIN, state="D", states="SSD", syscall="futex"), "native-wait", "waits in native code"),
        (thread(TRAIN, state="D", states="DDD", syscall="vfork"), "child", "to begin its program"),
        (
            thread(TRAIN, syscall="fsync", handles=(WRITE,)),
            "disk",
            "waits until /mnt/nfs/model.pt is on the disk (fsync)",
        ),
        (thread(TRAIN, state="t", states="ttt"), "stopped", "is held by a debugger (pid 77)"),
        (
            thread(f"all_reduce {SITE}torch/distributed/distributed_c10d.py:9", TRAIN, syscall="futex"),
            "collective",
            "waits for the other ranks in all_reduce in train (train.py:20)",
        ),
        (thread(TRAIN, state="R", states="RRR", cpu_percent=30.0, gil=3), "spins", "same function in 3 of 3"),
        (thread(TRAIN, state="R", states="RSR", cpu_percent=30.0), "unclear", "state R"),
        (thread(TRAIN, syscall="pause"), "signal", "waits for a signal"),
        (thread(TRAIN, syscall="syscall 999", wchan="odd"), "unclear", "state S, in syscall 999, odd"),
        (
            thread(f"get {SITE}filelock/_api.py:3", TRAIN, syscall="clock_nanosleep"),
            "file-lock",
            "waits for a lock file",
        ),
    ],
)
def test_what_a_main_thread_does(main, name, said):
    verdict = judge(snapshot(process(main, traced_by=77)))
    assert verdict.name == name and said in verdict.sentence


def test_a_gpu_at_full_load_without_a_step():
    synchronize = f"synchronize {SITE}torch/cuda/__init__.py:9"
    waits = process(thread(synchronize, TRAIN, state="R", states="RRR", cpu_percent=99.0))
    assert judge(snapshot(waits, gpu_percent=(3.0, 100.0))).name == "gpu"
    assert judge(snapshot(waits, gpu_percent=(3.0, 40.0))).name == "native"
    sleeps = process(thread(TRAIN, syscall="clock_nanosleep"))
    assert judge(snapshot(sleeps, gpu_percent=(100.0,))).name == "sleeps", "somebody else's load"


DATA = f"_MultiProcessingDataLoaderIter._try_get_data {SITE}torch/utils/data/dataloader.py:1291"
LOOP = f"_worker_loop {SITE}torch/utils/data/_utils/worker.py:370"
GET = "Queue.get /usr/lib/python3.12/multiprocessing/queues.py:113"


def loader(*workers: Process) -> Snapshot:
    """A main process that waits for a batch of these workers."""
    return snapshot(process(thread(DATA, TRAIN)), *workers)


def worker(pid: int, *stack: str, **changes) -> Process:
    """A worker of a DataLoader, whose stack goes on in its parent's from before the fork."""
    start = "BaseProcess._bootstrap /usr/lib/python3.12/multiprocessing/process.py:314"
    main = thread(*stack, LOOP, start, "main /home/u/parent.py:1", tid=pid, **changes)
    return process(main, pid=pid, parent=1, name="pt_data_worker")


def dead(pid: int) -> Process:
    """A worker that was killed."""
    return Process(pid, 1, "pt_data_worker", state="Z", threads=(Thread(pid, state="Z"),))


@pytest.mark.parametrize(
    ("workers", "name", "said"),
    [
        ((), "dataloader-worker-dead", "none is there"),
        ((dead(2), dead(3)), "dataloader-worker-dead", "are gone (2 ended)"),
        ((dead(2), worker(3, GET)), "dataloader-worker-dead", "1 of the DataLoader's workers ended"),
        ((worker(2, GET), worker(3, GET)), "dataloader", "one was lost on the way"),
        (
            (worker(2, "load /home/u/data.py:5", syscall="futex"), worker(3, GET)),
            "dataloader",
            "worker 2 (pt_data_worker) waits in native code, called in load (data.py:5)",
        ),
        ((worker(2, "load /home/u/data.py:5", cpu_percent=99.0, gil=3),), "dataloader", "keeps a core busy"),
        ((replace(worker(2, GET), state="T"),), "stopped", "its child process 2 (pt_data_worker) is stopped"),
    ],
)
def test_a_dataloader_that_waits(workers, name, said):
    verdict = judge(loader(*workers))
    assert verdict.name == name and said in verdict.sentence


def test_a_dataloader_whose_workers_compute_is_work():
    stacks = tuple(
        (frame(f"decode /home/u/data.py:{n}"), frame(f"get /home/u/data.py:{20 + n}")) for n in range(3)
    )
    busy = worker(2, "x /y.py:1")
    busy = replace(busy, threads=(replace(busy.main, stacks=stacks, cpu_percent=95.0),))
    verdict = judge(loader(busy))
    assert verdict.name == "computes" and verdict.works


def test_a_file_that_is_read_on_is_work():
    moving = process(
        thread(TRAIN, syscall="read"), growth=(Growth("/data/train.bin", 50 << 20, 1 << 30, False),)
    )
    verdict = judge(snapshot(moving))
    assert verdict.name == "reads" and "/data/train.bin (at 1.0 GiB, 50.0 MiB/s)" in verdict.sentence
    little = replace(moving, growth=(Growth("/data/train.bin", 5000, 1 << 30, False),))
    assert judge(snapshot(little)).name != "reads"


def test_ranks_that_are_alike_are_counted():
    spin = [
        process(thread(TRAIN, tid=n, cpu_percent=99.0, gil=3), pid=n, parent=1, name="python") for n in (2, 3)
    ]
    wait = "Popen.wait /usr/lib/python3.12/subprocess.py:1264"
    verdict = judge(snapshot(process(thread(wait, "main /home/u/launch.py:3", syscall="wait4")), *spin))
    assert verdict.name == "spins" and "(2 child processes alike)" in verdict.sentence


def test_a_tree_without_an_end_is_judged_all_the_same():
    wait = "Popen.wait /usr/lib/python3.12/subprocess.py:1264"
    chain = [process(thread(wait, tid=n, syscall="wait4"), pid=n, parent=n - 1) for n in range(1, 30)]
    assert judge(snapshot(*chain)).name == "child"


def test_every_verdict_has_a_meaning():
    assert set(VERDICT_OF.values()) <= set(MEANINGS)
    assert all(meaning.hypotheses for meaning in MEANINGS.values())


# ---------------------------------------------------------------- stacks as text


def test_children_that_are_alike_are_told_once_and_all_is_bounded():
    workers = [worker(n, "load /home/u/data.py:5", syscall="futex") for n in range(2, 40)]
    text = stacks_text(replace(loader(*workers), left_out=7))
    assert "38 processes alike (2, 3, 4, 5, 6, 7 …)" in text and text.count("load (data.py:5)") == 2
    assert "parent.py" not in text, "frames of the parent are not the child's"
    assert "7 further processes not shown" in text
    deep = process(thread(*(f"f{n} /home/u/{'x' * 90}.py:{n}" for n in range(150))))
    text = stacks_text(snapshot(deep))
    assert "f0 (" in text and "f149 (" in text and "… 120 frames" in text
    many = snapshot(process(*(thread(*deep_stack(n), tid=n) for n in range(1, 60))))
    assert len(stacks_text(many)) <= 12_000 and stacks_text(many).endswith("cut here")
    hostile = process(thread("f\x1b[2J /home/u/\x07.py:1"), name="\x1b]0;x\x07")
    assert "\x1b" not in stacks_text(snapshot(hostile)) and json.dumps(document(many))


def deep_stack(n: int) -> list[str]:
    """A stack of its own."""
    return [f"f{n}_{m} /home/u/train.py:{m + 1}" for m in range(30)]


# ---------------------------------------------------------------- reading stacks


def test_whose_frames_are_whose():
    stack = worker(2, GET).main.frames
    assert [f.function for f in own(stack)] == ["Queue.get", "_worker_loop"]
    assert is_idle(stack) and not is_idle(worker(2, GET, TRAIN).main.frames)
    assert user_frame(thread(GET, TRAIN).frames) == frame(TRAIN)
    assert user_frame(()) is None
    assert frame(DATA).place == "data/dataloader.py:1291" and frame(TRAIN).place == "train.py:20"


def test_one_place_or_several():
    one = (frame("f /a.py:1"), frame("g /a.py:9"))
    line = (frame("f /a.py:2"), frame("g /a.py:9"))
    other = (frame("h /a.py:5"), frame("g /a.py:9"))
    assert is_one_place((one, line, one)) and not is_one_place((one, other)) and not is_one_place((one,))
    assert shared((one, other)) == frame("g /a.py:9") and shared((one, line)) == line[0]


SOURCE = """\
def step():
    with lock:
        work()
    other.acquire()
    use()
    other.release()
    with self.lock, open("x") as f:
        pass
    with lock: wait()
"""


@pytest.mark.parametrize(
    ("line", "asked", "held"),
    [
        (2, "lock", set()),
        (3, "", {"lock"}),
        (4, "other", set()),
        (5, "", {"other"}),
        (6, "", {"other"}),
        (7, "self.lock", set()),
        (8, "", {"A:self.lock"}),
        (9, "lock", {"lock"}),
        (99, "", set()),
    ],
)
def test_locks_in_the_source(line, asked, held):
    sources = {"/s.py": SOURCE}
    at = Frame("A.step", "/s.py", line)
    assert lock_asked(sources, at) == asked
    assert locks_held(sources, (at,)) == {("/s.py", name) for name in held}
    if line == 9:
        assert locks_held(sources, (at,), asking=True) == set()


@given(st.text(), st.integers(-5, 500))
def test_no_source_is_too_strange(text, line):
    at = Frame("f", "/s.py", line)
    lock_asked({"/s.py": text}, at)
    locks_held({"/s.py": text}, (at,))


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_no_dump_is_too_strange(text):
    assert isinstance(read_dump(text), PyStacks)


def test_a_dump_is_read():
    frames = [
        {"name": "f", "filename": "train.py", "line": 3},
        {"name": "<module>", "filename": "<string>", "line": 0},
    ]
    item = {"thread_id": 140, "os_thread_id": 7, "thread_name": None, "owns_gil": True, "frames": frames}
    found = read_dump(json.dumps([item]), "/home/u").threads[0]
    assert (found.tid, found.name, found.gil) == (7, "", True)
    assert found.frames == (Frame("f", "/home/u/train.py", 3), Frame("<module>", "<string>", 0))
    assert read_dump("[]").problem == "py-spy found no Python thread"


@pytest.mark.parametrize(
    ("complaint", "said"),
    [
        ("Error: Permission denied (os error 13)", "may not read this process"),
        ("Error: Operation not permitted", "may not read this process"),
        ("This program requires root on OSX.", "may not read this process"),
        ("Error: Failed to find python version from target process", NOT_PYTHON),
        ("Error: a new sentence", "py-spy: a new sentence"),
        ("", "failed without a word"),
    ],
)
def test_why_there_are_no_stacks(tmp_path, monkeypatch, complaint, said):
    (tmp_path / "py-spy").write_text(f"#!/bin/sh\necho '{complaint}' >&2\nexit 1\n")
    (tmp_path / "py-spy").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert said in python_stacks(os.getpid()).problem


def test_a_py_spy_that_does_not_answer(tmp_path, monkeypatch):
    (tmp_path / "py-spy").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "py-spy").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr("trainer_tui.supervise.doing.pyspy.TIMEOUT_S", 0.1)
    assert "did not answer" in python_stacks(os.getpid()).problem


# ---------------------------------------------------------------- the kernel


def test_system_calls_have_names():
    assert syscall_name(202, "x86_64") == syscall_name(98, "aarch64") == "futex"
    assert syscall_name(435, "x86_64") == "clone3" and syscall_name(3, "riscv64") == "syscall 3"


def test_files_that_moved():
    looks = [
        {(3, "/a"): (0, True), (4, "/b"): (100, False)},
        {(3, "/a"): (50, True), (4, "/b"): (100, False), (5, "/new"): (30, True), (6, "/in"): (9, False)},
        {(3, "/a"): (10, True), (5, "/new"): (40, True), (6, "/in"): (9, False)},
    ]
    assert growth(looks) == (Growth("/a", 50, 10, True), Growth("/new", 40, 40, True))


def test_a_child_that_has_not_begun_its_program_is_no_disk(tmp_path):
    """`posix_spawn` holds its caller in state D until the child runs its program, which waits here."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    code = f"""
        import os, sys
        print("ready", flush=True)
        first = (os.POSIX_SPAWN_OPEN, 0, {str(fifo)!r}, os.O_RDONLY, 0)
        os.posix_spawn("/bin/true", ["true"], {{}}, file_actions=[first])
    """
    spawner = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE)
    assert spawner.stdout is not None
    try:
        spawner.stdout.readline()
        waiting = threading.Event()
        while not waiting.wait(0.02):
            now = kernel.process_now(spawner.pid)
            assert now is not None and now.state != "Z"
            if now.state == "D":
                waiting.set()
        found = take(spawner.pid, seconds=0.2)
        assert found is not None and found.processes[0].main.states == "DDD"
        assert judge(found).name == "child"
    finally:
        os.close(os.open(fifo, os.O_WRONLY))
        spawner.wait(20)
        spawner.stdout.close()


def test_without_proc_psutil_tells_what_it_can(monkeypatch):
    monkeypatch.setattr(kernel, "has_proc", lambda: False)
    code = "import time\ndef here():\n    print(flush=True)\n    time.sleep(600)\nhere()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as target:
        try:
            assert target.stdout is not None
            target.stdout.readline()
            found = take(target.pid, seconds=0.2)
        finally:
            target.kill()
    assert found is not None and found.processes[0].name.startswith("python")
    assert found.processes[0].main.frames[0].function == "here" and "here (<string>:4)" in stacks_text(found)
