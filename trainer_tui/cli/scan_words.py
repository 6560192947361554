"""What `scan` says of an incident: a few lines for people, one object for scripts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from trainer_tui.cli.printing import SEVERITY_MARKS, count_text
from trainer_tui.failures.meanings import meaning_of
from trainer_tui.failures.rules import Rule
from trainer_tui.failures.taxonomy import class_of
from trainer_tui.runs.incident import Incident

_ADVICE = {"error": 3, "warning": 1, "notice": 0}
"""Hypotheses that are printed for people; JSON has all of them."""
_QUOTED = 240
"""Characters of a message that are printed for people."""
_FOREIGN = re.compile(r"(site|dist)-packages[/\\]|[/\\]lib[/\\]python\d|^<frozen ")
"""Frames of libraries: where it was raised, but seldom where it is to be mended."""


def as_json_line(file: str, incident: Incident) -> dict[str, Any]:
    """The fields of an incident that a script would want, with the file's name."""
    line: dict[str, Any] = {
        "file": file,
        "line": incident.line,
        "offset": incident.offset,
        "severity": incident.severity,
        "kind": incident.kind,
        "class": class_of(incident.kind).id,
        "rule": incident.rule,
        "message": incident.message,
        "excerpt": incident.excerpt,
        "hypotheses": list(incident.hypotheses),
        "frames": list(incident.frames),
    }
    return line | {
        name: incident.facts[name] for name in ("cascade", "consequences", "chain") if name in incident.facts
    }


def as_text(file: str, incident: Incident, rules: Sequence[Rule]) -> list[str]:
    """What went wrong, where, why probably and what to try, for people: short, the most telling first."""
    said = incident.message
    if len(said) > _QUOTED:
        said = said[: _QUOTED - 1] + "…"
    lines = [f"{SEVERITY_MARKS[incident.severity]} {file}:{incident.line}: {incident.kind}: {said}"]
    advice = _ADVICE[incident.severity]
    if not advice:
        return lines
    if place := where(incident.frames):
        lines.append(f"    where  {place}")
    if meaning := meaning_of(incident, rules):
        lines.append(f"    what   {meaning}")
    for number, hint in enumerate(incident.hypotheses[:advice]):
        lines.append(f"    {'try' if number == 0 else '':<5}  {hint}")
    if incident.severity == "error":
        kind = class_of(incident.kind)
        lines.append(f"    again  {kind.advice} ({kind.id} {kind.title})")
    if count := incident.facts.get("cascade"):
        lines.append(f"    then   {count_text(count, 'more message', 'more messages')} that followed from it")
    return lines


def where(frames: Sequence[str]) -> str:
    """The innermost frame of the user's own code, and where in a library it was raised; "" without frames."""
    if not frames:
        return ""
    own = next((frame for frame in reversed(frames) if not _FOREIGN.search(frame)), "")
    raised = frames[-1]
    if not own or own == raised:
        return raised
    return f"{own}, raised in {_FOREIGN.split(raised)[-1]}"
