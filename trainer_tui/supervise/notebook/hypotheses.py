"""What may have caused a failure, each guess with its evidence in brackets, the best first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trainer_tui import diary
from trainer_tui.diary.markdown import code, one_line
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.layout import RunFolder
from trainer_tui.supervise.notebook.changes import Changes
from trainer_tui.supervise.notebook.similar import Similar, similar_entries

AT_MOST = 6
_MOST_SETTINGS, _MOST_FLAGS, _MOST_SIMILAR = 3, 2, 2
_LENGTH = 380
"""Characters of one hypothesis: the entry cuts longer lines."""


@dataclass(frozen=True, slots=True)
class Guess:
    """One hypothesis."""

    weight: float
    text: str
    evidence: str

    def __str__(self) -> str:
        room = _LENGTH - min(len(self.evidence), 160)
        return f"{one_line(self.text, room)} [{one_line(self.evidence, 160)}]"


def hypotheses(
    incident: Incident,
    earlier: Sequence[Incident],
    changes: Changes,
    good: RunFolder | None,
    notebook: diary.Diary,
    model: str,
    but: frozenset[int] = frozenset(),
) -> tuple[str, ...]:
    """The likely causes, at most six.

    `earlier`: the run's other incidents; `changes`: since `good`, the last run of the phase that passed;
    `but`: entries that are about this failure itself.
    """
    guesses = [
        *_of_changes(changes, good),
        *_of_rule(incident),
        *_of_flags(incident, earlier),
        *_of_entries(similar_entries(notebook, incident, model, but, _MOST_SIMILAR)),
    ]
    found: dict[str, Guess] = {}
    for guess in sorted(guesses, key=lambda one: -one.weight):
        found.setdefault(_said(guess.text), guess)
    return tuple(str(guess) for guess in list(found.values())[:AT_MOST])


def _of_changes(changes: Changes, good: RunFolder | None) -> Iterator[Guess]:
    if good is None:
        return
    since = f"since {code(good.name)} passed"
    for rank, change in enumerate(changes.settings[:_MOST_SETTINGS]):
        yield Guess(3.0 - 0.2 * rank, f"{change.words} in this attempt", f"{change.where}, {since}")
    if changes.files:
        names = ", ".join(code(name) for name in changes.files[:3])
        rows = changes.patch.split("\n")
        added = sum(row.startswith("+") and not row.startswith("+++") for row in rows)
        gone = sum(row.startswith("-") and not row.startswith("---") for row in rows)
        yield Guess(2.1, f"the code of {names} was changed", f"{added} lines more, {gone} lines less {since}")
    for note in changes.notes:
        yield Guess(1.2, note, since)


def _of_rule(incident: Incident) -> Iterator[Guess]:
    seen = f"rule {code(incident.rule)}" if incident.rule else f"kind {code(incident.kind)}"
    line = f", line {incident.line} of the log" if incident.line is not None else ""
    for rank, text in enumerate(incident.hypotheses):
        # What it said stands once; each guess of the rule rests on the same line.
        said = f": {incident.message}" if rank == 0 else ""
        yield Guess(2.5 - 0.5 * rank, text, f"{seen}{line}{said}")


def _of_flags(incident: Incident, earlier: Sequence[Incident]) -> Iterator[Guess]:
    """The warnings before it, the newest first; those that turned out to be nothing are left out."""
    flags = [
        one
        for one in earlier
        if one.id != incident.id and one.severity != "error" and one.source in ("history", "resources")
        if one.fate != "recovered"
    ]
    for rank, flag in enumerate(reversed(flags[-_MOST_FLAGS:])):
        known = [f"{name} {_number(value)}" for name, value in flag.facts.items() if _is_told(value)]
        facts = f": {', '.join(known[:4])}" if known else ""
        yield Guess(2.3 - 0.3 * rank, f"before it: {flag.message}", f"red flag {code(flag.kind)}{facts}")


def _of_entries(entries: Sequence[Similar]) -> Iterator[Guess]:
    for entry in entries:
        fixed = f", fixed by: {entry.fix}" if entry.fix else ", its fix is not written"
        status = f", {entry.status}" if entry.status else ""
        yield Guess(
            min(2.9, 0.9 + 0.4 * entry.score),
            f"the same as in entry #{entry.number}{fixed}",
            f"same {', '.join(entry.alike)}{status}",
        )


def _is_told(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _said(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().lower()
