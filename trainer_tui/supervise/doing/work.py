"""Threads that keep a core busy: in a loop, in native code, or at honest work."""

from __future__ import annotations

from trainer_tui.supervise.doing import frames
from trainer_tui.supervise.doing.snapshot import Thread
from trainer_tui.supervise.doing.view import Told, View

BUSY_PERCENT = 60.0
"""Of a core: a thread above it computes; one that polls stays far below."""


STARVED_PERCENT = 1.0
"""A thread that is ready to run in every look computes too, however little a crowded machine gives it."""


def is_busy(thread: Thread) -> bool:
    """Whether a thread computes."""
    ready = set(thread.states) == {"R"} and thread.cpu_percent >= STARVED_PERCENT
    return ready or thread.cpu_percent >= BUSY_PERCENT


def busy(view: View) -> Told:
    """Kinds `native`, `spins` and `computes` are told apart by `_kind_of_work`."""
    if not is_busy(view.thread) or _kind_of_work(view.thread) != "spins":
        return None
    looks = len(view.thread.stacks)
    line = f" `{view.line}`" if view.line and len({s[0].line for s in view.thread.stacks}) == 1 else ""
    return (
        f"keeps a core busy ({view.thread.cpu_percent:.0f} %){view.at}{line}, "
        f"the same function in {looks} of {looks} looks"
    ), ""


def native(view: View) -> Told:
    """Native code at work: the same line in every look, and the interpreter left free."""
    if not is_busy(view.thread) or _kind_of_work(view.thread) != "native":
        return None
    called = f", called{view.at}" if view.place else ""
    return f"keeps a core busy ({view.thread.cpu_percent:.0f} %) in native code{called}", ""


def computes(view: View) -> Told:
    """Python at work at changing places."""
    if not is_busy(view.thread):
        return None
    inside = frames.shared(tuple(map(frames.own, view.thread.stacks)))
    where = f" in {inside}, at different places in each look" if inside else ""
    return f"computes ({view.thread.cpu_percent:.0f} % of a core){where}", ""


def _kind_of_work(thread: Thread) -> str:
    stacks = tuple(map(frames.own, thread.stacks))
    if not stacks or not stacks[-1]:
        return "native"
    if not frames.is_one_place(stacks):
        return "computes"
    one_line = len({stack[0].line for stack in stacks}) == 1
    # Native code that lets go of the interpreter's lock never holds it; a Python loop always does.
    return "native" if one_line and thread.gil == 0 else "spins"
