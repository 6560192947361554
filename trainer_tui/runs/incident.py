"""What an incident is: the one record that detectors make, events carry and screens show."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from trainer_tui.runs.typed import values_for

Severity = Literal["notice", "warning", "error"]
Fate = Literal["suspected", "confirmed", "recovered"]

SEVERITIES: tuple[Severity, ...] = ("notice", "warning", "error")
FATES: tuple[Fate, ...] = ("suspected", "confirmed", "recovered")


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that went wrong, with the evidence for it.

    `id` is made from the evidence (for the log: its byte offset), so that scanning the same bytes twice
    yields the same incident and never a second one.
    """

    id: str
    severity: Severity
    kind: str
    """Coarse class in kebab-case, e.g. `exception`, `cpu-oom`, `nan-loss`, `segfault`, `hang`."""
    message: str
    """The one line a person would quote, free of control sequences."""
    fate: Fate = "suspected"
    source: str = "log"
    """Where it was seen: log, exit, history, resources, silence."""
    rule: str = ""
    """Id of the rule that fired."""
    line: int | None = None
    """1-based line number in the log."""
    offset: int | None = None
    """Byte offset of that line in the log."""
    excerpt: str = ""
    """The lines around it, e.g. the whole traceback; control sequences stripped, bounded in size."""
    frames: tuple[str, ...] = ()
    """Traceback frames, outermost first, as `file:line in function`."""
    hypotheses: tuple[str, ...] = ()
    """Likely causes and first things to try, most likely first."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Last metrics, last resources, exit status, stacks: whatever was known at that moment."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for an event; empty fields are left out."""
        return {key: value for key, value in asdict(self).items() if value not in (None, "", (), {})}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Incident:
        """The incident of an event; unknown keys (a newer version's) are ignored."""
        values = values_for(cls, data)
        for name in ("frames", "hypotheses"):
            if name in values:
                values[name] = tuple(values[name])
        # Words of a newer version must neither alarm anybody nor go unseen.
        if values.get("severity") not in SEVERITIES:
            values["severity"] = "warning"
        if values.get("fate", "suspected") not in FATES:
            values["fate"] = "suspected"
        return cls(**values)

    def with_fate(self, fate: Fate, **facts: Any) -> Incident:
        """The same incident, its fate decided, with further facts."""
        return replace(self, fate=fate, facts={**self.facts, **facts})
