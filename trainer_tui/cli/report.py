"""The report block of the document: what a person, or an agent, gets to read when a run fails."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from trainer_tui.runs.events import read_events
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.plan import PHASE_TITLES
from trainer_tui.runs.state import RunState
from trainer_tui.runs.verdict import EXIT_GATE, EXIT_LOST

_HEADS = {EXIT_GATE: "GATE FAILED after", EXIT_LOST: "RUN LOST during"}


def report(run: RunFolder, state: RunState) -> dict[str, Any]:
    """The facts of a failed (or failing) run for a machine to read."""
    from trainer_tui.failures import error_type  # a view that reports no failure starts without it

    # A gate that failed, or a person who stopped the run, is the cause; what was seen before is not.
    incident = None if state.reason == "gate-failed" or _wanted(state) else state.failure
    kind = incident.kind if incident else state.reason
    return {
        "model": state.model,
        "run": state.name,
        "phase": state.phase,
        "process_id": state.pid,
        "log_file": str(run.log()),
        "run_folder": str(run.path),
        "error": incident.message if incident else state.sentence,
        "line": incident.line if incident else None,
        "source": _source(incident),
        "excerpt": incident.excerpt if incident else "",
        "time": _time(run, state, incident),
        "error_type": error_type(kind),
        "kind": kind,
        "severity": _severity(state),
        "reason": state.reason or None,
        "sentence": state.sentence or None,
        "failed_gates": [gate.to_dict() for gate in state.gates if gate.state == "failed"],
        "what_to_do": _what_to_do(run, state, incident),
        "diary": str(_diary(run)),
        "diary_entry": state.diary[0][0] if state.diary else None,
        "exit_code": state.exit_code if state.over else None,
    }


def report_block(run: RunFolder, state: RunState) -> list[str]:
    """The same as the document's block of text, line by line; a gate's block names the gates."""
    facts = report(run, state)
    head = "STOPPED during" if _wanted(state) else "ERROR DETECTED during"
    head = _HEADS.get(state.exit_code if state.over else 0, head)
    lines = [
        f"{head} {PHASE_TITLES.get(state.phase, state.phase)}",
        "",
        f"Model: {facts['model']} (run {facts['run']})",
        f"Process ID: {facts['process_id'] or 'never started'}",
        f"Log file: {facts['log_file']}",
    ]
    if state.reason == "gate-failed":
        lines += [
            f"Run folder: {run.path}",
            f"Actual Training Time: {(state.duration_s or 0) / 3600:.4f} hours",
        ]
        lines += [f"{gate['name']}: {gate['sentence']}" for gate in facts["failed_gates"]]
    else:
        lines += [
            f"Error: {facts['error']}",
            f"Line: {facts['line']} (of the log)" if facts["line"] is not None else "Line: not in the log",
        ]
    if facts["source"]:
        lines.append(f"Source: {facts['source']}")
    lines.append(f"Timestamp: {facts['time']}")
    typed = state.reason != "gate-failed" and facts["error_type"]
    return [
        *lines,
        "",
        *([f"Error Type: {facts['error_type']} ({facts['kind']})"] if typed else []),
        f"Severity: {facts['severity']}",
        "",
        "Action Required:",
        *(f"  - {hint}" for hint in facts["what_to_do"]),
    ]


def _severity(state: RunState) -> str:
    if not state.over:
        return "CRITICAL (training still runs)"
    if state.reason == "gate-failed":
        return "WARNING (the run ended, but does not count)"
    return "NOTICE (ended on purpose)" if _wanted(state) else "CRITICAL (training halted)"


def _wanted(state: RunState) -> bool:
    """Whether a person, a limit or the scheduler ended it: nothing went wrong."""
    return state.over and state.tone == "neutral"


def _source(incident: Incident | None) -> str | None:
    """Where in the code it happened: the innermost frame of the traceback."""
    return incident.frames[-1] if incident is not None and incident.frames else None


def _time(run: RunFolder, state: RunState, incident: Incident | None) -> str | None:
    """When it was seen first; without an incident, when the run ended."""
    if incident is not None:
        for event in read_events(run.events):
            if event["kind"] == "incident" and (event.get("incident") or {}).get("id") == incident.id:
                return str(event["time"])
    return state.ended or None


def _diary(run: RunFolder) -> Path:
    return run.path.parents[1] / "dev_diary.md"


def _what_to_do(run: RunFolder, state: RunState, incident: Incident | None) -> list[str]:
    """What proposes itself, most specific first."""
    steps = list(incident.hypotheses) if incident is not None else []
    again = f"`trainer-tui watch {state.model}` starts the next attempt"
    if state.reason == "gate-failed":
        steps += [f"{g.name}: {g.advice or 'mend it'}" for g in state.gates if g.state == "failed"]
    elif not state.over:
        again = f"`trainer-tui stop {state.model}` ends it, {again}"
    elif state.exit_code == EXIT_LOST:
        steps.append("look into the log and at the machine: nobody wrote how the run ended")
    elif not _wanted(state) and not steps:
        place = _source(incident) or (
            f"line {incident.line} of the log" if incident and incident.line else "the log"
        )
        steps.append(f"look at {place}, and mend what is wrong")
    if state.diary:
        steps.append(f"write up diary entry #{state.diary[0][0]} in {_shown(_diary(run))}")
    return [*steps, again]


def _shown(path: Path) -> str:
    """A path as short as it can be written here."""
    near = os.path.relpath(path)
    return str(path) if near.startswith("..") else near
