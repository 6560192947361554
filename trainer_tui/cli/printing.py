"""Words and tables for the terminal and for pipes."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

from trainer_tui.cli.streams import is_unicode, put
from trainer_tui.runs.clock import duration_text, parse_utc
from trainer_tui.runs.events import Event
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.plan import PHASE_NAMES
from trainer_tui.runs.state import RunState
from trainer_tui.runs.text import ESCAPED, clean
from trainer_tui.runs.units import counted
from trainer_tui.runs.verdict import GATE_MARKS, GateResult, Tone

FATE_MARKS = {"suspected": "▲", "confirmed": "✘", "recovered": "✔"}
SEVERITY_MARKS = {"notice": "·", "warning": "▲", "error": "✘"}
END_MARKS: dict[Tone, str] = {"good": "✔", "neutral": "■", "bad": "✘"}


def print_json(document: Any) -> None:
    """One JSON document on one line, flushed: pipes are read line by line.

    JSON has no NaN and no infinity: they become null.
    """
    put(_json(document) + "\n")


def say(text: str) -> None:
    """A line for people, without control sequences that came from outside."""
    put(clean(text) + "\n")


def complain(text: str) -> None:
    """A line on standard error."""
    print(f"trainer-tui: {clean(text)}", file=sys.stderr, flush=True)


def table(rows: Sequence[Sequence[str]], header: Sequence[str]) -> None:
    """Columns as wide as their content; the last one is cut to the terminal."""
    rows = [[clean(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    room = _columns()
    for row in (header, *rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        put((line[:room] if sys.stdout.isatty() else line) + "\n")


def state_words(state: RunState) -> str:
    """`● running 12:10` or `✘ nan-loss after 0:45: train_loss is nan …`."""
    took = duration_text(state.duration_s)
    if state.over:
        return f"{END_MARKS[state.tone]} {state.reason} after {took}: {state.sentence}"
    blind = "; ".join(f"blind: {why}" for _, why in state.blind)
    return f"● {state.status} {took}" + (f" ({blind})" if blind else "")


def run_title(state: RunState) -> str:
    """`model_3 #7 full (5B)`."""
    return f"{state.model} #{state.number} {PHASE_NAMES.get(state.phase, state.phase)}"


def gate_line(result: GateResult) -> str:
    """One line of a checklist."""
    advice = f" → {result.advice}" if result.advice and result.state in ("failed", "open") else ""
    return f"{GATE_MARKS[result.state]} {result.name:<10} {result.sentence}{advice}"


count_text = counted


def is_bookkeeping(event: Event) -> bool:
    """Whether an event is for programs alone: where reading goes on, or the answer to a note that follows."""
    noted = event["kind"] == "control" and event.get("request") == "note" and event.get("outcome") == "noted"
    return event["kind"] == "cursor" or noted


def event_line(event: Event) -> str:
    """An event for people: local time, kind, and what matters of it."""
    moment = parse_utc(str(event.get("time", "")))
    clock = moment.astimezone().strftime("%H:%M:%S") if moment else "--:--:--"
    return f"{clock} {_told(event)}"


def _told(event: Event) -> str:
    tell = _TOLD.get(event["kind"])
    if tell is not None:
        return tell(event)
    details = {k: v for k, v in event.items() if k not in ("time", "kind")}
    return (
        f"{event['kind']} {json.dumps(details, ensure_ascii=False, default=str)}"
        if details
        else str(event["kind"])
    )


def _incident(event: Event) -> str:
    incident = Incident.from_dict(event["incident"])
    mark = FATE_MARKS[incident.fate] if incident.severity == "error" else SEVERITY_MARKS[incident.severity]
    where = f" (log line {incident.line})" if incident.line else ""
    return f"{mark} {incident.severity} {incident.fate}: {incident.message}{where}"


def _gates(event: Event) -> str:
    results = [GateResult.from_dict(r) for r in event.get("results", ())]
    return "gates\n" + "\n".join(f"         {gate_line(result)}" for result in results)


def _forecast(event: Event) -> str:
    warning = f" ▲ {event['warning']}" if event.get("warning") else ""
    return f"forecast of the full run: {event.get('text', '')} ({event.get('basis', '')}){warning}"


def _by(event: Event) -> str:
    return f" by {event['by']}" if event.get("by") else ""


def _exited(event: Event) -> str:
    how = f"signal {event['signal']}" if event.get("signal") else f"exit code {event.get('code')}"
    return f"the process ended with {how} after {duration_text(event.get('duration_s'))}"


TRIED = {
    "test": "this attempt was noted as a test",
    "result": "what the attempt showed was noted",
    "fix": "a fix is proposed",
}
"""What was written into an entry about an attempt."""

_TOLD: dict[str, Callable[[Event], str]] = {
    "supervisor": lambda e: (
        f"supervisor {'took over' if e.get('resumed') else 'started'} (pid {e.get('pid')})"
    ),
    "launched": lambda e: "launched",
    "started": lambda e: f"training process started (pid {e.get('pid')})",
    "log": lambda e: f"the log file was {e.get('what')}",
    "blind": lambda e: f"▲ blind: {e.get('why')}",
    "sighted": lambda e: f"{e.get('source')} can be seen again",
    "history": lambda e: f"metrics are read from {e.get('source')} ({e.get('format')})",
    "incident": _incident,
    "diary": lambda e: f"diary entry #{e.get('entry')} was opened",
    "tried": lambda e: f"diary entry #{e.get('entry')}: {TRIED.get(str(e.get('stage')), 'noted')}",
    "control": lambda e: f"{e.get('request')}{_by(e)}: {e.get('outcome')}",
    "paused": lambda e: f"paused: {e.get('why')}",
    "continued": lambda e: "goes on",
    "stopping": lambda e: f"stopping: {e.get('why')}",
    "left-behind": lambda e: (
        f"▲ {counted(len(e.get('processes', ())), 'process', 'processes')} outlived the training process"
    ),
    "exited": _exited,
    "gates": _gates,
    "forecast": _forecast,
    "phase-skipped": lambda e: f"{e.get('phase')} skipped: {e.get('why')}",
    "note": lambda e: f"note{_by(e)}: {e.get('text')}",
    "restart": lambda e: f"{'restart' if e.get('again') else 'no restart'}: {e.get('why')}",
    "ended": lambda e: f"ended: {e.get('reason')}: {e.get('sentence')}",
}


def _json(document: Any) -> str:
    ascii_only = not is_unicode()
    try:
        text = json.dumps(document, ensure_ascii=ascii_only, default=_plain, allow_nan=False)
    except ValueError:
        plain = json.loads(json.dumps(document, default=_plain))
        text = json.dumps(_finite(plain), ensure_ascii=ascii_only, allow_nan=False)
    return text.translate(ESCAPED)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)


def _columns() -> int:
    try:
        return os.get_terminal_size().columns
    except OSError:
        return 160
