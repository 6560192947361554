"""Cause before consequence: what follows from a failure is attached to it and not told on its own.

The first error of a failure is its cause. What launchers, other ranks and finalizers then say counts as
`cascade` in the cause's facts, and the first few lines of it are kept there as `consequences`. Where a
consequence was printed first (a SIGTERM before the scheduler says that time is up), the explanation takes its
place: the same incident, at the same line, says the cause.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from trainer_tui.failures.exceptions import is_consequence
from trainer_tui.failures.rules import Rule
from trainer_tui.runs.incident import Incident

NEAR_LINES = 300
NEAR_BYTES = 1 << 16
"""Nothing to do with the failure came for so many lines or bytes: what comes now has another cause."""
FAR_LINES = 5000
FAR_BYTES = 1 << 20
"""The same for failures that no process survives: their launchers take a minute to notice."""
_OUTSIDE = ("time-limit", "preempted", "cancelled", "node-failure")
"""The whole job is ended: whatever else goes wrong around it follows from that."""
_DEADLY = (*_OUTSIDE, "native-crash", "killed", "cpu-oom")
_REASONS_TO_CANCEL = ("time-limit", "preempted", "node-failure", "cpu-oom")
_SAME_LINES = 3
"""A logged error and the traceback of the same exception stand this near to each other."""
_QUOTED = 5
_REMEMBERED = 256
_TEARDOWN = ("exception-ignored", "teardown")


class Causes:
    """Knows the failure that the present lines belong to."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._consequences = {rule.id for rule in rules if rule.consequence} | set(_TEARDOWN)
        self._cause: Incident | None = None
        self._is_proper = False  # the cause is not itself a consequence of something unseen
        self._attached: dict[str, None] = {}
        self._line = self._offset = 0

    def is_open(self, line: int, offset: int) -> bool:
        """Whether a failure is known that a consequence on this line would belong to."""
        if self._cause is None:
            return False
        deadly = self._cause.kind in _DEADLY
        lines, size = (FAR_LINES, FAR_BYTES) if deadly else (NEAR_LINES, NEAR_BYTES)
        return line - self._line <= lines and offset - self._offset <= size

    def touch(self, line: int, offset: int) -> None:
        """This line belongs to the present failure too (the traceback of another rank, a repetition)."""
        if self.is_open(line, offset):
            self._line, self._offset = line, offset

    def sort(self, incident: Incident, line: int, offset: int) -> Incident | None:
        """What is to be told of an incident that became known on this line.

        The incident itself, or the cause it was attached to, or None when there is nothing new.
        """
        if not self.is_open(line, offset):
            self._cause = None
        cause = self._cause
        if cause is not None and incident.id == cause.id:
            self._cause = replace(incident, facts={**incident.facts, **_cascade_of(cause)})
            self.touch(line, offset)
            return self._cause
        if incident.id in self._attached:
            return None
        if cause is not None and _is_same(cause, incident):
            self._attach(incident)
            self._cause = replace(
                cause, frames=incident.frames, excerpt=f"{cause.excerpt}\n{incident.excerpt}"
            )
            return self._cause
        if cause is not None and _explains(incident, cause, self._is_proper):
            self._attach(incident)
            self._cause = _explained(cause, incident)
            self._is_proper = incident.rule not in self._consequences
            self._line, self._offset = line, offset
            return self._cause
        follows = self._follows(incident)
        if cause is not None and self._is_proper and follows:
            self._attach(incident)
            self._line, self._offset = line, offset
            self._cause = _with_consequence(cause, incident)
            return self._cause
        if incident.severity == "error":
            if cause is None or not self._is_proper or _weight(incident) > _weight(cause):
                self._cause, self._is_proper = incident, not follows
            self._line, self._offset = line, offset
        return incident

    def _attach(self, incident: Incident) -> None:
        self._attached[incident.id] = None
        if len(self._attached) > _REMEMBERED:
            self._attached.pop(next(iter(self._attached)))

    def _follows(self, incident: Incident) -> bool:
        if self._cause is not None and (self._cause.kind in _OUTSIDE or incident.kind == "cancelled"):
            return True
        return incident.rule in self._consequences or (
            bool(incident.frames) and is_consequence(incident.message.partition(":")[0])
        )


def _weight(incident: Incident) -> int:
    """How much of what follows an incident accounts for."""
    return (incident.kind in _DEADLY) + (incident.kind in _OUTSIDE)


def _is_same(cause: Incident, incident: Incident) -> bool:
    """True for the traceback of an exception that the line before it named."""
    near = (incident.line or 0) - (cause.line or 0)
    return (
        bool(incident.frames)
        and not cause.frames
        and 0 < near <= _SAME_LINES
        and incident.message in cause.message
    )


def _explains(incident: Incident, sign: Incident, proper: bool) -> bool:
    """True if an incident says why the launchers saw their processes end, or why a job was cancelled."""
    if incident.severity != "error":
        return False
    if sign.kind == "cancelled":
        return incident.kind in _REASONS_TO_CANCEL
    return not proper and incident.kind in _DEADLY and sign.kind not in _DEADLY


def _explained(sign: Incident, incident: Incident) -> Incident:
    """The incident of a sign, told as what the sign came from."""
    excerpt = f"{sign.excerpt}\n{incident.message}"
    facts = {**incident.facts, **_cascade_of(sign)}
    explained = replace(
        incident, id=sign.id, line=sign.line, offset=sign.offset, excerpt=excerpt, facts=facts
    )
    return _with_consequence(explained, sign)


def _cascade_of(cause: Incident) -> dict[str, object]:
    return {name: cause.facts[name] for name in ("cascade", "consequences") if name in cause.facts}


def _with_consequence(cause: Incident, incident: Incident) -> Incident:
    quoted = [*cause.facts.get("consequences", ()), incident.message[:300]][:_QUOTED]
    count = cause.facts.get("cascade", 0) + 1
    return replace(cause, facts={**cause.facts, "cascade": count, "consequences": quoted})
