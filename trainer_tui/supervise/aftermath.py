"""Errors that training went on after, read from the log alone: the cause of a bad end is not among them.

Who sees an error live sees the rows of metrics that follow it. Who comes later (a supervisor was killed)
finds both written, in two files without a common clock; but the lines that a training prints at each step
look alike, their numbers aside, and where such lines came before an error and go on after it, training went
on.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from trainer_tui.failures.clean import clean
from trainer_tui.runs.plain import plain_reader

if TYPE_CHECKING:
    from trainer_tui.supervise.supervisor import RunSupervisor

KNOWN_BY = 2
"""Lines of one shape before an error by which they are known as those of steps."""

PROVED_BY = 3
"""As many after it prove that training went on."""

_BEFORE_BYTES, _AFTER_BYTES = 64 << 10, 256 << 10

_NO_STEP = re.compile(
    rb"(?i)^\s|^\[?(rank|default)\d|error|exception|traceback|warn|fail|abort|kill|exit|terminat"
)
"""Frames of a traceback, and what ranks and launchers say at the end of a failed run, come in numbers too."""

_NOT_LETTERS = re.compile(rb"[^A-Za-z]+")
_NUMBER = re.compile(rb"\d")


def outlived(s: RunSupervisor) -> frozenset[str]:
    """Ids of the errors that a badly ended run went on after for long; open ones get that fate."""
    if s.log.generation:
        return frozenset()  # the offsets of an earlier file say nothing in this one
    errors = [
        i for i in s.book.errors("suspected", "recovered") if i.source == "log" and i.offset is not None
    ]
    try:
        found = [i for i in errors if went_on(s.run.log(), i.offset or 0)]
    except OSError:
        return frozenset()  # a log that was moved or deleted proves nothing
    for incident in found:
        if incident.fate == "suspected":
            s.book.decide(incident.id, "recovered", because="training went on")
    return frozenset(incident.id for incident in found)


def went_on(log: Path, offset: int) -> bool:
    """Whether lines like those of steps before the byte `offset` of a log go on after it.

    Raises OSError when it cannot be read.
    """
    start = max(0, offset - _BEFORE_BYTES)
    with plain_reader(log) as file:
        file.seek(start)
        before = file.read(offset - start)
        after = file.read(_AFTER_BYTES)
    steps = {shape for shape, count in Counter(_shapes(before)).items() if count >= KNOWN_BY}
    found = Counter(shape for shape in _shapes(after) if shape in steps)
    return any(count >= PROVED_BY for count in found.values())


def _shapes(data: bytes) -> Iterable[bytes]:
    """The words of each line that holds a number and may be one of a step."""
    for line in clean(data).splitlines():
        if _NUMBER.search(line) and not _NO_STEP.search(line):
            shape = _NOT_LETTERS.sub(b" ", line).strip()
            if shape:
                yield shape
