"""Cause before consequence: what follows from a failure is attached to it and not told on its own.

The first error of a failure is its cause. What launchers, other ranks and finalizers then say counts as
`cascade` in the cause's facts, and the first few lines of it are kept there as `consequences`.
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
        return (
            self._cause is not None
            and line - self._line <= NEAR_LINES
            and offset - self._offset <= NEAR_BYTES
        )

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
        follows = self._follows(incident)
        if cause is not None and self._is_proper and follows:
            self._attached[incident.id] = None
            if len(self._attached) > _REMEMBERED:
                self._attached.pop(next(iter(self._attached)))
            self._line, self._offset = line, offset
            self._cause = _with_consequence(cause, incident)
            return self._cause
        if incident.severity == "error":
            if cause is None or not self._is_proper:
                self._cause, self._is_proper = incident, not follows
            self._line, self._offset = line, offset
        return incident

    def _follows(self, incident: Incident) -> bool:
        return incident.rule in self._consequences or (
            bool(incident.frames) and is_consequence(incident.message.partition(":")[0])
        )


def _cascade_of(cause: Incident) -> dict[str, object]:
    return {name: cause.facts[name] for name in ("cascade", "consequences") if name in cause.facts}


def _with_consequence(cause: Incident, incident: Incident) -> Incident:
    quoted = [*cause.facts.get("consequences", ()), incident.message[:300]][:_QUOTED]
    count = cause.facts.get("cascade", 0) + 1
    return replace(cause, facts={**cause.facts, "cascade": count, "consequences": quoted})
