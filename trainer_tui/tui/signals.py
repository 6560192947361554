"""From events to the lines of the Signals pane, newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from trainer_tui.runs.events import Event
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.text import clean
from trainer_tui.tui.headlines import end_sign
from trainer_tui.tui.pictures import Signal, Tone

SIGNS: dict[Tone, str] = {"plain": "·", "dim": "·", "good": "✔", "warning": "▲", "bad": "✘", "blind": "◌"}

Line = tuple[Tone, str]


def signals_of(events: Iterable[Event], limit: int = 200) -> tuple[Signal, ...]:
    """What the events tell a person, newest first; an incident stands once, with its latest fate."""
    found: dict[str, Signal] = {}
    for number, event in enumerate(events):
        line = _line(event)
        if line is None:
            continue
        tone, text = line
        key = _incident_key(event) or f"event {number}"
        found.pop(key, None)
        found[key] = Signal(str(event.get("time", "")), SIGNS[tone], tone, clean(text, 400))
    return tuple(reversed(list(found.values())[-limit:]))


def _line(event: Event) -> Line | None:
    teller = _TELLERS.get(str(event.get("kind")))
    if teller is None:
        return None
    try:
        return teller(event)
    except (AttributeError, KeyError, TypeError, ValueError):
        return "dim", f"an event of the kind {event.get('kind')} that cannot be read"


def _incident_key(event: Event) -> str:
    incident = event.get("incident")
    return f"incident {incident.get('id')}" if isinstance(incident, dict) else ""


def _incident(event: Event) -> Line:
    incident = Incident.from_dict(event["incident"])
    if incident.fate == "recovered":
        return "dim", f"{incident.kind}: {incident.message} (training went on)"
    if incident.severity == "error" and incident.fate == "confirmed":
        return "bad", f"{incident.kind}: {incident.message}"
    tone: Tone = "dim" if incident.severity == "notice" else "warning"
    suspected = " (suspected)" if incident.severity == "error" else ""
    return tone, f"{incident.kind}: {incident.message}{suspected}"


def _gates(event: Event) -> Line | None:
    """What waits for a person; what failed or passed, the end says."""
    waiting = [str(r["name"]) for r in event["results"] if r["state"] == "open"]
    return ("warning", "gates wait for you: " + ", ".join(waiting)) if waiting else None


def _forecast(event: Event) -> Line:
    warning = str(event.get("warning") or "")
    text = f"forecast of the full run: {event.get('text', '')}"
    return ("warning", f"{text}; {warning}") if warning else ("plain", text)


def _ended(event: Event) -> Line:
    reason, sentence = str(event.get("reason", "failed")), str(event.get("sentence", ""))
    return end_sign(reason)[1], f"{reason}: {sentence}" if sentence else reason


def _restart(event: Event) -> Line:
    why = event.get("why", "")
    if not event.get("again"):
        return "plain", f"no automatic restart: {why}"
    return "warning", f"automatic restart, attempt {event.get('attempt', '?')}: {why}"


def _left_behind(event: Event) -> Line:
    processes = event.get("processes") or ()
    return (
        "warning",
        f"{len(processes)} process{'es' if len(processes) != 1 else ''} outlived the training process",
    )


def _tried(event: Event) -> Line | None:
    """Only a proposed fix is news; the rest stands in the entry."""
    if event.get("stage") != "fix":
        return None
    return "good", f"diary entry #{event.get('entry', '?')}: a fix is proposed, e looks at it"


def _because(word: str) -> Callable[[Event], Line]:
    return lambda event: ("plain", f"{word}: {event['why']}" if event.get("why") else word)


_TELLERS: dict[str, Callable[[Any], Line | None]] = {
    "started": lambda event: ("dim", f"training process {event.get('pid', '?')} started"),
    "supervisor": lambda event: (
        ("plain", "a supervisor took over") if event.get("resumed") else ("dim", "supervisor started")
    ),
    "log": lambda event: ("warning", f"the log was {event.get('what', 'changed')}"),
    "blind": lambda event: ("blind", f"blind ({event.get('source', '?')}): {event.get('why', '')}"),
    "sighted": lambda event: ("plain", f"sees again: {event.get('source', '?')}"),
    "incident": _incident,
    "diary": lambda event: ("plain", f"diary entry #{event.get('entry', '?')} opened"),
    "tried": _tried,
    "paused": _because("paused"),
    "continued": _because("goes on"),
    "stopping": _because("stopping"),
    "left-behind": _left_behind,
    "gates": _gates,
    "forecast": _forecast,
    "phase-skipped": lambda event: (
        "warning",
        f"{event.get('phase', 'quick')} skipped: {event.get('why', '')}",
    ),
    "note": lambda event: ("plain", f"note: {event.get('text', '')}"),
    "restart": _restart,
    "ended": _ended,
}
