"""Earlier entries of the diary that tell of the same trouble, and what fixed it then."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from trainer_tui import diary
from trainer_tui.diary.checks import status_of
from trainer_tui.diary.edits import section_text
from trainer_tui.diary.lines import scan
from trainer_tui.diary.markdown import one_line
from trainer_tui.diary.marker import is_about_model
from trainer_tui.runs.incident import Incident
from trainer_tui.supervise.notebook.failed import is_open, shape

_LOOKED_AT = 2000
"""Newest entries that are looked at."""

_ASKED = 40
_FIX_LENGTH = 120
_TOLD = re.compile(r"^Incident (`+) ?(.+?) ?\1 \([^)\n]*\)[^\n]*?: (`+) ?(.*?) ?\3[ \t]*\r?$", re.MULTILINE)
_RULE = re.compile(r"by the rule (`+)([^`\n]+)\1")
_LABEL = re.compile(
    r"^\s*(?:[-*+]|\d+[.)])?\s*\*\*[^*]+\*\*\s*(?:\([^)]*\))?\s*:?|^\s*[-*+]\s+(?:Changed:\s*)?"
)
_COMMENT = re.compile(r"<!--.*?-->")
_ABOUT_US = re.compile(r"[-*+] (Run|Where):")


@dataclass(frozen=True, slots=True)
class Similar:
    """An earlier entry like this failure."""

    number: int
    score: float
    alike: tuple[str, ...]
    """What is the same: `kind`, `rule`, `message`, `model`."""
    status: str
    fix: str
    """Its fix on one line; empty where nobody wrote one."""


def similar_entries(
    notebook: diary.Diary, incident: Incident, model: str, but: frozenset[int], most: int = 2
) -> list[Similar]:
    """The most similar entries, best first. `but`: numbers of entries that are about this failure itself."""
    known = shape(incident.message)
    looked_at = (entry for entry in notebook.entries[-_LOOKED_AT:] if entry.number not in but)
    told = [(entry, tuple(_alike(entry.text, incident, known))) for entry in looked_at]
    near = [
        (sum(_WEIGHTS[what] for what in alike), entry.number, entry, alike) for entry, alike in told if alike
    ]
    found: list[tuple[float, int, tuple[str, ...], diary.Entry]] = []
    # Model and status need the entry's structure, which costs: they are asked of the nearest alone.
    for score, number, entry, alike in sorted(near, key=lambda one: one[:2])[-_ASKED:]:
        if is_about_model(entry, model):
            score, alike = score + _WEIGHTS["model"], (*alike, "model")
        found.append((score + (0.0 if is_open(entry) else 1.0), number, alike, entry))
    found.sort(key=lambda one: (one[0], one[1]), reverse=True)
    return [
        Similar(number, score, alike, one_line(status_of(entry), 40), fix_line(entry.text))
        for score, number, alike, entry in found[:most]
    ]


_WEIGHTS = {"message": 2.0, "rule": 1.5, "kind": 1.0, "model": 0.5}


def fix_line(text: str) -> str:
    """What an entry's fix says first, on one line; empty where it holds only hints, or a proposal's frame."""
    try:
        fix = section_text(text, "fix")
    except KeyError:
        return ""
    for line in scan(fix):
        if line.kind != "text" or _ABOUT_US.match(line.raw.strip()):
            continue
        said = _LABEL.sub("", _COMMENT.sub("", line.raw)).strip()
        if said and not said.startswith("<!--"):
            return one_line(said, _FIX_LENGTH)
    return ""


def _alike(text: str, incident: Incident, known: str) -> Iterator[str]:
    """What an entry has in common with an incident; of one without our sentence only the message can tell."""
    told = _TOLD.search(text)
    if told is None:
        message = incident.message.strip()
        if len(message) >= 12 and message in text:
            yield "message"
        return
    if told[4] and shape(told[4]) == known:
        yield "message"
    if told[2] == incident.kind and incident.kind not in _ANYTHING:
        yield "kind"
    rule = _RULE.search(text)
    if rule and incident.rule and rule[2] == incident.rule and incident.rule not in _ANYTHING:
        yield "rule"


_ANYTHING = frozenset({"exception", "exit-code", "failed", "traceback", "signal"})
"""Kinds and rules that fit any trouble."""
