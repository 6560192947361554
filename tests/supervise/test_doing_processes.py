"""Each way of being stuck is named correctly: real processes, looked at as they are."""

import fcntl
import os
import pty
import signal
import socket
import subprocess
import sys

import pytest
from stuck import running, verdict_of

from trainer_tui.supervise.doing import judge, kernel, stacks_text, take


def test_two_threads_that_take_two_locks_in_different_order(tmp_path):
    body = """
    a, b, both = threading.Lock(), threading.Lock(), threading.Barrier(2)
    def one():
        with a:
            both.wait()
            with b:
                pass
    def two():
        with b:
            both.wait()
            with a:
                pass
    threads = [threading.Thread(target=one, name="one"), threading.Thread(target=two, name="two")]
    for thread in threads: thread.start()
    ready()
    for thread in threads: thread.join()
    """
    with running(tmp_path, body) as process:
        verdict, _ = verdict_of(process.pid, "deadlock")
    assert (
        "thread 'one' waits for the lock b in one (stuck.py:10), which thread 'two' holds" in verdict.sentence
    )
    assert "thread 'two' waits for the lock a" in verdict.sentence
    assert verdict.state == "sleeps" and not verdict.works


def test_a_lock_that_another_thread_holds(tmp_path):
    body = """
    class Cache:
        def __init__(self):
            self.lock = threading.RLock()
        def hold(self):
            self.lock.acquire()
            ready()
            time.sleep(600)
        def use(self):
            self.lock.acquire()
    cache = Cache()
    threading.Thread(target=cache.hold, name="holder", daemon=True).start()
    while not cache.lock._is_owned() and cache.lock.acquire(blocking=False):
        cache.lock.release()
    cache.use()
    """
    with running(tmp_path, body) as process:
        verdict, _ = verdict_of(process.pid, "lock")
    assert verdict.waiting_on == "self.lock"
    assert "in Cache.use (stuck.py:" in verdict.sentence
    assert "which thread 'holder' holds" in verdict.sentence


def test_a_plain_lock_that_is_taken_twice(tmp_path):
    body = """
    lock = threading.Lock()
    def train():
        with lock:
            ready()
            with lock:
                pass
    train()
    """
    with running(tmp_path, body) as process:
        verdict, _ = verdict_of(process.pid, "lock")
    assert "which it holds itself" in verdict.sentence


def test_a_lock_between_processes_that_nobody_gives_back(tmp_path):
    body = """
    import multiprocessing
    lock = multiprocessing.Lock()
    lock.acquire()
    ready()
    with lock:
        pass
    """
    with running(tmp_path, body) as process:
        verdict, _ = verdict_of(process.pid, "lock")
    assert "a lock between processes" in verdict.sentence


def test_a_queue_that_nobody_fills(tmp_path):
    body = """
    import queue
    q = queue.Queue()
    ready()
    q.get()
    """
    with running(tmp_path, body) as process:
        verdict, _ = verdict_of(process.pid, "queue")
    assert "waits for something in a queue in <module> (stuck.py:" in verdict.sentence


