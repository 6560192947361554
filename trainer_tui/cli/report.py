"""The report block of the document: what a person, or an agent, gets to read when a run fails."""

from __future__ import annotations

from typing import Any

from trainer_tui.runs.incident import Incident
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.plan import PHASE_TITLES
from trainer_tui.runs.state import RunState
from trainer_tui.runs.text import clean

RESOURCE_KINDS = frozenset(
    "cpu-oom cuda-oom disk-full killed signal native-crash gpu-hardware cuda-error distributed node-failure "
    "preempted cancelled time-limit network hang permission".split()
)
DATA_KINDS = frozenset("bad-input checkpoint data".split())


def error_type(incident: Incident | None) -> str:
    """The document's three types: implementation, data, resource."""
    kind = incident.kind if incident is not None else ""
    if kind in RESOURCE_KINDS:
        return "resource"
    return "data" if kind in DATA_KINDS else "implementation"


def _severity(state: RunState) -> str:
    if not state.over:
        return "CRITICAL (training still runs)"
    return "WARNING (the run ended, but does not count)" if state.reason == "gate-failed" else "CRITICAL (training halted)"


def report(run: RunFolder, state: RunState) -> dict[str, Any]:
    """The facts of a failed (or failing) run for a machine to read."""
    incident = state.failure
    return {
        "model": state.model,
        "run": state.name,
        "phase": state.phase,
        "process_id": state.pid,
        "log_file": str(run.log()),
        "error": incident.message if incident else state.sentence,
        "line": incident.line if incident else None,
        "time": state.ended or None,
        "error_type": error_type(incident),
        "kind": incident.kind if incident else state.reason,
        "severity": _severity(state),
        "reason": state.reason or None,
        "sentence": state.sentence or None,
        "what_to_do": list(incident.hypotheses) if incident else [],
        "diary_entry": state.diary[0][0] if state.diary else None,
        "exit_code": state.exit_code if state.over else None,
    }


def report_block(run: RunFolder, state: RunState) -> str:
    """The same as the document's block of text; another one for a run that no error ended."""
    lines = _gate_block(run, state) if state.reason == "gate-failed" else _error_block(run, state)
    return "\n".join(clean(line) for line in lines)


def _error_block(run: RunFolder, state: RunState) -> list[str]:
    facts = report(run, state)
    entry = f"diary entry #{facts['diary_entry']} in output/dev_diary.md" if facts["diary_entry"] else "the diary"
    return [
        f"ERROR DETECTED during {PHASE_TITLES.get(state.phase, state.phase)}",
        "",
        f"Model: {facts['model']} (run {facts['run']})",
        f"Process ID: {facts['process_id'] or 'never started'}",
        f"Log file: {facts['log_file']}",
        f"Error: {facts['error']}",
        f"Line: {facts['line'] if facts['line'] is not None else 'not in the log'}",
        f"Timestamp: {facts['time'] or 'it still runs'}",
        "",
        f"Error Type: {facts['error_type']} ({facts['kind']})",
        f"Severity: {facts['severity']}",
        "",
        f"Action Required: fix and retry; write up {entry}",
        *(f"  - {hint}" for hint in facts["what_to_do"]),
    ]


def _gate_block(run: RunFolder, state: RunState) -> list[str]:
    failed = [gate for gate in state.gates if gate.state == "failed"]
    return [
        f"GATE FAILED after {PHASE_TITLES.get(state.phase, state.phase)}",
        "",
        f"Model: {state.model} (run {state.name})",
        f"Run folder: {run.path}",
        f"Actual Training Time: {(state.duration_s or 0) / 3600:.4f} hours",
        *(f"{gate.name}: {gate.sentence}" for gate in failed),
        "",
        "Action Required:",
        *(f"  - {gate.name}: {gate.advice or 'mend it and retry'}" for gate in failed),
    ]
