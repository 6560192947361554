"""What an exit status proves, and the one machine-readable reason of every kind of failure.

An exit status says little: a number, at best a signal. What proves who sent it (counters and log of the
kernel, limits, the scheduler, the memory a moment before) is the `Scene`; the sentence says what was found.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainer_tui.failures import exit_words as words
from trainer_tui.failures.exit_words import signal_name
from trainer_tui.failures.scene import (
    NOTHING_SEEN,
    Scene,
    cpu_used_up,
    crashed_in,
    job_over,
    limit_of,
    limits_for,
    near_limit,
    oom_proof,
)
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.units import bytes_text

_REASONS: dict[str, str] = {
    "cpu-oom": "cpu-oom",
    "cuda-oom": "cuda-oom",
    "native-crash": "crash",
    "killed": "signal",
    "signal": "signal",
    "interrupted": "signal",
    "exit-code": "exit-code",
    "unclassified": "exit-code",
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

FAR_FROM_LIMIT = 0.7
"""Below this share of the memory allowed, nothing is to be said about memory."""

_UNSAID = (
    "Look at the end of the log; a script that calls sys.exit() without a word leaves only this number.",
)


def reason_for(incident: Incident) -> str:
    """The machine-readable reason for which a run ended, from the incident that ended it."""
    return _REASONS.get(incident.kind, "exception")


@dataclass(frozen=True, slots=True)
class _End:
    """An exit status with all that may explain it."""

    exit: dict[str, Any]
    incidents: Sequence[Incident]
    stopped_by_user: bool
    limit: int | None
    scene: Scene

    def incident(self, kind: str, rule: str, message: str, hypotheses: tuple[str, ...] = ()) -> Incident:
        facts: dict[str, Any] = {"exit": {k: v for k, v in self.exit.items() if v not in (None, [], {})}}
        if self.scene.kernel:
            facts["kernel"] = [word.text for word in self.scene.kernel[-5:]]
        gpu = next((word.text for word in self.scene.kernel if word.what == "gpu"), "")
        if gpu:
            hypotheses = (f"The kernel's log tells of a GPU meanwhile: {gpu}", *hypotheses)
        return Incident(
            id="exit", severity="error", kind=kind, message=message, source="exit", rule=rule,
            hypotheses=hypotheses, facts=facts, excerpt=self.scene.tail,
        )  # fmt: skip

    def told(self, *kinds: str) -> Incident | None:
        """The first error of the log that was not survived (of these kinds)."""
        errors = (i for i in self.incidents if i.severity == "error" and i.fate != "recovered")
        return next((i for i in errors if not kinds or i.kind in kinds), None)


def classify_exit(
    exit: dict[str, Any],
    *,
    incidents: Sequence[Incident] = (),
    stopped_by_user: bool = False,
    memory_limit_bytes: int | None = None,
    scene: Scene = NOTHING_SEEN,
) -> Incident | None:
    """What the content of exit.json says about the end of the run; None after exit code 0.

    `incidents` are those seen before (a cause in the log makes the bare exit status its proof, not a second
    cause); `stopped_by_user` says that we were asked to stop it; `memory_limit_bytes` is the cgroup's or
    the machine's limit; `scene` is what was seen around the end.
    """
    end = _End(exit, incidents, stopped_by_user, memory_limit_bytes, scene)
    if exit.get("launch_error"):
        hints = ("Check the command and the interpreter of the run.",)
        said = f"could not be started: {exit['launch_error']}"
        return end.incident("launch-failed", "launch-failed", said, hints)
    code, number = exit.get("code"), exit.get("signal")
    if number:
        return _by_signal(end, int(number), "")
    if code == 0:
        return None
    if code is None:
        return _unknown(end)
    if 128 < code <= 128 + 64 and signal_name(code - 128):
        return _by_signal(end, code - 128, f"exited with code {code}")
    return _by_code(end, int(code))


def _unknown(end: _End) -> Incident:
    said = "ended, exit status unknown"
    proof = oom_proof(end.exit, end.scene)
    if proof:
        return end.incident("cpu-oom", "exit-oom", f"{said}; {proof}", words.MEMORY_HINTS)
    return end.incident("lost", "exit-unknown", said)


def _by_code(end: _End, code: int) -> Incident:
    said = f"exited with code {code}"
    if end.stopped_by_user:
        return end.incident("stopped-by-user", "exit-code", f"{said} after it was asked to stop")
    proof = oom_proof(end.exit, end.scene)
    if proof:
        return end.incident("cpu-oom", "exit-oom", f"{said} and {proof}", words.MEMORY_HINTS)
    cause = end.told()
    if cause is not None:
        limit = limits_for(end.exit, cause.message, cause.kind)
        after = f"{said} after {cause.message}" + (f"; {limit}" if limit else "")
        return end.incident(cause.kind, "exit-code", after, cause.hypotheses)
    custom = words.CODES.get(code)
    if custom is not None and custom.kind:
        return end.incident(custom.kind, f"exit-{code}", f"{said}: {custom.meaning}", custom.hints)
    meaning = f" ({custom.meaning})" if custom is not None else ""
    if end.scene.full_disk:
        unsaid = f"{said}{meaning} and could not write why: {end.scene.full_disk}"
        return end.incident("disk-full", "exit-disk", unsaid, words.DISK_HINTS)
    hints = (custom.hints if custom is not None else ()) + _UNSAID
    return end.incident("unclassified", "exit-code", f"{said}{meaning}; nothing in the log says why", hints)


def _by_signal(end: _End, number: int, how: str) -> Incident:
    """`how`: the exit code by which a shell tells of a child's signal; empty: the process itself had it."""
    name = signal_name(number) or f"signal {number}"
    said = f"{how}: a child was killed by {name}" if how else f"killed by {name}"
    rule = "exit-signal"
    if number == signal.SIGKILL:
        return _killed(end, said, rule)
    if end.stopped_by_user:
        return end.incident("stopped-by-user", rule, f"{said} after it was asked to stop")
    if name in words.CRASHES:
        return _crashed(end, name, said, rule)
    if number == signal.SIGXCPU:
        return end.incident("time-limit", rule, f"{said}: {_limit_on_cpu(end)}", words.LIMIT_HINTS)
    if number == signal.SIGXFSZ:
        most = limit_of(end.exit, "fsize")
        allowed = f" of {bytes_text(most)}" if most else ""
        said = f"{said}: a file reached the size limit{allowed} (ulimit -f)"
        return end.incident("disk-full", rule, said, words.LIMIT_HINTS)
    if number == signal.SIGINT:
        return end.incident("interrupted", rule, f"{said}: somebody pressed Ctrl-C or sent it")
    if over := job_over(end.scene):
        return end.incident("time-limit", rule, f"{said}: {over}", words.ASKED_HINTS)
    meaning = words.FROM_OUTSIDE.get(name, "it was asked to end from outside")
    return end.incident("signal", rule, f"{said}: {meaning}", (*_where_to_ask(end), *words.ASKED_HINTS))


