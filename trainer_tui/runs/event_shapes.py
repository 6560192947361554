"""What an event of each kind has to hold, so that no reader need ask: other versions write events too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trainer_tui.runs.exit_document import as_exit
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.typed import is_number, is_text, is_whole

Event = dict[str, Any]


def _has(**tests: Callable[[Any], bool]) -> Callable[[Event], bool]:
    return lambda event: all(test(event.get(name)) for name, test in tests.items())


def _is_incident(value: Any) -> bool:
    try:
        Incident.from_dict(value)
    except (AttributeError, TypeError):
        return False
    return True


def _are_gates(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(gate, dict) and is_text(gate.get("name")) and is_text(gate.get("state")) for gate in value
    )


def _are_processes(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(process, dict) for process in value)


_SHAPES: dict[str, Callable[[Event], bool]] = {
    "history": _has(source=is_text, format=is_text),
    "incident": _has(incident=_is_incident),
    "diary": _has(entry=is_whole),
    "tried": _has(entry=is_whole, stage=is_text),
    "left-behind": _has(processes=_are_processes),
    "exited": lambda event: len(as_exit(event)) >= len(event) - 2,
    "gates": _has(results=_are_gates),
    "forecast": _has(seconds_low=is_number, seconds_high=is_number),
}


def in_shape(event: Event) -> Event:
    """The event; one of a known kind whose fields are another version's, as one of a kind that nobody knows.

    So it is shown as it stands, and changes no state.
    """
    test = _SHAPES.get(event["kind"])
    return event if test is None or test(event) else {**event, "kind": f"{event['kind']} (unreadable)"}
