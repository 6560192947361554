"""The scene of an end: what was seen around a process beside its exit status, and what each of it proves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trainer_tui.failures.kernel_words import KernelWord
from trainer_tui.runs.units import bytes_text

NEAR_LIMIT = 0.9
"""Share of a memory limit from which memory counts as near it."""

OOM_LATE_S = 10.0
"""An out-of-memory kill that was counted longer ago than this was somebody else's end."""

JOB_END_BEFORE_S, JOB_END_AFTER_S = 90.0, 120.0
"""A signal so near to the end of a scheduler's job is the job's end: it warns before, and kills after it."""

_SHARE_WORDS = {"as": "address space", "data": "data segment"}


@dataclass(frozen=True, slots=True)
class Scene:
    """What was seen around an end; the defaults say that nobody looked."""

    tail: str = ""
    """The last lines of the log."""
    kernel: tuple[KernelWord, ...] = ()
    """Lines of the kernel's log about processes of this run."""
    memory_used: int = 0
    memory_total: int = 0
    """Bytes in use and allowed, by the sample with the largest share among the last few."""
    memory_before_s: float = 0.0
    """How long before the end that sample was taken."""
    oom_rise: int = 0
    """Out-of-memory kills that were counted in the job's own cgroup while somebody looked."""
    oom_before_s: float | None = None
    """How long before the end the OOM killer's counter was last seen to rise; None: nobody counted."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables of a scheduler."""
    full_disk: str = ""
    """Which disk had no byte left at the end, so that the log may lack its last words; empty: none."""
    ended_at: float | None = None
    """Wall time of the end, seconds since the epoch."""


NOTHING_SEEN = Scene()

_LONGEST_STAMP = 12
"""Digits of seconds since 1970 for the next thirty thousand years."""


def oom_proof(exit: Mapping[str, Any], scene: Scene) -> str:
    """What proves that the kernel's OOM killer struck here, in words; empty when nothing does."""
    told = next((word for word in scene.kernel if word.what == "oom"), None)
    if told is not None:
        whose = "its memory cgroup was" if told.within_cgroup else "the machine was"
        return f"the kernel's log says that it killed process {told.pid} because {whose} out of memory"
    rise = max(int(exit.get("oom_kills") or 0), scene.oom_rise)
    if not rise or (scene.oom_before_s is not None and scene.oom_before_s > OOM_LATE_S):
        return ""
    return f"the kernel's oom_kill counter rose by {rise}{_at_limit(exit)}"


def _at_limit(exit: Mapping[str, Any]) -> str:
    """Which cgroup's limit was reached: the innermost one that counted an `oom`, or (v1) a failed charge."""
    for level in exit.get("memory_events") or ():
        if (level.get("oom") or level.get("failcnt")) and level.get("limit"):
            return f" (limit of its cgroup: {bytes_text(level['limit'])})"
    return ""


def limit_of(exit: Mapping[str, Any], name: str) -> int | None:
    """The soft resource limit `cpu`, `fsize`, `as` … that the process had; None without one."""
    both = (exit.get("limits") or {}).get(name)
    return None if not both or both[0] is None else int(both[0])


def cpu_used_up(exit: Mapping[str, Any]) -> int | None:
    """The hard limit on CPU seconds when the process had just used it up: the kernel then sends SIGKILL.

    Far more CPU time than the limit is that of its children, and proves nothing.
    """
    both = (exit.get("limits") or {}).get("cpu")
    if not both or both[1] is None:
        return None
    used = float(exit.get("user_s") or 0.0) + float(exit.get("sys_s") or 0.0)
    return int(both[1]) if both[1] - 0.5 <= used <= both[1] * 1.05 + 2.0 else None


def near_limit(exit: Mapping[str, Any], scene: Scene, limit: int | None) -> str:
    """Memory beside the tightest known limit, in words; empty if they were far apart or unknown."""
    if scene.memory_total and scene.memory_used >= NEAR_LIMIT * scene.memory_total:
        share = scene.memory_used / scene.memory_total
        return (
            f"memory was at {share:.0%} of the {bytes_text(scene.memory_total)} allowed "
            f"{scene.memory_before_s:.0f} s before"
        )
    peak = int(exit.get("max_rss_bytes") or 0)
    limits = [int(bound) for bound in (exit.get("memory_limit_bytes"), limit) if bound]
    if not limits or peak < NEAR_LIMIT * min(limits):
        return ""
    return f"peak memory was {peak / 2**30:.2f} GiB of {min(limits) / 2**30:.2f} GiB allowed"


def limits_for(exit: Mapping[str, Any], cause: str, kind: str) -> str:
    """The resource limit that an error speaks of, in words; empty when none is known to fit."""
    if "Too many open files" in cause and (most := limit_of(exit, "nofile")):
        return f"at most {most} open files are allowed (ulimit -n)"
    if "File too large" in cause and (most := limit_of(exit, "fsize")):
        return f"files may have at most {bytes_text(most)} (ulimit -f)"
    if kind == "cpu-oom":
        for name, word in _SHARE_WORDS.items():
            if most := limit_of(exit, name):
                return f"its {word} is limited to {bytes_text(most)} (memory_gb or ulimit)"
    processes = limit_of(exit, "nproc")
    if processes and ("Resource temporarily unavailable" in cause or "can't start new thread" in cause):
        return f"its user may have at most {processes} processes and threads (ulimit -u)"
    return ""


def crashed_in(scene: Scene) -> str:
    """The library in which it crashed, as the kernel's log says; empty where it does not."""
    return next((word.where for word in scene.kernel if word.what == "crash" and word.where), "")


def job_over(scene: Scene) -> str:
    """That a scheduler's job ended here by its time limit, in words; empty when that is not known."""
    until = scene.environment.get("SLURM_JOB_END_TIME", "")
    if scene.ended_at is None or not (until.isascii() and until.isdigit()) or len(until) > _LONGEST_STAMP:
        return ""
    if -JOB_END_BEFORE_S <= scene.ended_at - int(until) <= JOB_END_AFTER_S:
        return f"the time of Slurm job {scene.environment.get('SLURM_JOB_ID', '?')} was over"
    return ""
