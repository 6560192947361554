"""The run's incidents: each known once, its fate decided once, a flood of them kept small."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from trainer_tui.runs.incident import Fate, Incident

FLOOD_LIMIT = 20
"""Incidents of one rule that are written one by one."""

FLOOD_PERIOD_S = 60.0
"""Then so often the newest one of the rule: it may be the one that matters."""

ROWS_THAT_PROVE = 2
"""New rows of metrics after an error that prove that training went on."""

SILENT_PROOF_S = 30.0
SILENT_PROOF_BYTES = 2000
"""Without metrics: so much later and so much more output prove it too."""

NEAR_END_BYTES = 64 << 10
"""A recovered error this near to the log's end may have been the cause after all."""


@dataclass(frozen=True, slots=True)
class _Suspect:
    """How far everything was when the error came."""

    rows: int
    offset: int
    at: float


class IncidentBook:
    """Keeps incidents by id and reports each new one, and each change, through `emit`."""

    def __init__(
        self,
        known: Iterable[Incident],
        emit: Callable[[Incident], None],
        facts: Callable[[], dict[str, Any]],
        rows: Mapping[str, int] | None = None,
    ) -> None:
        """`facts`: what is known of metrics and machine at the moment, kept with each new error.

        `rows`: how many rows the history had when each of the `known` ones came.
        """
        self._rows = rows or {}
        self._incidents = {incident.id: incident for incident in known}
        self._suspects: dict[str, _Suspect] = {}
        # An earlier supervisor's: where it did not say how far everything was, we count from our first look.
        self._inherited = [i for i in self._incidents.values() if _may_be_survived(i)]
        self._withheld: dict[str, tuple[Incident, _Suspect]] = {}
        self._written_at: dict[str, float] = {}
        self._emit = emit
        self._facts = facts
        self._counts: Counter[str] = Counter(i.rule for i in self._incidents.values())

    def errors(self, *fates: Fate) -> list[Incident]:
        """The errors with one of these fates, in the order they came."""
        return [i for i in self._incidents.values() if i.severity == "error" and i.fate in fates]

    def see(self, incident: Incident, *, rows: int, offset: int, now: float) -> None:
        """Take in what a detector found, while the history had `rows` rows and the log `offset` bytes."""
        known = self._incidents.get(incident.id)
        suspect = _Suspect(rows, offset, now)
        if known is None:
            held = self._withheld.get(incident.rule)
            if held is not None and held[0].id == incident.id and incident.fate == "suspected":
                self._withheld[incident.rule] = (incident, held[1])  # the same, with more evidence
            elif incident.fate != "recovered":  # what was over before it was told is no news
                self._take(incident, suspect)
        elif known.fate != "suspected" and incident.excerpt and not known.excerpt:
            # Evidence that took its time, like stacks, is kept whatever became of it meanwhile.
            self._put(replace(known, excerpt=incident.excerpt, facts={**incident.facts, **known.facts}))
        elif known.fate == "suspected" and (
            incident.fate != known.fate or len(incident.excerpt) > len(known.excerpt)
        ):
            self._put(replace(incident, facts={**known.facts, **incident.facts}))
        elif "cascade" in incident.facts:
            # Its consequences are counted here and told with its fate, not one by one.
            self._incidents[incident.id] = replace(known, facts={**known.facts, **incident.facts})

    def training_went_on(
        self, rows: int, offset: int, now: float, *, has_history: bool, late_s: float = 0.0
    ) -> None:
        """Decide which suspected errors of the log turned out to be survived. Called each second.

        `late_s`: rows that come within so many seconds of an error may have been written before it.
        """
        self._let_through(now)
        for incident in self._inherited:
            known = self._rows.get(incident.id, rows)
            self._suspects.setdefault(incident.id, _Suspect(known, offset, now))
        self._inherited = []
        for identity, suspect in list(self._suspects.items()):
            if now - suspect.at < late_s:
                self._suspects[identity] = replace(suspect, rows=rows)
            elif _survived(suspect, rows if has_history else None, offset, now):
                self.decide(identity, "recovered", because="training went on")

    def ended(self, *, badly: bool, log_size: int, survived: Collection[str] = (), **facts: Any) -> None:
        """Decide every open fate, now that the process has ended; `facts` prove the confirmed ones.

        `survived`: the errors that were certainly not the cause.
        """
        if badly:
            # The last of a flood may be the one that ended it all.
            for incident, _ in self._withheld.values():
                self._put(incident)
        self._withheld.clear()
        self._end_warnings(badly)
        for incident in self.errors("suspected"):
            # A loss that is not finite in its last row never becomes so again.
            if badly or incident.source == "history":
                self.decide(incident.id, "confirmed", **facts)
            else:
                self.decide(incident.id, "recovered", because="the process ended well all the same")
        if badly and not self.errors("confirmed"):
            near = [i for i in self.errors("recovered") if (i.offset or 0) >= log_size - NEAR_END_BYTES]
            late = [i for i in near if i.id not in survived]
            if late:
                because = "the process ended badly soon after it"
                self.decide(late[-1].id, "confirmed", because=because, **facts)

    def ended_by_us(self, now: float, **facts: Any) -> None:
        """Decide every open fate of a run that we ended: what held it up for long was no passing thing."""
        self._let_through(math.inf)
        for incident in self.errors("suspected"):
            suspect = self._suspects.get(incident.id)
            wedged = suspect is not None and now - suspect.at >= SILENT_PROOF_S
            if wedged or incident.source == "history":
                self.decide(incident.id, "confirmed", **facts)
            else:
                self.decide(incident.id, "recovered", because="we ended the run before it could", **facts)
        self._end_warnings(badly=False)

    def _end_warnings(self, badly: bool) -> None:
        """A warning is confirmed by a bad end, and where what it warned of lasted to the end."""
        for incident in list(self._incidents.values()):
            if incident.severity == "warning" and incident.fate == "suspected":
                lasted = badly or incident.source in ("history", "silence")
                self.decide(incident.id, "confirmed" if lasted else "recovered")
            elif incident.kind == "slowdown" and incident.fate == "suspected":
                self.decide(incident.id, "recovered", because="the work it was at has ended")

    def decide(self, identity: str, fate: Fate, **facts: Any) -> None:
        """Give an incident its fate; one that was withheld was not told, and need not be any more."""
        self._suspects.pop(identity, None)
        known = self._incidents.get(identity)
        if known is None:
            self._withheld = {rule: held for rule, held in self._withheld.items() if held[0].id != identity}
            return
        self._put(known.with_fate(fate, **facts))

    def explain(self, kinds: Collection[str], kind: str, hypotheses: tuple[str, ...]) -> None:
        """Give open errors of these kinds the kind that something else has proved meanwhile.

        What a launcher or a pool says of a worker that is gone is true, and says nothing about why.
        """
        for incident in self.errors("suspected"):
            if incident.kind in kinds:
                self._incidents[incident.id] = replace(incident, kind=kind, hypotheses=hypotheses)

    def rows_after(self, identity: str, rows: int) -> int:
        """How many of the history's `rows` came after an error that is still open."""
        suspect = self._suspects.get(identity)
        return rows - suspect.rows if suspect is not None else 0

    def _let_through(self, now: float) -> None:
        for rule, (incident, suspect) in list(self._withheld.items()):
            if self._is_due(rule, now):
                del self._withheld[rule]
                self._tell(incident, suspect, now)

    def _take(self, incident: Incident, suspect: _Suspect) -> None:
        if incident.source == "history" and incident.kind == "nan-loss" and self._diverged():
            return  # the second column of one divergence
        self._counts[incident.rule] += 1
        many = bool(incident.rule) and self._counts[incident.rule] > FLOOD_LIMIT
        if many and incident.fate == "suspected" and not self._is_due(incident.rule, suspect.at):
            self._withheld[incident.rule] = (incident, suspect)
            return
        if incident.rule and self._counts[incident.rule] == FLOOD_LIMIT:
            incident = replace(incident, facts={**incident.facts, "further": "not written one by one"})
        self._tell(incident, suspect, suspect.at)

    def _is_due(self, rule: str, now: float) -> bool:
        return now - self._written_at.get(rule, -math.inf) >= FLOOD_PERIOD_S

    def _diverged(self) -> bool:
        return any(
            i.kind == "nan-loss" and i.source == "history" for i in self.errors("suspected", "confirmed")
        )

    def _tell(self, incident: Incident, suspect: _Suspect, now: float) -> None:
        self._written_at[incident.rule] = now
        if incident.severity == "error":
            incident = replace(incident, facts={**self._facts(), **incident.facts})
            if _may_be_survived(incident):
                self._suspects[incident.id] = suspect
        self._put(incident)

    def _put(self, incident: Incident) -> None:
        self._incidents[incident.id] = incident
        self._emit(incident)


def _may_be_survived(incident: Incident) -> bool:
    """Whether it depends on what comes after it what an incident was."""
    return incident.source == "log" and incident.severity == "error" and incident.fate == "suspected"


def _survived(suspect: _Suspect, rows: int | None, offset: int, now: float) -> bool:
    """Whether enough came after an error to prove that training went on; `rows`: None without a history."""
    if rows is not None:
        return rows - suspect.rows >= ROWS_THAT_PROVE
    return now - suspect.at >= SILENT_PROOF_S and offset - suspect.offset >= SILENT_PROOF_BYTES
