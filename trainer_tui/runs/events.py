"""What happened to a run, in order: `events.jsonl`, appended by its supervisor alone."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trainer_tui.runs.clock import utc_now
from trainer_tui.runs.event_shapes import in_shape
from trainer_tui.runs.files import LineAppender, is_deep, parse_records, read_new_lines, read_records
from trainer_tui.runs.secrets import mapped, masked_text

KINDS: dict[str, str] = {
    "supervisor": "a supervisor took (or took over) the run",
    "launched": "the shim was started",
    "started": "the training process is there",
    "cursor": "everything before this was scanned",
    "log": "the log file was truncated, rotated or replaced",
    "history": "metrics are taken from there",
    "blind": "the supervisor cannot see something it should",
    "sighted": "it can again",
    "incident": "something went wrong, or the fate of it is known now",
    "diary": "a diary entry was opened",
    "tried": "an attempt at an earlier failure was written into its entry",
    "control": "a request was taken up",
    "paused": "the process was stopped for a while",
    "continued": "it goes on",
    "stopping": "the process was told to end",
    "left-behind": "processes outlived the training process",
    "exited": "the process ended",
    "gates": "the checklist",
    "forecast": "what the full run will take",
    "phase-skipped": "a phase was skipped, with the reason a person wrote",
    "note": "a person's note",
    "restart": "an automatic restart follows, or why none does",
    "ended": "the run's one machine-readable end",
}
"""Every kind of event and what it means; the fields are in docs/architecture.md."""

Event = dict[str, Any]


class EventLog:
    """Writes events; what a full disk refuses is kept and written, with its own time, when there is space."""

    def __init__(self, path: Path, hide: Callable[[str], str] = masked_text) -> None:
        """`hide`: what takes secrets out of a text; by default only what has the shape of one."""
        self._lines = LineAppender(path)
        self._hide = hide

    @property
    def waiting(self) -> int:
        """Events the disk has not taken yet."""
        return self._lines.waiting

    @property
    def problem(self) -> OSError | None:
        """Why they wait."""
        return self._lines.problem

    def append(self, kind: str, **fields: Any) -> Event:
        """Record that something of this kind happened now, and return the event."""
        if kind not in KINDS:
            raise ValueError(f"unknown kind of event: {kind}")
        fields = {name: "…" if is_deep(value) else value for name, value in fields.items()}
        told = fields if kind == "cursor" else mapped(fields, self._hide)
        event: Event = {"time": utc_now(), "kind": kind, **told}
        line = json.dumps(_strict(event), ensure_ascii=False, separators=(",", ":"), default=str)
        # A lone surrogate (a file name that is not UTF-8) must not cost us the event.
        self._lines.append(line.encode("utf-8", "backslashreplace"))
        return event

    def flush(self) -> bool:
        """Try again to write what waits."""
        return self._lines.flush()


def _strict(value: Any) -> Any:
    """The value with `nan` and `inf` as words: JSON has no such numbers, so strict parsers refuse them."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {key: _strict(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(inner) for inner in value]
    return value


def read_events(path: Path) -> list[Event]:
    """Every whole event in the file, none before there is one. Raises OSError when it cannot be read."""
    return [in_shape(event) for event in read_records(path) if _is_event(event)]


def _is_event(record: Event) -> bool:
    return isinstance(record.get("kind"), str) and isinstance(record.get("time"), str)


class EventReader:
    """Reads events as they are appended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self.problem = ""
        """Why the file cannot be read; empty when it can, or is not there yet."""

    def poll(self) -> list[Event]:
        """The whole events that came since the last call."""
        try:
            lines, used = read_new_lines(self.path, self._offset)
        except FileNotFoundError:
            self.problem = ""
            return []
        except OSError as error:
            self.problem = error.strerror or str(error)
            return []
        self.problem = ""
        self._offset += used
        return [in_shape(event) for event in parse_records(lines) if _is_event(event)]
