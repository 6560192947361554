"""`exit.json` and the event `exited`, as far as they hold what a shim writes there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainer_tui.runs.files import read_json
from trainer_tui.runs.typed import Test, is_number, is_text, is_whole


def read_exit(path: Path) -> dict[str, Any] | None:
    """How the process ended, by the file its shim wrote; None when there is none, or no such document."""
    document = read_json(path)
    return None if document is None else as_exit(document)


def as_exit(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document without what is of another type than its key says: nothing that reads it has to ask."""
    return {key: value for key, value in document.items() if key not in _OF_EVENTS and _fits(key, value)}


def _fits(key: str, value: Any) -> bool:
    return value is None or key not in _TESTS or _TESTS[key](value)


def _is_limit(both: Any) -> bool:
    return isinstance(both, list) and len(both) == 2 and all(end is None or is_whole(end) for end in both)


def _are_limits(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_limit, value.values()))


def _are_levels(value: Any) -> bool:
    """Whether these are counts of the memory cgroups."""
    return isinstance(value, list) and all(
        isinstance(level, dict)
        and all(
            v is None or isinstance(v, bool) or (is_text(v) if key == "cgroup" else is_number(v))
            for key, v in level.items()
        )
        for level in value
    )


_OF_EVENTS = ("time", "kind")
"""An event of this content has them of its own."""

_TESTS: dict[str, Test] = {
    **dict.fromkeys(("code", "signal", "max_rss_bytes", "oom_kills", "memory_limit_bytes"), is_whole),
    **dict.fromkeys(("duration_s", "user_s", "sys_s"), is_number),
    **dict.fromkeys(("started", "ended", "launch_error"), is_text),
    "limits": _are_limits,
    "memory_events": _are_levels,
}
