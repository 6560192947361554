"""What an exit status proves, and the one machine-readable reason of every kind of failure."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from typing import Any

from trainer_tui.runs.incident import Incident

NEAR_LIMIT = 0.9
"""Share of a memory limit from which peak memory counts as near it."""

_REASONS: dict[str, str] = {
    "cpu-oom": "cpu-oom",
    "cuda-oom": "cuda-oom",
    "native-crash": "crash",
    "killed": "signal",
    "signal": "signal",
    "interrupted": "signal",
    "exit-code": "exit-code",
    "launch-failed": "launch-failed",
    "nan-loss": "nan-loss",
    "hang": "hang",
    "time-limit": "time-limit",
    "preempted": "preempted",
    "cancelled": "cancelled",
    "node-failure": "node-failure",
    "disk-full": "disk-full",
    "gpu-hardware": "gpu-hardware",
    "cuda-error": "cuda-error",
    "distributed": "distributed",
    "stopped-by-user": "stopped-by-user",
    "lost": "lost",
}

_CRASHES = {
    "SIGSEGV": "invalid memory access",
    "SIGBUS": "bad memory access; often /dev/shm or a mapped file ran out of space",
    "SIGABRT": "aborted itself; often a failed check in compiled code",
    "SIGILL": "an instruction this CPU does not have",
    "SIGFPE": "an arithmetic error in compiled code",
    "SIGTRAP": "a trap in compiled code",
    "SIGSYS": "a system call that is not allowed",
}

_NATIVE_HINTS = (
    "Run once with PYTHONFAULTHANDLER=1: the crash then prints the Python line it was in.",
    "A version mismatch between compiled libraries (CUDA, numpy, torch) is the most frequent cause.",
)
_MEMORY_HINTS = (
    "Load less data at a time, use a smaller dtype or fewer DataLoader workers.",
    "Look at the memory curve of this run: steady growth is a leak, a jump is one large allocation.",
)
_KILLED_HINTS = (
    "Ask who shares this machine; container runtimes, schedulers and out-of-memory daemons send it too.",
    *_MEMORY_HINTS,
)
_SHELL_CODES = {
    126: ("launch-failed", "the command was found but could not be executed",
          ("Make the script executable, or start it with python.",)),
    127: ("launch-failed", "the command, or a program it starts, was not found",
          ("Check the name and PATH of the environment.",)),
}  # fmt: skip


def reason_for(incident: Incident) -> str:
    """The machine-readable reason for which a run ended, from the incident that ended it."""
    return _REASONS.get(incident.kind, "exception")


def classify_exit(
    exit: dict[str, Any],
    *,
    incidents: Sequence[Incident] = (),
    stopped_by_user: bool = False,
    memory_limit_bytes: int | None = None,
) -> Incident | None:
    """What the content of exit.json says about the end of the run; None after exit code 0.

    `incidents` are those seen before (a cause in the log makes the bare exit status its proof, not a second
    cause); `stopped_by_user` says that we were asked to stop it; `memory_limit_bytes` is the cgroup's or
    the machine's limit.
    """
    if exit.get("launch_error"):
        hints = ("Check the command and the interpreter of the run.",)
        return _incident(
            exit, "launch-failed", "launch-failed", f"could not be started: {exit['launch_error']}", hints
        )
    code, number = exit.get("code"), exit.get("signal")
    if not number and code == 0:
        return None
    if not number and code is not None and 128 < code < 128 + 65 and _signal_name(code - 128):
        how = f"exited with code {code}"
        return _by_signal(exit, code - 128, how, incidents, stopped_by_user, memory_limit_bytes)
    if number:
        return _by_signal(exit, int(number), "", incidents, stopped_by_user, memory_limit_bytes)
    if code is None:
        return _incident(exit, "lost", "exit-unknown", "ended, exit status unknown", ())
    if code in _SHELL_CODES:
        kind, meaning, hints = _SHELL_CODES[code]
        return _incident(exit, kind, f"exit-{code}", f"exited with code {code}: {meaning}", hints)
    return _by_code(exit, int(code), incidents, stopped_by_user)


def _by_code(
    exit: dict[str, Any], code: int, incidents: Sequence[Incident], stopped_by_user: bool
) -> Incident:
    if stopped_by_user:
        return _incident(
            exit, "stopped-by-user", "exit-code", f"exited with code {code} after it was asked to stop", ()
        )
    if _oom_kills(exit):
        kills = f"exited with code {code} and {_rose(exit)}"
        return _incident(exit, "cpu-oom", "exit-oom", kills, _MEMORY_HINTS)
    cause = next(
        (found for found in incidents if found.severity == "error" and found.fate != "recovered"), None
    )
    if cause is not None:
        return _incident(
            exit, cause.kind, "exit-code", f"exited with code {code} after {cause.message}", cause.hypotheses
        )
    hints = (
        "Look at the end of the log; a script that calls sys.exit() without a word leaves only this number.",
    )
    return _incident(exit, "exit-code", "exit-code", f"exited with code {code} and wrote no error", hints)


def _by_signal(
    exit: dict[str, Any],
    number: int,
    how: str,
    incidents: Sequence[Incident],
    stopped_by_user: bool,
    limit: int | None,
) -> Incident:
    name = _signal_name(number) or f"signal {number}"
    said = f"{how}: a child was killed by {name}" if how else f"killed by {name}"
    rule = "exit-signal"
    if number == signal.SIGKILL:
        if _oom_kills(exit):
            return _incident(exit, "cpu-oom", rule, f"{said} and {_rose(exit)}", _MEMORY_HINTS)
        if stopped_by_user:
            return _incident(
                exit, "stopped-by-user", rule, f"{said} after it was asked to stop and did not", ()
            )
        told = next(
            (found for found in incidents if found.kind == "cpu-oom" and found.severity == "error"), None
        )
        if told is not None:
            return _incident(exit, "cpu-oom", rule, f"{said} after {told.message}", _MEMORY_HINTS)
        near = _near_limit(exit, limit)
        if near:
            return _incident(exit, "killed", rule, f"{said}; likely out of memory: {near}", _MEMORY_HINTS)
        return _incident(exit, "killed", rule, f"{said}: somebody or something sent SIGKILL", _KILLED_HINTS)
    if stopped_by_user:
        return _incident(exit, "stopped-by-user", rule, f"{said} after it was asked to stop", ())
    if name in _CRASHES:
        core = ", core dumped" if exit.get("core_dumped") else ""
        return _incident(exit, "native-crash", rule, f"{said} ({_CRASHES[name]}{core})", _NATIVE_HINTS)
    if number == signal.SIGXCPU:
        return _incident(exit, "time-limit", rule, f"{said}: the limit on CPU time", ())
    if number == signal.SIGINT:
        return _incident(exit, "interrupted", rule, f"{said}: somebody pressed Ctrl-C or sent it", ())
    hints = (
        "A person, a script, a scheduler or a shutdown sent it: ask, then resume from the last checkpoint.",
    )
    return _incident(exit, "signal", rule, f"{said}: it was asked to end from outside", hints)


def _incident(
    exit: dict[str, Any], kind: str, rule: str, message: str, hypotheses: tuple[str, ...]
) -> Incident:
    facts = {key: value for key, value in exit.items() if value is not None}
    return Incident(
        id="exit", severity="error", kind=kind, message=message, source="exit", rule=rule,
        hypotheses=hypotheses, facts={"exit": facts},
    )  # fmt: skip


def _oom_kills(exit: dict[str, Any]) -> int:
    return int(exit.get("oom_kills") or 0)


def _rose(exit: dict[str, Any]) -> str:
    return f"the kernel's oom_kill counter rose by {_oom_kills(exit)}"


def _near_limit(exit: dict[str, Any], limit: int | None) -> str:
    """Peak memory beside the tightest known limit, in words; "" if they are far apart or unknown."""
    peak = int(exit.get("max_rss_bytes") or 0)
    limits = [int(bound) for bound in (exit.get("memory_limit_bytes"), limit) if bound]
    if not limits or peak < NEAR_LIMIT * min(limits):
        return ""
    return f"peak memory was {peak / 2**30:.2f} GiB of {min(limits) / 2**30:.2f} GiB allowed"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""
