"""The three types of error that the report block knows, and the type of every kind."""

from __future__ import annotations

_RESOURCE = {
    *("cpu-oom", "cuda-oom", "disk-full", "killed", "signal", "native-crash", "gpu-hardware", "cuda-error"),
    *("distributed", "node-failure", "preempted", "cancelled", "time-limit", "network", "hang", "permission"),
    "lost",
}
_DATA = {"bad-input", "checkpoint", "data"}


def error_type(kind: str) -> str | None:
    """The document's three types: implementation, data, resource; None where a person ended the run."""
    if kind in ("stopped-by-user", "skipped"):
        return None
    if kind in _RESOURCE:
        return "resource"
    return "data" if kind in _DATA else "implementation"
