"""Longer texts that a screen shows on request."""

from __future__ import annotations

from textual.content import Content

from trainer_tui.runs.incident import Incident
from trainer_tui.runs.state import RunState
from trainer_tui.runs.text import clean, clean_lines
from trainer_tui.tui.headlines import Piece
from trainer_tui.tui.pictures import RunPicture
from trainer_tui.tui.styles import lines
from trainer_tui.tui.widgets.lists import gate_row

_MOST = 20_000
"""Characters of one text that are shown."""

_BLANK: list[Piece] = [("", "plain")]


def gates_text(picture: RunPicture | None) -> Content:
    """Every gate of the watch with its sentence and what to do about it."""
    rows: list[list[Piece]] = []
    for state in (*picture.earlier, picture.state) if picture else ():
        if not state.gates:
            continue
        rows.append([(f"{state.phase} #{state.number}", "plain")])
        for gate in state.gates:
            rows.append([("  ", "plain"), *gate_row(gate)])
            if gate.advice:
                rows.append([(f"      → {clean(gate.advice, 400)}", "plain")])
        rows.append(_BLANK)
    return lines(rows or [[("the gates are judged when the process has ended", "dim")]])


def stack_text(state: RunState | None) -> Content | None:
    """The newest stacks that were taken, below the incident they belong to; None when none were.

    A silence that the run recovered from keeps its stacks: where it waited is worth knowing afterwards too.
    """
    for incident in reversed(state.incidents if state else ()):
        stacks = _stacks(incident)
        if stacks:
            head: list[Piece] = [(f"{clean(incident.message, 400)} ({incident.fate})", "dim")]
            rows: list[list[Piece]] = [[(line, "plain")] for line in clean_lines(stacks[:_MOST]).split("\n")]
            return lines([head, _BLANK, *rows])
    return None


def _stacks(incident: Incident) -> str:
    stacks = incident.facts.get("stacks")
    if stacks:
        return stacks if isinstance(stacks, str) else "\n".join(map(str, stacks))
    return incident.excerpt if incident.source == "silence" else ""
