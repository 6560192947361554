"""The classes of failures, and the class of every kind of incident: data.

The classes follow the published studies of failed training jobs (Philly, Acme, ByteRobust, Llama 3); what
fits none is F22, unclassified, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Retry = Literal["no", "change", "resume", "once", "wait", "none"]
"""What a restart is worth: `no`: it fails again; `change`: only after something was changed; `resume`: from
the last good checkpoint; `once`: it may have been chance, try once; `wait`: later, when the cause outside is
gone; `none`: nothing failed that a restart could mend."""


@dataclass(frozen=True, slots=True)
class FailureClass:
    """One class of the taxonomy."""

    id: str
    title: str
    retry: Retry
    advice: str
    """One sentence: whether to run again, and after what."""


_NO = "It fails again at the same place: mend it first."

CLASSES: tuple[FailureClass, ...] = (
    FailureClass(
        "F01", "host memory", "change", "It runs out of memory again unless it needs less or gets more."
    ),
    FailureClass("F02", "bad input", "no", _NO),
    FailureClass("F03", "environment", "no", _NO),
    FailureClass(
        "F04", "native crash", "once", "Try once: a crash that comes again at the same place is a fault."
    ),
    FailureClass("F05", "checkpoint", "resume", "Resume from the checkpoint before the broken one."),
    FailureClass("F06", "disk full", "change", "Make room first."),
    FailureClass(
        "F07", "GPU memory", "change", "It runs out of memory again unless the batch or the model shrinks."
    ),
    FailureClass(
        "F08",
        "CUDA or collective error",
        "once",
        "Try once from the last checkpoint, and look for the rank that failed first.",
    ),
    FailureClass("F09", "GPU hardware", "wait", "Not on this GPU before it was reset or replaced."),
    FailureClass("F10", "exception of the script", "no", _NO),
    FailureClass(
        "F11",
        "data loader or shared memory",
        "change",
        "Fewer workers, or more shared memory and file descriptors.",
    ),
    FailureClass(
        "F12", "network or service", "wait", "Again when the service answers, from the last checkpoint."
    ),
    FailureClass("F13", "permission", "no", _NO),
    FailureClass(
        "F14",
        "non-finite or diverging numbers",
        "resume",
        "Roll back to before it began, with a smaller learning rate or other data.",
    ),
    FailureClass(
        "F15",
        "hidden non-finite numbers",
        "resume",
        "Roll back: the trainer hid a value that was not finite.",
    ),
    FailureClass(
        "F16", "hang", "once", "Look at the stacks before it is ended; then from the last checkpoint."
    ),
    FailureClass("F17", "slowdown", "none", "It runs on, slower than it could."),
    FailureClass(
        "F18", "silent early end", "no", "It ended well by its own account, and without what it was to make."
    ),
    FailureClass(
        "F19",
        "ended from outside",
        "resume",
        "Resume from the last checkpoint, with more time if time ran out.",
    ),
    FailureClass(
        "F20",
        "training does not learn well",
        "none",
        "A matter of hyper-parameters or data, not of the machine.",
    ),
    FailureClass(
        "F21",
        "the supervisor cannot see",
        "none",
        "Nothing is known of the run itself: restore the view first.",
    ),
    FailureClass("F22", "unclassified", "no", "No rule knows what this is; read the excerpt."),
)

UNCLASSIFIED = "unclassified"

_KINDS: dict[str, str] = {
    "F01": "cpu-oom killed worker-lost memory-leak",
    "F02": "bad-input",
    "F03": "environment launch-failed",
    "F04": "native-crash",
    "F05": "checkpoint",
    "F06": "disk-full disk-filling",
    "F07": "cuda-oom",
    "F08": "cuda-error distributed compile",
    "F09": "gpu-hardware gpu-errors",
    "F10": "exception config syntax library numerical exit-code trial-failed",
    "F11": "dataloader",
    "F12": "network",
    "F13": "permission",
    "F14": "nan-loss overflow non-finite diverged divergence exploding-gradient",
    "F15": "hidden-nan",
    "F16": "hang",
    "F17": "slowdown throughput-drop epoch-time-drift gpu-starved thermal-throttle long-step swapping",
    "F18": "early-end no-results gate-failed",
    "F19": "signal interrupted time-limit preempted cancelled node-failure stopped-by-user lost",
    "F20": (
        "overfitting overtraining underfitting oscillation plateau spike vanishing-gradient frozen-metric"
        " dead-metric loss-not-decreasing learning-rate-too-high sampling convergence"
    ),
    "F21": "blind",
    "F22": "unclassified log-critical",
}

_BY_ID = {known.id: known for known in CLASSES}
KINDS: dict[str, FailureClass] = {
    kind: _BY_ID[id_] for id_, kinds in _KINDS.items() for kind in kinds.split()
}
"""Every kind that a detector of ours gives, and its class."""


def class_of(kind: str) -> FailureClass:
    """The class of a kind; F22 for kinds that no table knows (those of a user's own rules)."""
    return KINDS.get(kind, _BY_ID["F22"])
