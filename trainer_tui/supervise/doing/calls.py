"""Waits that the Python stack names: which library's call a thread sits in."""

from __future__ import annotations

from trainer_tui.supervise.doing import frames
from trainer_tui.supervise.doing.view import Told, View


def debugger(view: View) -> Told:
    """The prompt of Python's debugger."""
    stack = view.stack
    if frames.within(stack, "/pdb.py") or frames.within(stack, "/cmd.py", "cmdloop"):
        return f"waits in the Python debugger for a command{view.at}", "a command for pdb"
    return None


def idle(view: View) -> Told:
    """A library's helper that has nothing to do."""
    return ("waits for work", "work") if frames.is_idle(view.thread.frames) else None


def data(view: View) -> Told:
    """The next batch of a PyTorch DataLoader."""
    inside = frames.within(view.stack, "torch/utils/data/dataloader.py", "_try_get_data", "_get_data")
    return (f"waits for a batch of its DataLoader{view.at}", "a batch") if inside else None


_RENDEZVOUS_NAMES = frozenset(
    (
        "init_process_group",
        "rendezvous",
        "next_rendezvous",
        "_create_c10d_store",
        "_rendezvous_handler",
        "_env_rendezvous_handler",
        "_tcp_rendezvous_handler",
    )
)


def rendezvous(view: View) -> Told:
    """The other ranks of a distributed run, at its start."""
    stack = view.stack
    named = {frames.last_name(f) for f in stack if "distributed" in f.file or "/torch/" in f.file}
    if not named & _RENDEZVOUS_NAMES and "TCPStore(" not in view.line:
        return None
    peer = f" at {view.handle.name}" if view.handle and view.handle.kind == "socket" else ""
    return f"waits for the other ranks to join{peer}{view.at}", f"the other ranks{peer}"


def collective(view: View) -> Told:
    """The other ranks, in a collective operation."""
    stack = view.stack
    files = ("torch/distributed/distributed_c10d.py", "torch/distributed/c10d_logger.py", "horovod/")
    call = next((f for f in stack if any(mark in f.file for mark in files)), None)
    if call is None:
        return None
    names = [frames.last_name(f) for f in stack if files[0] in f.file]
    name = names[-1] if names else "a collective"
    return f"waits for the other ranks in {name}{view.at}", "the other ranks"


def join(view: View) -> Told:
    """Another thread's end."""
    if frames.within(view.stack[:4], "/threading.py", "_wait_for_tstate_lock", "join", "_shutdown"):
        return f"waits for another thread to end{view.at}", "another thread"
    return None


def future(view: View) -> Told:
    """A task's result."""
    if frames.within(view.stack[:6], "concurrent/futures/_base.py", "result", "wait", "exception"):
        return f"waits for the result of a task{view.at}", "the result of a task"
    if frames.within(view.stack[:6], "multiprocessing/pool.py", "wait", "get", "next"):
        return f"waits for the result of a task of its process pool{view.at}", "the result of a task"
    return None


def process_lock(view: View) -> Told:
    """A lock that processes share."""
    inside = frames.within(view.stack[:2], "multiprocessing/synchronize.py", "__enter__", "acquire", "wait")
    return (f"waits for a lock between processes{view.at}", "a lock between processes") if inside else None


def queue(view: View) -> Told:
    """A queue that is empty, or full."""
    for file in ("multiprocessing/queues.py", "/queue.py"):
        for verb in ("get", "put"):
            if frames.within(view.stack[:7], file, verb):
                what = "something in a queue" if verb == "get" else "room in a full queue"
                shared = " between processes" if file.startswith("multi") else ""
                return f"waits for {what}{shared}{view.at}", f"a queue{shared}"
    return None


def event(view: View) -> Told:
    """An event or a condition that nobody sets."""
    if frames.within(view.stack[:3], "/threading.py", "wait", "wait_for", "_wait"):
        return f"waits for an event or condition{view.at}", "an event or condition"
    return None
