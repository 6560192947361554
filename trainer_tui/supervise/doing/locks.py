"""Who holds what somebody waits for: locks within a process, as its stacks and the source tell."""

from __future__ import annotations

from dataclasses import dataclass

from trainer_tui.supervise.doing import frames
from trainer_tui.supervise.doing.snapshot import Process, Snapshot, Thread
from trainer_tui.supervise.doing.source import lock_asked, locks_held, scoped
from trainer_tui.supervise.doing.view import Wait
from trainer_tui.supervise.doing.waits import wait_of

Key = tuple[str, str]
"""(file, name of the lock as the source calls it)."""


@dataclass(frozen=True, slots=True)
class Waiter:
    """A thread that waits for a lock, and who has it."""

    thread: Thread
    wait: Wait
    holders: tuple[Thread, ...]
    itself: bool
    """Whether it is inside of that lock already."""


def waiters(snapshot: Snapshot, process: Process) -> list[Waiter]:
    """The threads of a process that wait for a lock."""
    held = {t.tid: locks_held(snapshot.sources, frames.own(t.frames)) for t in process.threads}
    found = []
    for thread in process.threads:
        wait = wait_of(snapshot, process, thread)
        if wait.kind != "lock":
            continue
        key = asked_key(snapshot, thread)
        holders = tuple(t for t in process.threads if t.tid != thread.tid and key in held[t.tid])
        mine = locks_held(snapshot.sources, frames.own(thread.frames), asking=True)
        found.append(Waiter(thread, wait, holders, key in mine))
    return found


def asked_key(snapshot: Snapshot, thread: Thread) -> Key:
    """The lock that a thread asks for."""
    frame = thread.frames[0]
    return frame.file, scoped(frame, lock_asked(snapshot.sources, frame))


def circle(found: list[Waiter]) -> list[Waiter]:
    """Waiters of which each waits for the next, and the last for the first; none where there is no circle."""
    by_tid = {waiter.thread.tid: waiter for waiter in found}
    for start in found:
        path, at = [start], start
        while True:
            following = next((by_tid[t.tid] for t in at.holders if t.tid in by_tid), None)
            if following is None:
                break
            if following is start:
                return path
            if following in path:
                break
            path.append(following)
            at = following
    return []


def held_text(waiter: Waiter) -> str:
    """`, which thread 'two' holds`, as far as the source tells."""
    if waiter.holders:
        return f", which thread {' or '.join(repr(t.name) for t in waiter.holders[:3])} holds"
    if waiter.itself:
        return ", which it holds itself"
    return ""
