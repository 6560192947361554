"""Where in a curve something happened: incidents, resumed training, further attempts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trainer_tui.runs.history import History
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.text import clean
from trainer_tui.tui.pictures import Tone
from trainer_tui.tui.plotting.traces import Floats, column

MOST = 200
"""Marks of one kind; more would be a wall."""

_SIGNS: dict[str, tuple[str, Tone]] = {"error": ("✘", "bad"), "warning": ("▲", "warning")}


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a row of a run."""

    row: int
    """0-based."""
    sign: str
    tone: Tone
    text: str
    x: float = 0.0
    column: str | None = None
    """The column it is about, where it is about one."""


def marks_of(
    history: History, incidents: tuple[Incident, ...], reached: dict[str, int], attempt: int
) -> list[Mark]:
    """Everything worth a mark, by row. `reached`: rows there were when an incident was first written."""
    if not history.rows:
        return []
    marks = []
    if attempt > 1:
        marks.append(Mark(0, "↺", "plain", f"attempt {attempt} begins"))
    step = history.step_column
    if step is not None:
        steps = column(history, step)
        for row in (np.flatnonzero(steps[1:] < steps[:-1])[:MOST] + 1).tolist():
            text = f"{step} goes back from {steps[row - 1]:.10g} to {steps[row]:.10g}: training resumed"
            marks.append(Mark(row, "↺", "plain", clean(text, 100)))
    told = [incident for incident in incidents if incident.severity in _SIGNS]
    for incident in told[-MOST:]:
        row_of = row_of_incident(history, incident, reached)
        if row_of is None:
            continue
        sign, tone = _SIGNS[incident.severity]
        if incident.fate == "recovered":
            tone = "dim"
        name = incident.facts.get("column")
        about = name if isinstance(name, str) and name in history.columns else None
        text = f"{clean(incident.message, 200)} ({incident.fate})"
        marks.append(Mark(row_of, sign, tone, text, column=about))
    return sorted(marks, key=lambda mark: mark.row)


def row_of_incident(history: History, incident: Incident, reached: dict[str, int]) -> int | None:
    """The 0-based row at which an incident stands; None where nothing tells."""
    row = incident.facts.get("row")
    if isinstance(row, int) and 0 <= row < history.rows:
        return row
    last = incident.facts.get("last_row")
    for name in (history.step_column, "elapsed_s"):
        value = last.get(name) if isinstance(last, dict) and name in history.columns else None
        if isinstance(value, int | float):
            found = np.flatnonzero(column(history, str(name)) == value)
            if len(found):
                return int(found[-1])
    rows = reached.get(incident.id, 0)
    return min(rows, history.rows) - 1 if rows > 0 else None


def placed(marks: list[Mark], x: Floats) -> list[Mark]:
    """The marks with their place on the x axis; those whose row has none are left out."""
    return [
        replace(mark, x=float(x[mark.row]))
        for mark in marks
        if mark.row < len(x) and np.isfinite(x[mark.row])
    ]
