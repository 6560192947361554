"""What is said of a record of level error whose words no rule knows.

Loggers call many things an error that a run survives: an optional import, a device that is not there, a
retry. So level ERROR alone is a notice, an exception named in it a warning; FATAL is what a program writes
before it ends.
"""

from __future__ import annotations

import re

from trainer_tui.failures.clean import shorten
from trainer_tui.failures.exceptions import hints_for, kind_of
from trainer_tui.failures.plain_records import Record
from trainer_tui.runs.incident import Incident, Severity

_NAMED = re.compile(
    r"(?:^|[\s:('\"])((?:\w{1,40}\.){0,6}[A-Z]\w{2,60}(?:Error|Exception|Interrupt|Timeout))\b"
)
_NO_FAILURE = re.compile(r"(?i)^[\W\d]*$|^\W*(no|0|zero) errors?\b|^\W*errors?: 0\b|^\s*=|^trials:$")
_SEVERITIES: dict[str, Severity] = {"error": "notice", "critical": "warning", "fatal": "error"}


def judge(record: Record, words: str, line: int, offset: int, excerpt: str) -> Incident | None:
    """The incident of a record that no rule knows; None if it is nothing to mention."""
    severity = _SEVERITIES.get(record.level)
    if severity is None or _NO_FAILURE.search(words) or (record.native and severity != "error"):
        return None
    match = _NAMED.search(words)
    name = match[1] if match else ""
    if name and severity == "notice":
        severity = "warning"
    kind = kind_of(name) if name else "unclassified"
    return Incident(
        id=f"log:{offset}:logged-error",
        severity=severity,
        kind=kind,
        message=shorten(words.strip()),
        rule="logged-error",
        line=line,
        offset=offset,
        excerpt=excerpt,
        hypotheses=hints_for(kind),
    )
