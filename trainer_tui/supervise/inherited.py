"""What the events of a run say about the supervisors before this one: what was told is not told again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from trainer_tui.runs.events import Event


@dataclass(frozen=True, slots=True)
class Inherited:
    """What was done before us; a kill between two of these events leaves the second one to us."""

    resumed: bool = False
    """Whether there was anybody before us."""
    kinds: frozenset[str] = frozenset()
    """The kinds of events that were written."""
    cursor: dict[str, Any] = field(default_factory=dict)
    """Where to go on reading; empty: from the start."""
    noted: frozenset[str] = frozenset()
    """Ids of the requests whose note was written, though perhaps not answered."""
    rows: dict[str, int] = field(default_factory=dict)
    """Incident → rows that the history had when it was first told."""


def inherit(past: Sequence[Event]) -> Inherited:
    """What these events, in order, leave to whoever takes over."""
    rows: dict[str, int] = {}
    for event in past:
        told = event.get("rows")
        if event["kind"] == "incident" and isinstance(told, int):
            rows.setdefault(str(_dict(event.get("incident")).get("id")), told)
    return Inherited(
        resumed=bool(past),
        kinds=frozenset(event["kind"] for event in past),
        cursor=_cursor(past),
        noted=frozenset(str(event["id"]) for event in past if event["kind"] == "note" and "id" in event),
        rows=rows,
    )


def _cursor(past: Sequence[Event]) -> dict[str, Any]:
    """The newest cursor; the start of a log that began anew where a kill kept that from being written."""
    cursor: dict[str, Any] = next((event for event in reversed(past) if event["kind"] == "cursor"), {})
    begun_anew = sum(event["kind"] == "log" for event in past)
    if begun_anew <= int(cursor.get("generation", 0)):
        return cursor
    return {**cursor, "log_offset": 0, "line": 1, "generation": begun_anew}


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
