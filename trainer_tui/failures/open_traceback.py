"""A traceback while it is being read: what is known of it so far, kept small."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

from trainer_tui.failures import pytext
from trainer_tui.failures.clean import shorten
from trainer_tui.runs.incident import Incident, Severity

HEAD, TAIL = 12, 40
"""Lines kept of a long traceback: the first and the last."""
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