def test_a_server_that_never_answers(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        body = f"""
        import socket
        def fetch():
            connection = socket.create_connection(("127.0.0.1", {port}))
            connection.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
            ready()
            return connection.recv(100)
        fetch()
        """
        with running(tmp_path, body) as process:
            verdict, _ = verdict_of(process.pid, "socket")
    assert verdict.waiting_on == f"127.0.0.1:{port}"
    assert f"waits for 127.0.0.1:{port} to answer in fetch (stuck.py:" in verdict.sentence


def test_a_server_that_never_answers_a_client_with_a_timeout(tmp_path):
    """With a timeout the wait is a `poll`, whose descriptors lie in the process's memory."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        body = f"""
        import socket
        connection = socket.create_connection(("127.0.0.1", {port}), timeout=600)
        ready()
        connection.recv(100)
        """
        with running(tmp_path, body) as process:
            verdict, _ = verdict_of(process.pid, "socket")
    assert verdict.waiting_on == f"127.0.0.1:{port}"


def test_a_loop_without_an_end(tmp_path):
    body = """
    def forever():
        n = 0
        while True:
            n += 1
    ready()
    forever()
    """
    with running(tmp_path, body) as process:
        verdict, snapshot = verdict_of(process.pid, "spins")
    assert (
        "in forever (stuck.py:" in verdict.sentence
        and "the same function in 3 of 3 looks" in verdict.sentence
    )
    assert verdict.state == "spins" and snapshot.cpu_percent > 1


def test_a_loop_in_a_thread_that_the_main_one_joins(tmp_path):
    body = """
    def forever():
        while True:
            pass
    thread = threading.Thread(target=forever, name="busy")
    thread.start()
    ready()
    thread.join()
    """
    with running(tmp_path, body) as process:
        verdict, _ = verdict_of(process.pid, "spins")
    assert "thread 'busy' keeps a core busy" in verdict.sentence


def test_long_work_at_changing_places_is_work(tmp_path):
    body = """
    def one():
        sum(range(3_000_000))
    def two():
        sorted(range(3_000_000), key=lambda n: -n)
    def evaluate():
        while True:
            one(); two()
    ready()
    evaluate()
    """
    with running(tmp_path, body) as process:
        verdict, _ = verdict_of(process.pid, "computes")
    assert verdict.works and "evaluate (stuck.py:" in verdict.sentence


def test_native_code_that_computes(tmp_path):
    pytest.importorskip("numpy")
    body = """
    import numpy as np
    big = np.random.rand(6000, 6000)
    ready()
    while True:
        big @ big
    """
    with running(tmp_path, body, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}) as process:
        verdict, _ = verdict_of(process.pid, "native")
    assert "in native code, called in <module> (stuck.py:" in verdict.sentence and verdict.works


def test_a_poll_that_is_caught_between_two_sleeps(tmp_path, monkeypatch):
    """On a crowded machine a thread that polls is often ready to run, and in no system call at all."""
    real, asked = kernel.syscall_now, []

    def caught(pid, tid):
        asked.append(tid)
        return kernel.SyscallNow("", (), "") if len(asked) <= 3 else real(pid, tid)

    body = """
    def wait_for(path):
        while not os.path.exists(path):
            time.sleep(0.002)
    ready()
    wait_for("/nowhere")
    """
    with running(tmp_path, body) as process:
        verdict_of(process.pid, "sleeps")  # it has come to its loop
        monkeypatch.setattr(kernel, "syscall_now", caught)
        snapshot = take(process.pid, seconds=0.4)
    assert snapshot is not None
    assert (
        snapshot.processes[0].main.syscall in ("clock_nanosleep", "nanosleep")
        and judge(snapshot).name == "sleeps"
    )


def test_sleep(tmp_path):
    with running(
        tmp_path, "def wait_for_file():\n    time.sleep(600)\nready()\nwait_for_file()\n"
    ) as process:
        verdict, _ = verdict_of(process.pid, "sleeps")
    assert (
        "sleeps in wait_for_file (stuck.py:" in verdict.sentence and "`time.sleep(600)`" in verdict.sentence
    )


def test_a_question_on_a_pipe(tmp_path):
    with running(tmp_path, "ready()\ninput('go on? ')\n", stdin=subprocess.PIPE) as process:
        verdict, _ = verdict_of(process.pid, "input")
    assert verdict.waiting_on == "standard input"


@pytest.mark.parametrize(("body", "name"), [("input('go on? ')", "input"), ("breakpoint()", "debugger")])
def test_a_question_on_a_terminal(tmp_path, body, name):
    ours, theirs = pty.openpty()
    try:
        with running(tmp_path, f"ready()\n{body}\nprint(1)\n", stdin=theirs) as process:
            verdict, _ = verdict_of(process.pid, name)
    finally:
        os.close(ours)
        os.close(theirs)
    assert "stuck.py:" in verdict.sentence


def test_stopped_from_outside(tmp_path):
    with running(tmp_path, "ready()\ntime.sleep(600)\n") as process:
        os.kill(process.pid, signal.SIGSTOP)
        verdict, _ = verdict_of(process.pid, "stopped")
        os.kill(process.pid, signal.SIGCONT)
        after, _ = verdict_of(process.pid, "sleeps")
    assert verdict.sentence == "the process is stopped by a signal" and verdict.state == "stopped"
    assert after.state == "sleeps"


def test_a_file_lock_of_somebody_else(tmp_path):
    lock = tmp_path / "cache.lock"
    with open(lock, "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        body = f"""
        import fcntl
        file = open({str(lock)!r})
        ready()
        fcntl.flock(file, fcntl.LOCK_EX)
        """
        with running(tmp_path, body) as process:
            verdict, _ = verdict_of(process.pid, "file-lock")
    assert verdict.waiting_on == str(lock)
    assert f"which {os.getpid()} (" in verdict.sentence and "holds" in verdict.sentence


def test_a_record_lock_of_somebody_else(tmp_path):
    lock = tmp_path / "data.mdb"
    lock.write_text("x")
    with open(lock, "r+") as held:
        fcntl.lockf(held, fcntl.LOCK_EX)
        body = f"""
        import fcntl
        file = open({str(lock)!r}, "r+")
        ready()
        fcntl.lockf(file, fcntl.LOCK_EX)
        """
        with running(tmp_path, body) as process:
            verdict, _ = verdict_of(process.pid, "file-lock")
    assert verdict.waiting_on == str(lock) and str(os.getpid()) in verdict.sentence


def test_a_pipe_whose_other_end_says_nothing(tmp_path):
    body = """
    import subprocess
    quiet = subprocess.Popen(["sleep", "600"], stdout=subprocess.PIPE)
    ready()
    quiet.stdout.read()
    """
    with running(tmp_path, body) as process:
        verdict, _ = verdict_of(process.pid, "pipe")
    assert "reads from a pipe whose other end" in verdict.sentence and "(sleep)" in verdict.sentence


def test_a_child_that_does_not_end(tmp_path):
    body = """
    import subprocess
    child = subprocess.Popen(["sleep", "600"])
    ready()
    child.wait()
    """
    with running(tmp_path, body) as process:
        verdict, snapshot = verdict_of(process.pid, "child")
    assert "(sleep)" in verdict.sentence and len(snapshot.processes) == 2


def test_a_shell_around_the_training_is_looked_through(tmp_path):
    body = """
    import subprocess
    code = "import threading; print('ready', flush=True); l = threading.Lock(); l.acquire(); l.acquire()"
    open("inner.py", "w").write(code.replace("; ", "\\n"))
    sys.exit(subprocess.run(["sh", "-c", sys.executable + " inner.py; true"]).returncode)
    """
    with running(tmp_path, body) as process:
        verdict, snapshot = verdict_of(process.pid, "lock")
    assert len(snapshot.processes) == 3
    assert "inner.py:5" in verdict.sentence


def test_a_large_file_being_written_is_work(tmp_path):
    body = """
    import os
    block = os.urandom(1 << 20)
    ready()
    with open("model.pt", "wb") as file:
        while True:
            file.write(block)
            file.flush()
            if file.tell() > 200 << 20:
                file.seek(100 << 20)
            time.sleep(0.02)
    """
    with running(tmp_path, body) as process:
        verdict, _ = verdict_of(process.pid, "writes")
    assert verdict.works and f"writes {tmp_path}/model.pt (" in verdict.sentence


def test_a_log_that_grows_is_no_work(tmp_path):
    body = """
    out = open("log", "w")
    os.dup2(out.fileno(), 2)
    ready()
    while True:
        os.write(2, b"x" * 2_000_000)
        os.lseek(2, 0, 0)
        time.sleep(0.05)
    """
    with running(tmp_path, body) as process:
        verdict, _ = verdict_of(process.pid, "sleeps")
    assert not verdict.works


LOADER = """
import torch
from torch.utils.data import DataLoader, Dataset
lock = threading.Lock()
class Images(Dataset):
    def __len__(self):
        return 100
    def __getitem__(self, index):
        {get}
        return torch.zeros(1)
{before}
ready()
for batch in DataLoader(Images(), num_workers=2, batch_size=4):
    pass
"""


def loader(get: str, before: str = "") -> str:
    """A script whose DataLoader never delivers."""
    return LOADER.format(get=get, before=before)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            loader(
                "with lock: pass",
                "taken = threading.Event()\n"
                "def hold():\n    with lock:\n        taken.set(); time.sleep(600)\n"
                "threading.Thread(target=hold, daemon=True).start(); taken.wait()",
            ),
            "the DataLoader's workers wait for the lock lock in Images.__getitem__ (stuck.py:",
        ),
        (loader("time.sleep(600)"), "the DataLoader's workers sleep in Images.__getitem__ (stuck.py:"),
    ],
    ids=["lock", "sleep"],
)
def test_a_dataloader_that_never_delivers(tmp_path, body, said):
    pytest.importorskip("torch")
    with running(tmp_path, body) as process:
        verdict, snapshot = verdict_of(process.pid, "dataloader")
        text = stacks_text(snapshot)
    assert said in verdict.sentence
    assert ("it was held when they were forked" in verdict.sentence) == ("lock" in said)
    assert "2 processes alike" in text and text.count("Images.__getitem__") >= 1
    assert "_try_get_data" in text


def test_a_dataloader_whose_worker_spins(tmp_path):
    pytest.importorskip("torch")
    with running(tmp_path, loader("while True: pass")) as process:
        verdict, _ = verdict_of(process.pid, "dataloader")
    assert "busy" in verdict.sentence and "Images.__getitem__" in verdict.sentence


def test_a_pool_whose_worker_was_killed(tmp_path):
    body = """
    import multiprocessing, signal
    def die(n):
        os.kill(os.getpid(), signal.SIGKILL)
    def main():
        pool = multiprocessing.get_context("fork").Pool(2)
        ready()
        pool.map(die, [1])
    main()
    """
    with running(tmp_path, body) as process:
        verdict, _ = verdict_of(process.pid, "pool")
    assert "the task was lost" in verdict.sentence


def test_ranks_that_never_come(tmp_path):
    pytest.importorskip("torch")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    body = f"""
    import torch.distributed as dist
    ready()
    dist.init_process_group("gloo", init_method="tcp://127.0.0.1:{port}", rank=0, world_size=2)
    """
    with running(tmp_path, body) as process:
        verdict, _ = verdict_of(process.pid, "rendezvous")
    assert "waits for the other ranks to join" in verdict.sentence


def test_without_py_spy_the_kernel_still_tells(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    process = subprocess.Popen(["/bin/sleep", "600"])
    try:
        verdict, snapshot = verdict_of(process.pid, "sleeps")
    finally:
        process.kill()
        process.wait()
    assert "no stacks: py-spy is not installed" in verdict.sentence
    assert "no Python stacks: py-spy is not installed" in stacks_text(snapshot)


def test_a_program_that_is_no_python():
    process = subprocess.Popen(["sleep", "600"])
    try:
        verdict, _ = verdict_of(process.pid, "sleeps")
    finally:
        process.kill()
        process.wait()
    assert "no stacks: not a Python process" in verdict.sentence


def test_a_process_that_is_gone():
    process = subprocess.Popen(["true"])
    process.wait()
    assert take(process.pid, seconds=0.1) is None


def test_a_process_that_ended_unwaited_for():
    process = subprocess.Popen(["true"])
    try:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        snapshot = take(process.pid, seconds=0.1)
        assert snapshot is not None and snapshot.processes[0].is_zombie
        assert judge(snapshot).name == "unclear"
    finally:
        process.wait()
