"""The entry that a run opens: every known fact filled in, every section that a person must write left empty.

Its form is the lab notebook's: The Struggle, The Investigation, The Fix, The Why (Physical Interpretation),
Actionable Next Steps, Status. Hints are HTML comments, so that they vanish when the diary is rendered and
never count as an answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trainer_tui.diary.blanks import first_empty_section
from trainer_tui.diary.lines import closed
from trainer_tui.diary.markdown import (
    bullets,
    code,
    fenced,
    leaves,
    one_line,
    table,
    tail,
    top,
)
from trainer_tui.diary.marker import marker_line
from trainer_tui.diary.sections import SECTION_TITLES
from trainer_tui.runs.clock import duration_text
from trainer_tui.runs.incident import Incident

__all__ = ["EntryFacts", "first_empty_section", "render", "render_note"]

_EXCERPT_LINES = 40
_DIFF_LINES = 200
_FRAMES = 5

_SEEN = {
    "log": "in the log",
    "exit": "from the exit status",
    "history": "in the training history",
    "resources": "in the machine's resources",
    "silence": "from the silence of log and progress",
}

_STRUGGLE_PARTS = (
    ("What Happened", "what broke, when, in which run?"),
    ("Initial Hypothesis", "what do you suspect, before a closer look?"),
)
_INVESTIGATION_HINT = "what did you try, and what did each try show? one **Test N** each, with its result"
_FIX_PARTS = (
    ("What I Did", "what did you change? before and after, as code"),
    ("Result", "how do you know that it worked? numbers"),
)
_WHY_PARTS = (
    ("Root Cause", "why did this happen? the mechanism, not the symptom"),
    ("Domain Insight", "what does that say about the data or about what is modelled?"),
    ("Implication", "what should the paper, the model or the next run take from it?"),
)
_NOTE_WHY_PARTS = (
    ("Root Cause", "why did it come out like this? what made it better or worse than the run before?"),
    *_WHY_PARTS[1:],
)
_NEXT_HINT = "what will you do next? a numbered list"


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """What is known when an entry is opened."""

    when: str
    """Local time, e.g. `2026-01-25 14:30`."""
    phase: str
    """E.g. `Phase 5B (full training)`."""
    model: str
    run: str
    """E.g. `model_3/007-full`."""
    author: str
    incident: Incident | None = None
    """None for the note on a run that passed."""
    last_metrics: Sequence[Mapping[str, Any]] = ()
    """Rows of the training history up to the failure, oldest first."""
    resources: Mapping[str, Any] = field(default_factory=dict)
    """The machine's state; names that end in `bytes` are shown as sizes."""
    changes: str = ""
    """What changed in `source/` since the last good run: a unified diff, or ''."""
    command: str = ""
    log: str = ""
    """Path of the log, as a person would open it."""
    attempt: int = 1
    duration_s: float | None = None
    results: Mapping[str, Any] = field(default_factory=dict)
    """Final numbers of a run that passed; the last row of `last_metrics` where empty."""
    outcome: str = "passed"
    """What a note says of its run, e.g. `passed`, `is running`."""


def _labelled(label: str, body: str) -> str:
    return f"**{label}**:\n{body}"


def _blank(hint: str) -> str:
    # Two blank lines: the first is for typing on, the second keeps what is typed apart from what follows.
    return f"<!-- {hint} -->\n\n"


def _section(kind: str, *parts: str) -> str:
    title = next(title for name, title in SECTION_TITLES.items() if name == kind)
    return "\n\n".join([f"### {title}", *(part for part in parts if part)])


def _head(facts: EntryFacts, number: int) -> str:
    incident = facts.incident
    place = f" line {incident.line}" if incident and incident.line else ""
    fields = {
        "Date": one_line(facts.when),
        "Phase": one_line(facts.phase),
        "Model": one_line(facts.model),
        "Run": f"{one_line(facts.run)} (attempt {facts.attempt})",
        "Author": one_line(facts.author),
        "Command": code(facts.command) if facts.command else "",
        "Log": code(facts.log) + place if facts.log else "",
    }
    rows = "\n".join(f"**{name}**: {value}" for name, value in fields.items() if value)
    marker = marker_line(facts.run, incident.id if incident else None)
    return f"## Dev Diary Entry #{number}\n\n{marker}\n\n{rows}"


def _epoch(facts: EntryFacts) -> str:
    last: Mapping[str, Any] = facts.last_metrics[-1] if facts.last_metrics else {}
    name = next((key for key in last if key.lower() == "epoch"), None)
    if name is None:
        return ""
    value = last[name]
    return f"{value:g}" if isinstance(value, int | float) else one_line(str(value), 20)


def _what_happened(facts: EntryFacts, incident: Incident) -> str:
    epoch = _epoch(facts)
    when = f" after epoch {epoch}" if epoch else ""
    if facts.duration_s is not None:
        when += f"{',' if when else ''} {duration_text(facts.duration_s)} into the run"
    # Starts with a word of ours: a line that began with a name from outside could be read as a heading.
    fate = f"({incident.severity}, {incident.fate})"
    sentence = f"Incident {code(incident.kind)} {fate}{when}: {code(incident.message)}"
    nested = (Mapping, list, tuple)
    known = {key: value for key, value in incident.facts.items() if not isinstance(value, nested)}
    return "\n\n".join(part for part in (sentence, f"Seen {_seen(incident)}.", bullets(known)) if part)


def _seen(incident: Incident) -> str:
    words = _SEEN.get(incident.source, f"by {one_line(incident.source)}")
    if incident.line is not None:
        words += f", line {incident.line}"
    if incident.offset is not None:
        words += f" (byte {incident.offset})"
    return words + (f", by the rule {code(incident.rule)}" if incident.rule else "")


