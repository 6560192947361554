"""What is known of an entry's incident, gathered from its run's folder and shown beside the entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trainer_tui.diary import parse
from trainer_tui.diary.advice import run_of
from trainer_tui.diary.marker import marker_of, quoted
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.text import clean, clean_lines
from trainer_tui.tui.headlines import Piece
from trainer_tui.tui.histories import ledger_of
from trainer_tui.tui.pictures import Tone

if TYPE_CHECKING:
    from trainer_tui.tui.diary.curve import CurveWindow

_MOST = 20_000
"""Characters of an excerpt that are shown."""

_FRAMES = 12
CURVE_HEIGHT = 6


@dataclass(frozen=True, slots=True)
class Evidence:
    """The incident of an entry, and the curve around it."""

    run: str = ""
    """`model_3/007-full`; '' where the entry names none."""
    incident: Incident | None = None
    curve: CurveWindow | None = None
    why: str = ""
    """Why something is not there."""


def gather(output: Path, text: str, go_on: Callable[[], bool]) -> Evidence:
    """The evidence of the entry with this text. Reads files: call it in a thread. Never raises OSError.

    `go_on`: False once nobody wants it any more.
    """
    entries = parse(text).entries
    name = run_of(entries[0]) if entries else None
    model, _, folder = (name or "").rpartition("/")
    if not entries or not model or "/" in model or model.startswith(".") or folder.startswith("."):
        return Evidence(why="the entry names no run")
    run = RunFolder(output / model / folder)
    if run.request() is None:
        return Evidence(run.name, why=f"the run {clean(run.name, 80)} is not here any more")
    try:
        ledger = ledger_of(run)
        ledger.read(lambda done: go_on())
    except OSError as error:
        return Evidence(run.name, why=f"its history cannot be read: {error.strerror or error}")
    mark = marker_of(entries[0])
    wanted = mark.incident if mark is not None else None
    incident = next((each for each in ledger.incidents if wanted and quoted(each.id) == wanted), None)
    if incident is None and (mark is None or wanted):
        incident = ledger.state.failure  # an entry written by hand says no more than its run
    from trainer_tui.tui.diary.curve import curve_around

    with ledger.lock:
        curve = curve_around(ledger.page().history, ledger.main_metric, incident, ledger.reached)
    return Evidence(run.name, incident, curve, "" if incident else "no incident belongs to this entry")


def evidence_rows(evidence: Evidence | None, width: int) -> list[list[Piece]]:
    """All of it as lines: what broke, the curve, the likely causes, where in the code, the log."""
    if evidence is None:
        return [[("looking into the run …", "dim")]]
    rows: list[list[Piece]] = []
    incident = evidence.incident
    if incident is not None:
        tone: Tone = "bad" if incident.fate == "confirmed" else "warning"
        sign = "✘" if incident.severity == "error" else "▲"
        rows.append([(f"{sign} {clean(incident.message, 400)}", tone)])
        line = f", line {incident.line:,}" if incident.line is not None else ""
        rows.append([(f"{incident.kind}, {incident.fate}, seen in: {incident.source}{line}", "dim")])
    if evidence.why:
        rows.append([(clean(evidence.why, 200), "dim")])
    if evidence.curve is not None:
        from trainer_tui.tui.diary.curve import curve_rows

        rows += [_BLANK, *curve_rows(evidence.curve, width, CURVE_HEIGHT)]
    if incident is None:
        return rows
    if incident.hypotheses:
        rows += [_BLANK, [("Likely causes", "good")]]
        rows += [[(f"• {clean(cause, 400)}", "plain")] for cause in incident.hypotheses]
    if incident.frames:
        rows += [_BLANK, [("Where", "good")]]
        rows += [[(clean(frame, 300), "plain")] for frame in incident.frames[-_FRAMES:]]
    if incident.excerpt:
        rows += [_BLANK, [("Log", "good")]]
        rows += [[(row, "dim")] for row in clean_lines(incident.excerpt[:_MOST]).split("\n")]
    return rows


_BLANK: list[Piece] = [("", "plain")]
