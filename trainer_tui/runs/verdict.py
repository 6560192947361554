"""How a run ended and what its gates said: the words, and the exit codes that go with them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

GateState = Literal["passed", "failed", "open", "skipped", "not-applicable"]

EXIT_PASSED = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_GATE = 3
EXIT_STOPPED = 4
EXIT_LOST = 5
EXIT_RUNNING = 6

EXIT_CODES: dict[int, str] = {
    EXIT_PASSED: "passed, or nothing to complain of",
    EXIT_FAILED: "the run failed",
    EXIT_USAGE: "bad usage: arguments, settings or model file",
    EXIT_GATE: "a gate failed or waits for a person",
    EXIT_STOPPED: "stopped by a user or by its time limit",
    EXIT_LOST: "lost: nobody knows how it ended",
    EXIT_RUNNING: "it still runs",
}
"""Exit codes of the command line."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One way for a run to end."""

    exit_code: int
    meaning: str


REASONS: dict[str, Reason] = {
    "passed": Reason(EXIT_PASSED, "the process ended with 0 and no gate failed"),
    "gate-failed": Reason(EXIT_GATE, "the process ended with 0, but a gate failed"),
    "exception": Reason(EXIT_FAILED, "the script raised an exception"),
    "exit-code": Reason(EXIT_FAILED, "the process ended with a non-zero code and no error was written"),
    "nan-loss": Reason(EXIT_FAILED, "the loss became NaN or infinite for good"),
    "cpu-oom": Reason(EXIT_FAILED, "out of memory on the machine or in its cgroup"),
    "cuda-oom": Reason(EXIT_FAILED, "out of memory on a GPU"),
    "disk-full": Reason(EXIT_FAILED, "no space left on a disk, or its quota used up"),
    "crash": Reason(EXIT_FAILED, "native code crashed (SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE)"),
    "signal": Reason(EXIT_FAILED, "a signal ended the process"),
    "distributed": Reason(EXIT_FAILED, "communication between the processes of the job failed"),
    "cuda-error": Reason(EXIT_FAILED, "a CUDA call failed"),
    "gpu-hardware": Reason(EXIT_FAILED, "a GPU or its driver failed"),
    "node-failure": Reason(EXIT_FAILED, "the machine or node failed"),
    "preempted": Reason(EXIT_STOPPED, "the scheduler took the machine back"),
    "cancelled": Reason(EXIT_STOPPED, "the scheduler or an administrator cancelled the job"),
    "hang": Reason(EXIT_FAILED, "it made no progress any more"),
    "launch-failed": Reason(EXIT_FAILED, "the command could not be started"),
    "failed": Reason(EXIT_FAILED, "it failed in a way that fits no other reason"),
    "time-limit": Reason(EXIT_STOPPED, "its time limit ended it"),
    "stopped-by-user": Reason(EXIT_STOPPED, "a user stopped it"),
    "skipped": Reason(EXIT_STOPPED, "a user skipped the rest of the quick phase, with a written reason"),
    "lost": Reason(EXIT_LOST, "it is gone and nobody wrote how it ended"),
}
"""Every reason a run can end with."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """One line of a checklist."""

    name: str
    state: GateState
    sentence: str
    """What was found, with its numbers."""
    advice: str = ""
    """What to do about it; empty when there is nothing to do."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for an event."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> GateResult:
        """The result in an event."""
        return cls(data["name"], data["state"], data.get("sentence", ""), data.get("advice", ""))


GATE_MARKS: dict[GateState, str] = {
    "passed": "✔",
    "failed": "✘",
    "open": "○",
    "skipped": "–",
    "not-applicable": "·",
}
"""A sign for each state, so that colour is never the only one."""

GATE_NAMES: tuple[str, ...] = (
    "exit",
    "incidents",
    "window",
    "results",
    "history",
    "model",
    "log",
    "converged",
    "diary",
    "struggles",
)
"""Every gate of a full run, in the order of the checklist; a quick run has exit, incidents and results."""
