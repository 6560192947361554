"""From a snapshot to one verdict: a table of detectors, the most specific first, all of them pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from trainer_tui.runs.units import bytes_text
from trainer_tui.supervise.doing import frames
from trainer_tui.supervise.doing.dataloader import dataloader, pool
from trainer_tui.supervise.doing.locks import circle, held_text, waiters
from trainer_tui.supervise.doing.snapshot import Growth, Process, Snapshot, Thread
from trainer_tui.supervise.doing.source import forget
from trainer_tui.supervise.doing.verdict import Verdict
from trainer_tui.supervise.doing.view import Wait
from trainer_tui.supervise.doing.waits import wait_of

MOVING_BYTES = 1 << 20
"""So much written or read in one snapshot is progress; less may be a heartbeat or a log."""

GPU_BUSY_PERCENT = 95.0

DEEPEST = 6
"""Generations of processes that are followed."""

VERDICT_OF: dict[str, str] = {
    "stopped": "stopped",
    "debugger": "debugger",
    "input": "input",
    "spins": "spins",
    "native": "native",
    "computes": "computes",
    "flush": "disk",
    "disk": "disk",
    "data": "dataloader",
    "rendezvous": "rendezvous",
    "collective": "collective",
    "join": "thread",
    "future": "event",
    "process-lock": "lock",
    "queue": "queue",
    "child": "child",
    "file-lock": "file-lock",
    "event": "event",
    "socket": "socket",
    "pipe": "pipe",
    "sleeps": "sleeps",
    "signal": "signal",
    "lock": "lock",
    "native-wait": "native-wait",
}
"""Kind of a thread's wait → name of the verdict; any other kind is `unclear`."""

_FOR_OTHERS = frozenset(("join", "future", "queue", "event", "child", "data", "pipe", "sleeps", "unclear"))
_FOR_OTHERS_IN_NATIVE = frozenset(("native-wait", "file"))
"""A main thread in one of these may wait for another thread or a child: those are asked what they do."""

_SAYS_NOTHING = frozenset(("idle", "unclear", "signal", "sleeps", "native-wait", "file"))
"""What another thread does that explains nothing: helpers of libraries sleep and wait all the time."""


def judge(snapshot: Snapshot) -> Verdict:
    """What the process tree does."""
    try:
        return _judge(snapshot, snapshot.processes[0], 0)
    finally:
        forget()


def _judge(snapshot: Snapshot, process: Process, depth: int) -> Verdict:
    main = wait_of(snapshot, process, process.main)
    for detect in _DETECTORS:
        verdict = detect(snapshot, process, main)
        if verdict is not None:
            return verdict
    if main.kind in _FOR_OTHERS | _FOR_OTHERS_IN_NATIVE:
        found = _other_thread(snapshot, process, main)
        if found is None and main.kind in _FOR_OTHERS and depth < DEEPEST:
            found = _child(snapshot, process, main, depth)
        if found is not None:
            return found
    name = VERDICT_OF.get(main.kind, "unclear")
    return Verdict(name, f"{_subject(snapshot, process)} {main.does}{_why_no_stacks(process)}", main.on)


# ---------------------------------------------------------------- the detectors


def _stopped(snapshot: Snapshot, process: Process, main: Wait) -> Verdict | None:
    if main.kind == "stopped":
        return Verdict("stopped", f"{_subject(snapshot, process, process=True)} {main.does}", main.on)
    for child in snapshot.below(process.pid):
        if child.state == "T" and main.kind in _FOR_OTHERS:
            return Verdict("stopped", f"its child process {child} is stopped by a signal", "SIGCONT")
    return None


def _moving(snapshot: Snapshot, process: Process, main: Wait) -> Verdict | None:
    """Files that grow, or are read on: a checkpoint, a data set."""
    if main.kind in ("input", "debugger"):
        return None
    everybody = (process, *snapshot.below(process.pid))
    moves = [(growth, owner) for owner in everybody for growth in owner.growth]
    for written in (True, False):
        found = [(g, p) for g, p in moves if g.written == written and g.bytes >= MOVING_BYTES]
        if found:
            growth, owner = max(found, key=lambda pair: pair[0].bytes)
            who = _subject(snapshot, owner, process=True)
            return Verdict("writes" if written else "reads", f"{who} {_moves(growth, snapshot.seconds)}")
    return None


def _moves(growth: Growth, seconds: float) -> str:
    verb = "writes" if growth.written else "reads"
    at = f"{bytes_text(growth.at)} so far" if growth.written else f"at {bytes_text(growth.at)}"
    return f"{verb} {growth.path} ({at}, {bytes_text(growth.bytes / seconds)}/s)"


def _deadlock(snapshot: Snapshot, process: Process, main: Wait) -> Verdict | None:
    found = circle(waiters(snapshot, process))
    if not found:
        return None
    told = [f"thread {w.thread.name!r} {w.wait.does}{held_text(w)}" for w in found]
    return Verdict("deadlock", f"a circle of locks: {'; '.join(told)}", ", ".join(w.wait.on for w in found))


