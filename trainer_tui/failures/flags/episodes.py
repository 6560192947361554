"""One alarm an episode: raised when a flag goes up, over when it has been down for a while."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trainer_tui.failures.flags.finding import Finding
from trainer_tui.runs.flags import Flag
from trainer_tui.runs.incident import SEVERITIES, Incident, Severity

LOOKS_DOWN = 3
"""So many looks must a flag have been down for before its episode is over."""


@dataclass(slots=True)
class _Episode:
    incident: Incident
    seen: float
    down: int = 0


class Episodes:
    """The episodes of one kind of evidence: `history` or `resources`."""

    def __init__(self, source: str, rest: float) -> None:
        """`rest`: how long a flag must be down, in rows or seconds; doubled with each of its episodes."""
        self._source = source
        self._rest = rest
        self._open: dict[str, _Episode] = {}
        self._over: dict[str, tuple[float, int]] = {}
        """Key → when its last episode ended, and how many there were."""

    def judge(
        self,
        up: Mapping[str, Iterable[Finding]],
        flags: Mapping[str, Flag],
        now: float,
        at: Mapping[str, Any],
    ) -> Iterator[Incident]:
        """The changes that a look brings. `now`: row or second; `at`: the place, for ids and facts."""
        current = {f"{name}:{f.subject}": (name, f) for name, findings in up.items() for f in findings}
        active = {name for name, _ in current.values()} | {e.incident.kind for e in self._open.values()}
        for key, (name, finding) in current.items():
            episode = self._open.get(key)
            severity = finding.severity or flags[name].severity
            if episode is not None:
                episode.seen, episode.down = now, 0
                if not _worse(severity, episode.incident.severity):
                    continue
            elif self._rests(key, now):
                continue
            if active & set(flags[name].quiet_while):
                continue
            what = "column" if self._source == "history" else "of"
            incident = Incident(
                id=f"{self._source}:{key}:{at['row'] if 'row' in at else at['at_s']}",
                severity=severity,
                kind=name,
                message=f"{finding.message}{_place(at)}",
                source=self._source,
                rule=name,
                hypotheses=flags[name].hypotheses,
                facts={what: finding.subject, **at, **finding.facts},
            )
            self._open[key] = _Episode(incident, now)
            yield incident
        for key in [key for key in self._open if key not in current]:
            episode = self._open[key]
            episode.down += 1
            if episode.down >= LOOKS_DOWN and now - episode.seen >= self._rest:
                del self._open[key]
                self._over[key] = now, self._over.get(key, (0.0, 0))[1] + 1
                yield episode.incident.with_fate("recovered", because="it is over", until=_until(at))

    def _rests(self, key: str, now: float) -> bool:
        if key not in self._over:
            return False
        ended, times = self._over[key]
        return now - ended < self._rest * float(1 << times)


def _worse(severity: Severity, than: Severity) -> bool:
    return SEVERITIES.index(severity) > SEVERITIES.index(than)


def _place(at: Mapping[str, Any]) -> str:
    """Where in the history; nothing for the machine, whose clock is that of the event."""
    if "epoch" in at:
        return f" (epoch {at['epoch']:g})"
    if "step" in at:
        return f" (step {at['step']:g})"
    return f" (row {at['row'] + 1})" if "row" in at else ""


def _until(at: Mapping[str, Any]) -> Any:
    return next((at[name] for name in ("epoch", "step", "row", "at_s") if name in at), None)
