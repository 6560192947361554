"""What went wrong: each incident with its evidence, what it probably was, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trainer_tui.report.blocks import Block, Facts, Group, Item, Items, Listing, Text
from trainer_tui.report.charts import numbered, tone_of
from trainer_tui.report.facts import RunFacts, WatchFacts
from trainer_tui.runs.clock import parse_utc
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.plan import PHASE_NAMES
from trainer_tui.runs.text import clean, clean_lines
from trainer_tui.runs.units import counted

_MOST = 30
"""Incidents of a run that are told at length."""
_EXCERPT_LINES = 60
_SEVERITY = {"error": "✘", "warning": "▲", "notice": "·"}
_FATES = {
    "recovered": "training went on",
    "suspected": "not decided",
    "confirmed": "confirmed",
}


def incidents(watch: WatchFacts) -> list[Block]:
    """The incidents of every run, the newest run first; notices in one list."""
    blocks: list[Block] = []
    for run in reversed(watch.runs):
        found = numbered(run)
        if not found:
            continue
        told = [pair for pair in found if pair[1].severity != "notice"]
        notices = [pair for pair in found if pair[1].severity == "notice"]
        first_with: dict[tuple[str, ...], str] = {}
        for number, incident in told:
            first_with.setdefault(incident.hypotheses, number)
        inner: list[Block] = [
            _incident(run, number, incident, first_with[incident.hypotheses])
            for number, incident in told[:_MOST]
        ]
        if len(told) > _MOST:
            inner.append(Text(f"{counted(len(told) - _MOST, 'more', 'more')} not told here.", "dim"))
        if notices:
            inner.append(Items(tuple(_notice(*pair) for pair in notices[:_MOST])))
        name = PHASE_NAMES.get(run.state.phase, run.state.phase)
        blocks.append(Group(f"#{run.run.number} {name}", tuple(inner)))
    return blocks or [Text("None.", "dim")]


def _incident(run: RunFacts, number: str, incident: Incident, told_in: str) -> Group:
    sign = _SEVERITY.get(incident.severity, "·")
    blocks: list[Block] = [Text(_where(run, incident), "dim")]
    if incident.excerpt.strip():
        blocks.append(Listing(_excerpt(incident.excerpt)))
    if incident.hypotheses and told_in != number:
        blocks.append(Text(f"Probable causes: as of incident {told_in}."))
    elif incident.hypotheses:
        blocks.append(Text("Probable causes, what to try first, none of it tested:"))
        items = (Item(f"{n}.", clean(text, 600)) for n, text in enumerate(incident.hypotheses, 1))
        blocks.append(Items(tuple(items)))
    if facts := tuple(_facts(incident.facts)):
        blocks.append(Facts(facts))
    entry = next((n for n, of in run.state.diary if of == incident.id), None)
    if entry is not None:
        blocks.append(Text(f"Diary entry #{entry} is about it.", "dim"))
    title = f"{number}. {clean(incident.kind, 60)}: {clean(incident.message, 300)}"
    return Group(title, tuple(blocks), tone_of(incident), sign)


def _notice(number: str, incident: Incident) -> Item:
    return Item("·", clean(f"{number}. {incident.kind}: {incident.message}", 400), "dim")


def _where(run: RunFacts, incident: Incident) -> str:
    """`error, confirmed; seen in the log, line 1081; 2026-01-25 14:30:05`."""
    parts = [f"{incident.severity}, {_FATES.get(incident.fate, incident.fate)}"]
    seen = f"seen by {incident.source}" if incident.source != "log" else "seen in the log"
    parts.append(seen + (f", line {incident.line:,}" if incident.line else ""))
    if incident.frames:
        parts.append(f"raised at {incident.frames[-1]}")
    moment = parse_utc(run.incident_times().get(incident.id, ""))
    if moment is not None:
        parts.append(moment.strftime("%Y-%m-%d %H:%M:%S"))
    return clean("; ".join(parts), 600)


def _excerpt(text: str) -> str:
    lines = clean_lines(text).strip("\n").split("\n")
    if len(lines) <= _EXCERPT_LINES:
        return "\n".join(lines)
    half = _EXCERPT_LINES // 2
    left_out = f"… {len(lines) - 2 * half} lines left out …"
    return "\n".join([*lines[:half], left_out, *lines[-half:]])


def _facts(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What was known at that moment, as far as it is short."""
    for name, value in facts.items():
        if isinstance(value, str) and " " in value.strip() and not _nested(value):
            yield clean(name.replace("_", " "), 60), clean(value, 400)
    words = {name: value for name, value in facts.items() if not (isinstance(value, str) and " " in value)}
    groups = {"known": words} | {name: value for name, value in facts.items() if isinstance(value, Mapping)}
    for name, values in groups.items():
        told = [f"{key} {_short(v)}" for key, v in values.items() if not _nested(v)]
        if told:
            yield clean(name.replace("_", " "), 60), clean(", ".join(told), 400)


def _nested(value: Any) -> bool:
    """Whether it is more, or less, than a word."""
    if isinstance(value, str):
        return not value.strip() or "\n" in value.strip()
    return value is None or isinstance(value, Mapping | list | tuple)


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
