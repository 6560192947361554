"""A traceback while it is being read: what is known of it so far, kept small."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

from trainer_tui.failures import pytext
from trainer_tui.failures.clean import shorten
from trainer_tui.failures.exceptions import hints_for
from trainer_tui.failures.frame_kinds import feeds_training, is_trackers_own
from trainer_tui.failures.rules import Rule
from trainer_tui.runs.incident import Incident, Severity

HEAD, TAIL = 12, 40
"""Lines kept of a long traceback: the first and the last."""
SIDE_THREAD, DATA_THREAD = "side-thread", "data-thread"
_LONGEST_LABEL = 120
_LABEL = re.compile(r"[^\d]+|\d+")


@dataclass(slots=True)
class OpenTraceback:
    """The lines, frames and exceptions read so far, and how the next line is to be taken."""

    line: int
    offset: int
    style: pytext.Style
    severity: Severity = "error"
    rule: str = "traceback"
    indent: int = 0
    name: str = ""
    head: list[str] = field(default_factory=list)
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL))
    left_out: int = 0
    frames: list[str] = field(default_factory=list)
    chain: list[str] = field(default_factory=list)
    ended: bool = False
    chained: bool = False
    boxed: bool = True
    strange: int = 0
    blanks: int = 0
    added: int = 0
    last: int = 0
    incident: Incident | None = None
    told: bool = False
    stale: bool = False
    label: re.Pattern[str] | None = None  # what stood in front of its header: a node's name, a time stamp
    logged: str = ""  # the exception that the line before named: its traceback is no repetition

    def add(self, text: str) -> None:
        text = shorten(text, 500)
        if len(self.head) < HEAD:
            self.head.append(text)
            return
        self.left_out += len(self.tail) == TAIL
        self.tail.append(text)

    def unlabelled(self, text: str) -> str:
        """The line without the label that the header had too, if it has it; numbers may differ."""
        match = self.label.match(text) if self.label is not None else None
        return text[match.end() :] if match else text

    def told_as(self, name: str, kind: str, message: str, rule: Rule | None) -> Incident:
        """The incident of the exception `name`; `rule` is what knows its message, if anything does."""
        severity, said_by = self._judged(name)
        if said_by == DATA_THREAD and kind in ("exception", "bad-input"):
            kind = "dataloader"
        return Incident(
            id=f"log:{self.offset}:{self.rule if self.rule == 'exception' else 'traceback'}",
            severity=severity,
            kind=kind,
            message=message,
            rule=rule.id if rule else said_by,
            line=self.line,
            offset=self.offset,
            excerpt=self.excerpt(),
            frames=tuple(self.frames),
            hypotheses=rule.hypotheses if rule and rule.hypotheses else hints_for(kind),
            facts={"chain": self.chain[-10:]} if len(self.chain) > 1 else {},
        )

    def _judged(self, name: str) -> tuple[Severity, str]:
        """(severity, rule), once the frames are known."""
        if self.rule == SIDE_THREAD and feeds_training(name, self.frames):
            return "error", DATA_THREAD
        if self.severity == "error" and is_trackers_own(self.frames):
            return "warning", SIDE_THREAD
        return self.severity, self.rule

    def excerpt(self) -> str:
        middle = [f"... {self.left_out} lines left out ..."] if self.left_out else []
        return "\n".join([*self.head, *middle, *self.tail]).rstrip()


def label_of(header: str, start: int) -> re.Pattern[str] | None:
    """What matches the label in front of a header that begins at `start`; None if there is none.

    Tools label lines in more ways than anybody can list (`n1: `, `[stderr] `, time stamps); whether it was
    one the next line shows. Progress bars glued in front of a header simply do not come again.
    """
    before = header[:start]
    if not 1 < len(before) <= _LONGEST_LABEL or not before.strip() or before[:1] == " ":
        return None
    parts = (
        r"\d+" if part[0].isdecimal() else re.escape(part) for part in _LABEL.findall(before.rstrip(" "))
    )
    return re.compile("".join(parts) + (" ?" if before.endswith(" ") else ""))  # blank lines end before it