def _killed(end: _End, said: str, rule: str) -> Incident:
    proof = oom_proof(end.exit, end.scene)
    if proof:
        return end.incident("cpu-oom", rule, f"{said} and {proof}", words.MEMORY_HINTS)
    if end.stopped_by_user:
        return end.incident("stopped-by-user", rule, f"{said} after it was asked to stop and did not")
    told = end.told("cpu-oom")
    if told is not None:
        return end.incident("cpu-oom", rule, f"{said} after {told.message}", words.MEMORY_HINTS)
    used = cpu_used_up(end.exit)
    if used is not None:
        spent = f"it had used up the {used} s of CPU time that it may have (ulimit -t)"
        return end.incident("time-limit", rule, f"{said}: {spent}", words.LIMIT_HINTS)
    if over := job_over(end.scene):
        return end.incident("time-limit", rule, f"{said}: {over}", words.ASKED_HINTS)
    near = near_limit(end.exit, end.scene, end.limit)
    if near:
        said = f"{said} from outside; likely out of memory: {near}"
        return end.incident("killed", rule, said, (*_where_to_ask(end), *words.MEMORY_HINTS))
    roomy = 0 < end.scene.memory_used < FAR_FROM_LIMIT * end.scene.memory_total
    hints = (*_where_to_ask(end), *(words.KILLED_HINTS[:1] if roomy else words.KILLED_HINTS))
    return end.incident("killed", rule, f"{said}: somebody or something sent SIGKILL", hints)


def _crashed(end: _End, name: str, said: str, rule: str) -> Incident:
    core = ", core dumped" if end.exit.get("core_dumped") else ""
    library = crashed_in(end.scene)
    where = f" in {library}, says the kernel's log" if library else ""
    hints: tuple[str, ...] = words.NATIVE_HINTS
    if not core and limit_of(end.exit, "core") == 0:
        hints = (*hints, words.CORE_HINT)
    return end.incident("native-crash", rule, f"{said} ({words.CRASHES[name]}{core}){where}", hints)


def _limit_on_cpu(end: _End) -> str:
    # With the signal the kernel allows one second more, so as to send it again after that.
    seconds = (limit_of(end.exit, "cpu") or 0) - 1
    return f"the limit on CPU time, {seconds} s (ulimit -t)" if seconds > 0 else "the limit on CPU time"


def _where_to_ask(end: _End) -> tuple[str, ...]:
    """The scheduler that may have sent it, and how it is asked."""
    jobs = ((text, end.scene.environment.get(name)) for name, text in words.SCHEDULERS.items())
    return tuple("It ran in " + text.replace("{}", job) + "." for text, job in jobs if job)
