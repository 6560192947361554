"""What one thread does: a table of tests over its stack and its system call, the most specific first."""

from __future__ import annotations

from collections.abc import Callable

from trainer_tui.supervise.doing import calls, kernelwaits, work
from trainer_tui.supervise.doing.snapshot import Process, Snapshot, Thread
from trainer_tui.supervise.doing.view import Told, View, Wait


def wait_of(snapshot: Snapshot, process: Process, thread: Thread) -> Wait:
    """What a thread of this process does."""
    view = View(thread, process, snapshot)
    for kind, tell in _TABLE:
        told = tell(view)
        if told is not None:
            does, on = told
            return Wait(kind, does, on, view.place)
    return Wait("unclear", kernelwaits.unclear(view), "", view.place)


_TABLE: tuple[tuple[str, Callable[[View], Told]], ...] = (
    ("stopped", kernelwaits.stopped),
    ("debugger", calls.debugger),
    ("input", kernelwaits.typed),
    ("spins", work.busy),
    ("native", work.native),
    ("computes", work.computes),
    ("flush", kernelwaits.flush),
    ("disk", kernelwaits.disk),
    ("idle", calls.idle),
    ("data", calls.data),
    ("rendezvous", calls.rendezvous),
    ("collective", calls.collective),
    ("join", calls.join),
    ("future", calls.future),
    ("process-lock", calls.process_lock),
    ("queue", calls.queue),
    ("child", kernelwaits.child),
    ("file-lock", kernelwaits.file_lock),
    ("event", calls.event),
    ("socket", kernelwaits.socket),
    ("pipe", kernelwaits.pipe),
    ("sleeps", kernelwaits.sleeps),
    ("signal", kernelwaits.signal),
    ("lock", kernelwaits.lock),
    ("file", kernelwaits.file),
    ("native-wait", kernelwaits.native_wait),
)
