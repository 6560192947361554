"""What was seen around the end of a run, put together for whoever judges its exit status."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer_tui.failures import KernelWord, Scene
from trainer_tui.runs.clock import parse_utc
from trainer_tui.runs.plain import plain_reader
from trainer_tui.runs.text import shown
from trainer_tui.supervise import surroundings

if TYPE_CHECKING:
    from trainer_tui.supervise.supervisor import RunSupervisor

SAYS_NOT_WHY = frozenset({"killed", "signal", "distributed", "dataloader", "worker-lost"})
"""Kinds of errors that tell of a process that is gone; a proof of why it is outweighs them."""

TAIL_LINES = 12
_TAIL_BYTES = 8192
_LINE_LIMIT = 300
_RECENT_S = 5.0
"""Samples of the machine that are older say nothing about the end."""

_PIDS = re.compile(r"\bpid(?:\(s\)|s)?[ :=]+(\d+)", re.I)
"""Processes that an error names, as torchrun and DataLoaders do."""


def scene_of(s: RunSupervisor, exit_status: Mapping[str, Any]) -> Scene:
    """The scene of this run's end; whatever cannot be had is left out of it."""
    ended = parse_utc(str(exit_status.get("ended") or ""))
    at = ended.timestamp() if ended is not None else time.time()
    badly = exit_status.get("code") != 0
    tail = log_tail(s.run.log()) if badly else ""
    used, total, before = _memory(s, at)
    if s.machine is not None:
        s.machine.oom.look()
    return Scene(
        tail=tail,
        kernel=_kernel(s, exit_status, tail) if badly else (),
        memory_used=used,
        memory_total=total,
        memory_before_s=before,
        oom_rise=s.machine.oom.rise if s.machine is not None else 0,
        oom_before_s=s.machine.oom.before_s() if s.machine is not None else None,
        environment=surroundings.of_job(s.run),
        full_disk=full_disk(s.run.log()) if badly else "",
        ended_at=at,
    )


def log_tail(path: Path) -> str:
    """The last lines of a log that say anything, as a terminal would show them."""
    try:
        with plain_reader(path) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            lines = file.read(_TAIL_BYTES).split(b"\n")
    except OSError:
        return ""
    if size > _TAIL_BYTES:
        lines = lines[1:]  # the first one may have lost its beginning
    told = [line for raw in lines if (line := shown(raw, _LINE_LIMIT)).strip()]
    return "\n".join(told[-TAIL_LINES:])


def full_disk(log: Path) -> str:
    """That the disk of a log has no byte left for whoever wrote it, in words; empty where it has some."""
    try:
        disk = os.statvfs(log)
    except OSError:
        return ""
    left = disk.f_bfree if os.geteuid() == 0 else disk.f_bavail  # some blocks are kept for root
    return "the disk of its log has no byte left" if disk.f_blocks and not left else ""


def _memory(s: RunSupervisor, at: float) -> tuple[int, int, float]:
    """Bytes used and allowed, and how long before the end, of the fullest of the last samples."""
    recent = [] if s.machine is None else [x for x in s.machine.recent if 0 <= at - x.time + 1 <= _RECENT_S]
    fullest = max(recent, key=lambda sample: sample.ram_used / max(1, sample.ram_total), default=None)
    if fullest is None:
        return 0, 0, 0.0
    return fullest.ram_used, fullest.ram_total, max(0.0, at - fullest.time)


def _kernel(s: RunSupervisor, exit_status: Mapping[str, Any], tail: str) -> tuple[KernelWord, ...]:
    """What the kernel's log says about the run; the slow way is gone only where a process was ended."""
    if s.kernel is None:
        return ()
    code = exit_status.get("code")
    ended = code is None or code > 128 or any(i.kind in SAYS_NOT_WHY for i in s.book.errors("suspected"))
    return s.kernel.about(_pids(s, tail), thoroughly=ended)


def _pids(s: RunSupervisor, tail: str) -> set[int]:
    """Every process of the run that we know of: met, or named by an error or at the end of the log."""
    found = set(s.machine.pids) if s.machine is not None else set()
    if s.process is not None:
        found.add(s.process.pid)
    for text in (tail, *(incident.message for incident in s.book.errors("suspected", "confirmed"))):
        found.update(int(pid) for pid in _PIDS.findall(text) if len(pid) < 10)
    return found