def _lock(snapshot: Snapshot, process: Process, main: Wait) -> Verdict | None:
    if main.kind != "lock":
        return None
    waiter = next(w for w in waiters(snapshot, process) if w.thread.tid == process.main.tid)
    held = held_text(waiter)
    if not held and process.pid != snapshot.root:
        held = "; no thread of its own holds it, so it was held when the process was forked"
    return Verdict("lock", f"{_subject(snapshot, process)} {main.does}{held}", main.on)


def _gpu(snapshot: Snapshot, process: Process, main: Wait) -> Verdict | None:
    """A GPU at full load while the process waits in, or polls from, native code."""
    busy = [percent for percent in snapshot.gpu_percent if percent >= GPU_BUSY_PERCENT]
    if not busy or main.kind not in ("native", "native-wait", "spins", "unclear", "file"):
        return None
    torch = frames.within(
        process.main.frames[:8], "", "synchronize", "item", "cpu", "to", "backward", "tolist"
    )
    libraries = any("/torch/" in f.file or "/jax" in f.file for f in process.main.frames[:8])
    if not (torch or libraries or main.kind in ("native", "native-wait")):
        return None
    does = f"the GPU is at {max(busy):.0f} % without a step, and {_subject(snapshot, process)} {main.does}"
    return Verdict("gpu", does, "the GPU")


_DETECTORS: tuple[Callable[[Snapshot, Process, Wait], Verdict | None], ...] = (
    _stopped,
    _moving,
    dataloader,
    pool,
    _deadlock,
    _lock,
    _gpu,
)


# ---------------------------------------------------------------- who else is asked


def _other_thread(snapshot: Snapshot, process: Process, main: Wait) -> Verdict | None:
    """What the thread does that the main one waits for."""
    others = [t for t in process.threads if t.tid != process.main.tid and t.stacks]
    waiting = {w.thread.tid: w for w in waiters(snapshot, process)}
    best: tuple[int, Thread, Wait] | None = None
    for thread in others:
        wait = wait_of(snapshot, process, thread)
        mine = any(not frame.is_library for frame in frames.own(thread.frames))
        tells = wait.kind not in _SAYS_NOTHING or (main.kind == "join" and wait.kind == "sleeps")
        if not mine or not tells or wait.kind == main.kind:
            continue
        # A main thread that only sleeps, or waits in native code, is explained by one at work alone.
        if main.kind in ("sleeps", "native-wait", "file", "pipe") and wait.kind not in (
            "spins",
            "computes",
            "lock",
        ):
            continue
        rank = 0 if wait.kind == "lock" else 1
        if best is None or rank < best[0]:
            best = (rank, thread, wait)
    if best is None:
        return None
    _, thread, wait = best
    held = held_text(waiting[thread.tid]) if thread.tid in waiting else ""
    sentence = f"{_subject(snapshot, process)} {main.does}; thread {thread.name!r} {wait.does}{held}"
    return Verdict(VERDICT_OF.get(wait.kind, "unclear"), sentence, wait.on)


def _child(snapshot: Snapshot, process: Process, main: Wait, depth: int) -> Verdict | None:
    """What the children do, where all that tell something tell the same."""
    children = [c for c in snapshot.children(process.pid) if not c.is_zombie]
    if main.kind == "child" and main.on in map(str, children):
        children = [c for c in children if str(c) == main.on]
    found: dict[str, list[tuple[Process, Verdict]]] = {}
    for child in children:
        wait = wait_of(snapshot, child, child.main)
        if wait.kind == "idle":
            continue
        verdict = _judge(snapshot, child, depth + 1)
        if _tells(main, child, verdict):
            found.setdefault(verdict.name, []).append((child, verdict))
    if main.kind in ("sleeps", "pipe", "unclear") and (
        len(found) != 1 or set(found) & {"computes", "unclear"}
    ):
        return None  # a helper process explains nothing
    if not found:
        return _plain_child(snapshot, process, main, children) if main.kind == "child" else None
    ranked = sorted(found.values(), key=lambda group: (group[0][1].works, -len(group)))
    child, verdict = ranked[0][0]
    alike = f" ({len(ranked[0])} child processes alike)" if len(ranked[0]) > 1 else ""
    who = f"{_subject(snapshot, process)} {main.does}; " if depth == 0 else ""
    return replace(verdict, sentence=f"{who}{verdict.sentence}{alike}")


def _tells(main: Wait, child: Process, verdict: Verdict) -> bool:
    """Whether a child's verdict explains its parent's wait."""
    if verdict.name in ("unclear", "signal"):
        return False
    # A program without Python stacks is told of as the child it is.
    has_stacks = any(thread.stacks for thread in child.threads)
    return has_stacks or (main.kind == "child" and verdict.name not in ("sleeps", "native-wait", "pipe"))


def _plain_child(snapshot: Snapshot, process: Process, main: Wait, children: list[Process]) -> Verdict | None:
    if not children:
        return None
    does = "; ".join(f"{c} {wait_of(snapshot, c, c.main).does}" for c in children[:3])
    return Verdict("child", f"{_subject(snapshot, process)} {main.does}: {does}", str(children[0]))


def _subject(snapshot: Snapshot, owner: Process, *, process: bool = False) -> str:
    if owner.pid != snapshot.root:
        return f"its child process {owner}"
    return "the process" if process else "the main thread"


def _why_no_stacks(process: Process) -> str:
    return f" (no stacks: {process.problem})" if process.problem else ""
