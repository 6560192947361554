"""Reading a Python stack: which frames are somebody's own, which are the plumbing of waiting."""

from __future__ import annotations

from trainer_tui.supervise.doing.snapshot import Frame, Stack

_BOOTSTRAP = "multiprocessing/process.py"

_PLUMBING = (
    "multiprocessing/connection.py",
    "multiprocessing/queues.py",
    "multiprocessing/synchronize.py",
    "multiprocessing/managers.py",
    "/queue.py",
    "/threading.py",
    "/selectors.py",
    "<frozen",
)
"""Files of the standard library that a wait goes through; who called them is what matters."""

_IDLE = (
    ("multiprocessing/queues.py", ("_feed",)),
    ("concurrent/futures/thread.py", ("_worker",)),
    ("concurrent/futures/process.py", ("_process_worker", "run", "wait_result_broken_or_wakeup")),
    ("multiprocessing/pool.py", ("worker", "_handle_workers", "_handle_tasks", "_handle_results")),
    ("multiprocessing/pool.py", ("_wait_for_updates", "_help_stuff_finish")),
    ("multiprocessing/resource_tracker.py", ("main",)),
    ("multiprocessing/forkserver.py", ("main",)),
    ("torch/utils/data/_utils/worker.py", ("_worker_loop",)),
    ("torch/utils/data/_utils/pin_memory.py", ("_pin_memory_loop", "do_one_step")),
    ("tqdm/_monitor.py", ("run",)),
)
"""Loops of libraries that wait for work: whoever sits right in one holds nothing up."""


def own(stack: Stack) -> Stack:
    """The frames since the process was forked: above them stand those of its parent."""
    for index, frame in enumerate(stack):
        if frame.file.endswith(_BOOTSTRAP) and last_name(frame) == "_bootstrap":
            return stack[:index]
    return stack


def without_start(stack: Stack) -> Stack:
    """The stack without the outermost frames, the same in every thread, that start it."""
    ends = len(stack)
    while ends > 1 and stack[ends - 1].file.endswith("/threading.py"):
        ends -= 1
    return stack[:ends]


def last_name(frame: Frame) -> str:
    """The function's name without its class."""
    return frame.function.rpartition(".")[2]


def within(stack: Stack, file: str, *functions: str) -> bool:
    """Whether a function of a file (by the end of its path) is in the stack."""
    return any(f.file.endswith(file) and (not functions or last_name(f) in functions) for f in stack)


def user_frame(stack: Stack) -> Frame | None:
    """The innermost frame that belongs to no library, else the innermost that is no plumbing."""
    mine = own(stack)
    found = next((frame for frame in mine if not frame.is_library), None)
    if found is None:
        found = next((frame for frame in mine if not is_plumbing(frame)), None)
    return found or (mine[0] if mine else None)


def is_plumbing(frame: Frame) -> bool:
    """Whether a frame belongs to the standard library's ways of waiting."""
    return any(mark in frame.file for mark in _PLUMBING)


def is_idle(stack: Stack) -> bool:
    """Whether a thread with this stack waits for work, as helpers of libraries do."""
    for frame in own(stack):
        if any(frame.file.endswith(file) and last_name(frame) in names for file, names in _IDLE):
            return True
        if not is_plumbing(frame):
            return False
    return False


def shared(stacks: tuple[Stack, ...]) -> Frame | None:
    """The innermost frame of which every stack is inside, by function: where a busy thread stays."""
    common: Frame | None = None
    for frames in zip(*(reversed(stack) for stack in stacks), strict=False):
        if len({(f.file, f.function) for f in frames}) > 1:
            break
        common = frames[-1]
        if len({f.line for f in frames}) > 1:
            break  # what is called from different lines is no longer one place
    return common


def is_one_place(stacks: tuple[Stack, ...]) -> bool:
    """Whether every look found the same chain of calls, the innermost function's line aside."""
    chains = {
        (*((f.file, f.function, f.line) for f in stack[1:]), (stack[0].file, stack[0].function))
        for stack in stacks
    }
    return len(stacks) > 1 and len(chains) == 1
