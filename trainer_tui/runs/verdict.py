"""How a run ended and what its gates said: the words, and the exit codes that go with them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

GateState = Literal["passed", "failed", "open", "skipped", "not-applicable"]
Tone = Literal["good", "neutral", "bad"]

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
    tone: Tone
    """Whether it is as it should be (good), somebody's or the scheduler's will (neutral), or wrong (bad)."""
    restartable: bool
    """Whether starting the same thing again may mend it: not when somebody wanted this end, nor when nobody
    knows whether the first one is gone."""


REASONS: dict[str, Reason] = {
    "passed": Reason(EXIT_PASSED, "the process ended with 0 and no gate failed", "good", False),
    "gate-failed": Reason(EXIT_GATE, "the process ended with 0, but a gate failed", "bad", False),
    "exception": Reason(EXIT_FAILED, "the script raised an exception", "bad", True),
    "exit-code": Reason(
        EXIT_FAILED, "the process ended with a non-zero code and no error was written", "bad", True
    ),
    "nan-loss": Reason(EXIT_FAILED, "the loss became NaN or infinite for good", "bad", True),
    "cpu-oom": Reason(EXIT_FAILED, "out of memory on the machine or in its cgroup", "bad", True),
    "cuda-oom": Reason(EXIT_FAILED, "out of memory on a GPU", "bad", True),
    "disk-full": Reason(EXIT_FAILED, "no space left on a disk, or its quota used up", "bad", True),
    "crash": Reason(
        EXIT_FAILED, "native code crashed (SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE)", "bad", True
    ),
    "signal": Reason(EXIT_FAILED, "a signal ended the process", "bad", True),
    "distributed": Reason(EXIT_FAILED, "communication between the processes of the job failed", "bad", True),
    "cuda-error": Reason(EXIT_FAILED, "a CUDA call failed", "bad", True),
    "gpu-hardware": Reason(EXIT_FAILED, "a GPU or its driver failed", "bad", True),
    "node-failure": Reason(EXIT_FAILED, "the machine or node failed", "bad", True),
    "preempted": Reason(EXIT_STOPPED, "the scheduler took the machine back", "neutral", True),
    "cancelled": Reason(
        EXIT_STOPPED, "the scheduler or an administrator cancelled the job", "neutral", False
    ),
    "hang": Reason(EXIT_FAILED, "it made no progress any more", "bad", True),
    "launch-failed": Reason(EXIT_FAILED, "the command could not be started", "bad", False),
    "failed": Reason(EXIT_FAILED, "it failed in a way that fits no other reason", "bad", True),
    "time-limit": Reason(EXIT_STOPPED, "its time limit ended it", "neutral", False),
    "stopped-by-user": Reason(EXIT_STOPPED, "a user stopped it", "neutral", False),
    "skipped": Reason(
        EXIT_STOPPED, "a user skipped the rest of the quick phase, with a written reason", "neutral", False
    ),
    "lost": Reason(EXIT_LOST, "it is gone and nobody wrote how it ended", "bad", False),
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
        """The result in an event; a state that only a newer version knows waits for a person."""
        state: GateState = data["state"] if data["state"] in GATE_MARKS else "open"
        texts = {key: value for key, value in data.items() if isinstance(value, str)}
        return cls(texts["name"], state, texts.get("sentence", ""), texts.get("advice", ""))


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
