"""Taking a snapshot: three looks within a second at a process and its descendants, nobody is paused."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from trainer_tui.supervise.doing import handles, kernel
from trainer_tui.supervise.doing.kernelwaits import IDLE_PERCENT
from trainer_tui.supervise.doing.pyspy import PyStacks, PyThread, python_stacks
from trainer_tui.supervise.doing.snapshot import Process, Snapshot, Stack, Thread
from trainer_tui.supervise.doing.source import read_source
from trainer_tui.supervise.job import descendants

SECONDS = 1.0
LOOKS = 3
MOST_PROCESSES = 32
"""Processes that are looked at; of those with hundreds of workers the first ones tell the story."""

WATCHED_CLOSELY = 8
"""Processes whose stacks are taken in every look; those of the others in the first and the last."""

STACKS_WITHIN_S = 12.0
"""No stack is asked for later than this."""

ASKED_AGAIN, ASKED_AFTER_S = 10, 0.003
"""So often, and so much later, is a thread asked again for the system call it sits in."""

_SOURCES = 64


@dataclass(slots=True)
class _Seen:
    """What the looks found of one process."""

    tasks: list[dict[int, kernel.TaskSample]] = field(default_factory=list)
    stacks: list[PyStacks] = field(default_factory=list)
    files: list[handles.Positions] = field(default_factory=list)


def take(pid: int, gpu_percent: Iterable[float] = (), seconds: float = SECONDS) -> Snapshot | None:
    """The process and its descendants over `seconds`; None when there is no such process.

    What may not be read (another user's process, no py-spy) is missing and said in `Process.problem`.
    """
    if kernel.process_now(pid) is None:
        return None
    family: list[int] = []
    seen: dict[int, _Seen] = {}
    began = time.monotonic()
    sampled = []
    for look in range(LOOKS):
        if look:
            time.sleep(max(0.0, began + seconds * look / (LOOKS - 1) - time.monotonic()))
        sampled.append(time.monotonic())
        # Anew each time: a DataLoader may be starting its workers just now.
        family = list(dict.fromkeys([*family, *descendants(pid)]))
        pids = family[:MOST_PROCESSES]
        for p in pids:
            seen.setdefault(p, _Seen())
            seen[p].files.append(handles.positions(p))
            seen[p].tasks.append({task.tid: task for task in kernel.tasks(p)})
        for p in pids if look in (0, LOOKS - 1) else pids[:WATCHED_CLOSELY]:
            # One after the other, in this thread: those of a pool would keep us from ending, should one hang.
            if time.monotonic() - began < STACKS_WITHIN_S:
                seen[p].stacks.append(_stacks_of(p))
    over = max(0.001, sampled[-1] - sampled[0])
    processes = tuple(found for p in pids if (found := _process(p, seen[p], over, pids)) is not None)
    if not processes or processes[0].pid != pid:
        return None
    return Snapshot(
        root=pid,
        processes=processes,
        seconds=time.monotonic() - began,
        gpu_percent=tuple(gpu_percent),
        left_out=len(family) - len(pids),
        sources=_sources(processes),
    )


def _stacks_of(pid: int) -> PyStacks:
    return PyStacks(problem="it has ended") if kernel.state_of(pid) in ("", "Z") else python_stacks(pid)


def _process(pid: int, seen: _Seen, seconds: float, family: list[int]) -> Process | None:
    now = kernel.process_now(pid)
    if now is None:
        return None
    by_thread: dict[int, list[PyThread]] = defaultdict(list)
    for stacks in seen.stacks:
        for thread in stacks.threads:
            by_thread[thread.tid].append(thread)
    last = seen.tasks[-1]
    threads = [_thread(pid, tid, seen.tasks, by_thread.get(tid, []), seconds, family) for tid in last]
    if not kernel.has_proc():
        # The thread numbers of py-spy are not those of the system there: the stacks stand for themselves.
        threads = [
            *(_merged(threads[0], by_thread[tid]) for tid in by_thread if threads),
            *(threads if not by_thread else []),
        ]
    problems = [stacks.problem for stacks in seen.stacks]
    return Process(
        pid=pid,
        parent=now.parent,
        name=now.name,
        command=now.command[:300],
        state=now.state,
        traced_by=now.traced_by,
        threads=tuple(threads),
        problem="" if by_thread else next((p for p in reversed(problems) if p), "no stacks were taken"),
        growth=handles.growth(seen.files),
    )


def _thread(
    pid: int,
    tid: int,
    looks: list[dict[int, kernel.TaskSample]],
    python: list[PyThread],
    seconds: float,
    family: list[int],
) -> Thread:
    samples = [look[tid] for look in looks if tid in look]
    cpu_percent = round(100 * (samples[-1].cpu_s - samples[0].cpu_s) / seconds, 1) if samples else 0.0
    matters = bool(python) or tid == pid
    call = _call_of(pid, tid, again=matters and cpu_percent < IDLE_PERCENT)
    return Thread(
        tid=tid,
        name=(python[-1].name if python else "") or kernel.thread_name(pid, tid),
        state=samples[-1].state if samples else "",
        states="".join(sample.state for sample in samples),
        cpu_percent=cpu_percent,
        syscall=call.name,
        arguments=call.arguments,
        wchan=call.wchan,
        handles=handles.waited_on(pid, call, family) if matters else (),
        stacks=_known(python),
        gil=sum(thread.gil for thread in python),
    )


def _call_of(pid: int, tid: int, again: bool) -> kernel.SyscallNow:
    """The call a thread sits in. One that polls was caught between two waits if it is in none: ask again."""
    call = kernel.syscall_now(pid, tid)
    for _ in range(ASKED_AGAIN if again else 0):
        if call.name or not kernel.has_proc():
            break
        time.sleep(ASKED_AFTER_S)
        call = kernel.syscall_now(pid, tid)
    return call


def _merged(whole: Thread, python: list[PyThread]) -> Thread:
    """A thread of a system that does not tell us about threads: the main one stands for the process."""
    main = python[-1].name == "MainThread"
    return Thread(
        tid=python[-1].tid,
        name=python[-1].name,
        state=whole.state if main else "",
        states=whole.states if main else "",
        cpu_percent=whole.cpu_percent if main else 0.0,
        stacks=_known(python),
        gil=sum(thread.gil for thread in python),
    )


def _known(python: list[PyThread]) -> tuple[Stack, ...]:
    return tuple(thread.frames for thread in python if thread.frames)


def _sources(processes: tuple[Process, ...]) -> dict[str, str]:
    """The texts that matter: the user's own, and those in which a thread stands right now."""
    stacks = [thread.frames for process in processes for thread in process.threads]
    inmost = [stack[0].file for stack in stacks if stack]
    own = [frame.file for stack in stacks for frame in stack if not frame.is_library]
    paths = list(dict.fromkeys([*own, *inmost]))[:_SOURCES]
    return {path: text for path in paths if (text := read_source(path))}
