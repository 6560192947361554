"""Waits that the kernel names: which system call a thread sits in, and on what."""

from __future__ import annotations

from trainer_tui.supervise.doing import frames, syscalls
from trainer_tui.supervise.doing.snapshot import Thread
from trainer_tui.supervise.doing.source import lock_asked
from trainer_tui.supervise.doing.view import Told, View

IDLE_PERCENT = 5.0
"""Of a core: a thread below it does nothing but wait."""


def stopped(view: View) -> Told:
    """Stopped by a signal, or held by a debugger."""
    if view.thread.state == "t":
        tracer = view.process.traced_by
        return f"is held by a debugger (pid {tracer})" if tracer else "is held by a debugger", "a debugger"
    return ("is stopped by a signal", "SIGCONT") if view.thread.state == "T" else None


def typed(view: View) -> Told:
    """A read of standard input that nobody answers."""
    reads = view.thread.syscall in syscalls.FIRST_IS_FD | syscalls.POLLS | syscalls.SELECTS
    stdin = reads and view.handle is not None and view.handle.fd == 0 and view.thread.syscall != "ioctl"
    if not stdin or len(view.thread.handles) > 1 or view.thread.handles[0].kind == "socket":
        return None
    return f"waits for something to be typed on its standard input{view.at}", "standard input"


def flush(view: View) -> Told:
    """An `fsync` and its like."""
    if view.thread.syscall not in syscalls.FLUSHES:
        return None
    file = view.handle.name if view.handle else "what was written"
    return f"waits until {file} is on the disk ({view.thread.syscall}){view.at}", file


def disk(view: View) -> Told:
    """In the state D, in which not even a signal is heard."""
    states = view.thread.states
    if view.thread.state != "D" or states.count("D") * 2 <= len(states):
        return None
    if view.thread.syscall in syscalls.CHILD_WAITS:
        return None
    file = f" {view.handle.name}" if view.handle else ""
    sits = f" ({view.thread.wchan})" if view.thread.wchan else ""
    return f"waits for the disk{file}{sits}{view.at}", view.handle.name if view.handle else "a disk"


def child(view: View) -> Told:
    """A wait for the end of a child process."""
    asked = view.thread.syscall in syscalls.CHILD_WAITS
    asked = asked or frames.within(
        view.stack[:5], "/subprocess.py", "wait", "_wait", "_try_wait", "communicate"
    )
    asked = asked or frames.within(view.stack[:5], "multiprocessing/popen_fork.py", "poll", "wait")
    if not asked:
        return None
    if view.thread.syscall in syscalls.SPAWNS:
        return f"waits for a child process to begin its program{view.at}", "a child process"
    pid = view.thread.arguments[0] if view.thread.syscall == "wait4" and view.thread.arguments else 0
    child = view.snapshot.process(pid)
    named = f"its child process {child}" if child else "a child process"
    return f"waits for {named} to end{view.at}", str(child) if child else "a child process"


_LOCK_FILES = ("/filelock/", "/portalocker/", "/fasteners/", "/zc/lockfile/")


def file_lock(view: View) -> Told:
    """The lock on a file, the kernel's or a lock file's."""
    if view.thread.syscall in syscalls.FILE_LOCKS:
        if view.handle is None:
            return f"waits for the lock on a file{view.at}", "a file"
        held = f", which {' and '.join(view.handle.others)} holds" if view.handle.others else ""
        return f"waits for the lock on {view.handle.name}{held}{view.at}", view.handle.name
    if any(mark in frame.file for frame in view.stack[:6] for mark in _LOCK_FILES):
        return f"waits for a lock file{view.at}", "a lock file"
    return None


def socket(view: View) -> Told:
    """The other side of a connection."""
    found = [h for h in view.thread.handles if h.kind == "socket"]
    if not found:
        return None
    names = ", ".join(dict.fromkeys(h.name for h in found[:3]))
    if view.thread.syscall == "connect":
        return f"waits for {names} to take its connection{view.at}", names
    if view.thread.syscall.startswith("accept") or names.startswith("listens on"):
        return f"waits for somebody to connect ({names}){view.at}", names
    verb = "take what it sends" if view.thread.syscall.startswith(("send", "write")) else "answer"
    return f"waits for {names} to {verb}{view.at}", names


def pipe(view: View) -> Told:
    """The other end of a pipe."""
    found = next((h for h in view.thread.handles if h.kind == "pipe"), None)
    if found is None:
        return None
    writes = view.thread.syscall.startswith("write")
    other = " and ".join(found.others[:3]) if found.others else "nobody else"
    verb = "into a full pipe whose other end" if writes else "from a pipe whose other end"
    does = "writes" if writes else "reads"
    return f"{does} {verb} {other} has{view.at}", f"a pipe with {other}"


def sleeps(view: View) -> Told:
    """A timer."""
    line = f" `{view.line}`" if "sleep" in view.line else ""
    timer = view.thread.syscall in syscalls.SLEEPS or _is_empty_select(view.thread)
    if not timer and not (line and _stands_still(view.thread, syscalls.SLEEPS)):
        return None
    return f"sleeps{view.at}{line}", "a timer"


def _is_empty_select(thread: Thread) -> bool:
    return thread.syscall in syscalls.SELECTS and not any(thread.arguments[1:4])


def signal(view: View) -> Told:
    """A signal."""
    waits = view.thread.syscall in ("pause", "rt_sigsuspend", "rt_sigtimedwait")
    return (f"waits for a signal{view.at}", "a signal") if waits else None


def lock(view: View) -> Told:
    """A lock of the interpreter's: the line asks for one, and the thread does not go on."""
    if not view.stack or not _stands_still(view.thread, syscalls.FUTEXES):
        return None
    name = lock_asked(view.snapshot.sources, view.stack[0])
    return (f"waits for the lock {name} in {view.stack[0]}", name) if name else None


def _stands_still(thread: Thread, calls: frozenset[str]) -> bool:
    """Whether a thread sits in one of these calls; where nobody tells the call, whether its stack stays."""
    if thread.syscall:
        return thread.syscall in calls
    tops = {stack[0] for stack in thread.stacks}
    return len(thread.stacks) > 1 and len(tops) == 1 and thread.cpu_percent < IDLE_PERCENT


def file(view: View) -> Told:
    """Any other call on a file."""
    found = view.handle
    if found is None or found.kind not in ("file", "terminal"):
        return None
    return f"is in {view.thread.syscall} on {found.name}{view.at}", found.name


def native_wait(view: View) -> Told:
    """Library code that waits for something of its own."""
    if view.thread.syscall not in syscalls.FUTEXES or not view.thread.stacks:
        return None
    line = f" `{view.line}`" if view.line else ""
    return f"waits in native code, called{view.at}{line}", "native code"


def unclear(view: View) -> str:
    """What is known of a thread that no test fits."""
    thread = view.thread
    parts = [
        f"state {thread.state}" if thread.state else "",
        f"in {thread.syscall}" if thread.syscall else "",
    ]
    parts.append(thread.wchan)
    known = ", ".join(part for part in parts if part)
    return f"does what cannot be told{view.at}" + (f" ({known})" if known else "")