def _error_message(incident: Incident) -> str:
    excerpt = tail(incident.excerpt, _EXCERPT_LINES) if incident.excerpt.strip() else ""
    message = one_line(incident.message)
    missing = message and message.rstrip("…") not in excerpt
    return fenced("\n".join(part for part in (excerpt, message if missing else "") if part))


def _hypotheses(facts: EntryFacts, incident: Incident) -> str:
    if not incident.hypotheses:
        return _labelled("Initial Hypothesis", _blank("what do you suspect, before a closer look?").rstrip())
    rows = [f"{n}. Hypothesis: {one_line(text)}" for n, text in enumerate(incident.hypotheses, 1)]
    epoch = _epoch(facts)
    where = _seen(incident) + (f", epoch {epoch}" if epoch else "")
    evidence = f"Evidence: {code(incident.message)}, seen {where}."
    return "\n".join(["**Initial Hypothesis** (proposed, none of them tested):", "", *rows, "", evidence])


def _texts(incident: Incident) -> list[str]:
    return [
        _labelled(one_line(name, 80), fenced(tail(value, _EXCERPT_LINES)))
        for name, value in leaves(incident.facts)
        if isinstance(value, str) and "\n" in value.strip()
    ]


def _changes(facts: EntryFacts) -> str:
    if not facts.changes.strip():
        return ""
    return _labelled("Changed Since the Last Good Run", fenced(top(facts.changes, _DIFF_LINES), "diff"))


def _metrics(facts: EntryFacts) -> str:
    rows = table(facts.last_metrics)
    return f"**Metrics Before the Failure**:\n\n{rows}" if rows else ""


def _machine(facts: EntryFacts) -> str:
    return f"**Machine**:\n\n{bullets(facts.resources)}" if facts.resources else ""


def _prompts(parts: Sequence[tuple[str, str]]) -> list[str]:
    return [_labelled(label, _blank(hint)).removesuffix("\n") for label, hint in parts]


def _closing(status: str) -> str:
    return _section("next", _blank(_NEXT_HINT).removesuffix("\n"), f"**Status**: {status}") + "\n"


def render(facts: EntryFacts, number: int) -> str:
    """The entry for an incident, ending in a line feed; a note (`render_note`) where there is no incident."""
    incident = facts.incident
    if incident is None:
        return render_note(facts, number)
    frames = [one_line(frame) for frame in incident.frames[-_FRAMES:]]
    known = incident.excerpt
    unseen = [frame for frame in frames if frame and frame not in known]
    # A traceback in the excerpt says the same as its frames; they are listed only where the excerpt lacks it.
    traceback_end = fenced("\n".join(frames)) if unseen and "Traceback" not in known else ""
    struggle = _section(
        "struggle",
        _labelled("What Happened", _what_happened(facts, incident)),
        _labelled("Error Message", _error_message(incident)),
        _labelled("Traceback's End", traceback_end) if traceback_end else "",
        _metrics(facts),
        _machine(facts),
        *_texts(incident),
        _changes(facts),
        _hypotheses(facts, incident),
    )
    parts = (
        _head(facts, number),
        struggle,
        _section("investigation", _blank(_INVESTIGATION_HINT).removesuffix("\n")),
        _section("fix", *_prompts(_FIX_PARTS)),
        _section("why", *_prompts(_WHY_PARTS)),
        _closing("OPEN"),
    )
    return "\n\n".join(parts)


def render_blank(number: int, fields: Mapping[str, str], title: str = "", struggle: str = "") -> str:
    """The entry that a person opens: every section with its hint, and what is known already.

    `fields`: lines of its head (`Date`, `Model`, `Run`, `Tags`); empty ones are left out. It has no marker:
    all four sections are to be written. Ends in a line feed.
    """
    name = f": {one_line(title, 200)}" if title.strip() else ""
    rows = "\n".join(f"**{label}**: {one_line(value)}" for label, value in fields.items() if value)
    told = closed(struggle.strip("\n"))
    parts = (
        f"## Dev Diary Entry #{number}{name}",
        rows,
        _section("struggle", told) if told else _section("struggle", *_prompts(_STRUGGLE_PARTS)),
        _section("investigation", _blank(_INVESTIGATION_HINT).removesuffix("\n")),
        _section("fix", *_prompts(_FIX_PARTS)),
        _section("why", *_prompts(_WHY_PARTS)),
        _closing("OPEN"),
    )
    return "\n\n".join(part for part in parts if part)


def render_note(facts: EntryFacts, number: int) -> str:
    """The entry for a run that broke nowhere, mostly one that passed: its numbers, and room for the why.

    Ends in a line feed.
    """
    last = facts.last_metrics[-1] if facts.last_metrics else {}
    passed = facts.outcome == "passed"
    took = ""
    if facts.duration_s is not None:
        duration = duration_text(facts.duration_s)
        took = f" in {duration}" if passed else f", {duration} after it started"
    numbers = bullets(facts.results or last)
    happened = "\n\n".join(
        part
        for part in (
            "### What Happened",
            f"{code(facts.run)} {one_line(facts.outcome)}{took} (attempt {facts.attempt}).",
            f"**{'Final' if passed else 'Last'} Numbers**:\n\n{numbers}" if numbers else "",
            f"**Last Epochs**:\n\n{table(facts.last_metrics)}" if len(facts.last_metrics) > 1 else "",
            _machine(facts),
            _changes(facts),
        )
        if part
    )
    why = _section("why", *_prompts(_NOTE_WHY_PARTS))
    return "\n\n".join((_head(facts, number), happened, why, _closing("PASSED" if passed else "OPEN")))
