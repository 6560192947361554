"""A snapshot in words: the stacks, the main process whole, children that are alike once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trainer_tui.runs.text import clean
from trainer_tui.runs.units import counted
from trainer_tui.supervise.doing import frames
from trainer_tui.supervise.doing.snapshot import Process, Snapshot, Stack, Thread
from trainer_tui.supervise.doing.waits import wait_of

LIMIT = 12_000
"""Characters of one text."""

MOST_GROUPS = 8
"""Kinds of children that are shown."""

MOST_FRAMES = 40
"""Frames of one stack that are shown: the innermost and, after a gap, the outermost."""


def stacks_text(snapshot: Snapshot, limit: int = LIMIT) -> str:
    """Every thread of the main process, then the children, those that are alike told of once."""
    lines = list(_process_lines(snapshot, snapshot.processes[0], whole=True))
    groups: dict[tuple[Any, ...], list[Process]] = {}
    for child in snapshot.processes[1:]:
        groups.setdefault(_shape(child), []).append(child)
    for alike in list(groups.values())[:MOST_GROUPS]:
        lines.append("")
        pids = ", ".join(str(p.pid) for p in alike[:6]) + (" …" if len(alike) > 6 else "")
        if len(alike) > 1:
            lines.append(f"{len(alike)} processes alike ({pids}), as this one:")
        lines += _process_lines(snapshot, alike[0], whole=False)
    hidden = sum(len(alike) for alike in list(groups.values())[MOST_GROUPS:]) + snapshot.left_out
    if hidden:
        lines += ["", f"{counted(hidden, 'further process', 'further processes')} not shown"]
    text = "\n".join(clean(line, 300) for line in lines)
    return text if len(text) <= limit else text[: limit - 20].rpartition("\n")[0] + "\n… cut here"


def _process_lines(snapshot: Snapshot, process: Process, *, whole: bool) -> Iterable[str]:
    state = f", {_STATES[process.state]}" if process.state in _STATES else ""
    yield f"Process {process}{state}, {process.cpu_percent:.0f} % of a core: {process.command}"
    if process.problem:
        yield f"  no Python stacks: {process.problem}"
    shown = [t for t in process.threads if t.stacks or t.tid == process.pid]
    helpers = [t for t in shown if not whole and t.tid != process.main.tid and frames.is_idle(t.frames)]
    for thread in sorted(shown, key=lambda t: t.tid != process.main.tid):
        if thread not in helpers:
            yield from _thread_lines(snapshot, process, thread)
    rest = [t for t in process.threads if t not in shown]
    if rest or helpers:
        cpu = sum(t.cpu_percent for t in rest)
        parts = [counted(len(rest), "native thread", "native threads") + f" ({cpu:.0f} %)"] if rest else []
        parts += [counted(len(helpers), "idle helper thread", "idle helper threads")] if helpers else []
        yield f"  and {', '.join(parts)}"


def _thread_lines(snapshot: Snapshot, process: Process, thread: Thread) -> Iterable[str]:
    wait = wait_of(snapshot, process, thread)
    yield f"  Thread {thread.tid} {thread.name!r} {wait.does}"
    for frame in shortened(frames.without_start(frames.own(thread.frames))):
        yield f"    {frame}"


def shortened(stack: Stack) -> list[str]:
    """The frames of a stack as lines, its middle left out where it is very deep."""
    lines = [str(frame) for frame in stack]
    if len(lines) <= MOST_FRAMES:
        return lines
    hidden = len(lines) - MOST_FRAMES + 10
    return [*lines[: MOST_FRAMES - 10], f"… {hidden} frames", *lines[-10:]]


_STATES = {"T": "stopped", "t": "held by a debugger", "Z": "ended, not waited for", "D": "waits for the disk"}


def _shape(process: Process) -> tuple[Any, ...]:
    """What makes two children alike: the same program in the same state at the same place."""
    stack = frames.own(process.main.frames)
    # The lines in a loop differ from worker to worker; the functions do not.
    return process.name, process.state, process.problem, tuple((f.file, f.function) for f in stack)


def document(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot as plain data for JSON: everything but the sources."""
    return {
        "seconds": round(snapshot.seconds, 2),
        "cpu_percent": round(snapshot.cpu_percent, 1),
        "gpu_percent": list(snapshot.gpu_percent),
        "left_out": snapshot.left_out,
        "processes": [
            {
                "pid": process.pid,
                "parent": process.parent,
                "name": process.name,
                "command": process.command,
                "state": process.state,
                "cpu_percent": round(process.cpu_percent, 1),
                "problem": process.problem,
                "threads": [_thread_document(snapshot, process, t) for t in process.threads],
                "files": [
                    {"path": g.path, "bytes": g.bytes, "at": g.at, "written": g.written}
                    for g in process.growth
                ],
            }
            for process in snapshot.processes
        ],
    }


def _thread_document(snapshot: Snapshot, process: Process, thread: Thread) -> dict[str, Any]:
    wait = wait_of(snapshot, process, thread)
    return {
        "id": thread.tid,
        "name": thread.name,
        "state": thread.state,
        "cpu_percent": thread.cpu_percent,
        "syscall": thread.syscall,
        "wchan": thread.wchan,
        "does": wait.kind,
        "sentence": wait.does,
        "waiting_on": wait.on,
        "frames": [
            {"function": f.function, "file": f.file, "line": f.line} for f in frames.own(thread.frames)
        ],
    }
