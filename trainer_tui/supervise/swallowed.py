"""Exit code 0 over a failure: a wrapper, a pipe or an `except` kept the status from telling of it.

`python train.py | tee log` always ends with 0. A model that printed an error and wrote no results has failed.
A plain command promised no results: for it the error must be the last thing that it did.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trainer_tui.runs.files import read_json
from trainer_tui.runs.handover import mark_of
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.plain import plain_reader
from trainer_tui.runs.text import shown

if TYPE_CHECKING:
    from trainer_tui.supervise.supervisor import RunSupervisor

SWALLOWED = "the process exited with code 0 all the same, and nothing came after it"

LINES_AFTER = 3
"""So many lines may follow an error that is the last thing: a wrapper's own words."""

_BYTES = 64 << 10
"""An error that lies further back than this is not the last thing."""

_DEADLY = frozenset({"cpu-oom", "cuda-oom", "native-crash", "killed", "cuda-error", "gpu-hardware"})
"""Errors without a traceback that nothing goes on after."""

_WENT_WELL = re.compile(r"(?i)\b(done|finish(ed)?|complete[d]?|saved?|saving|success\w*|wrote|best|final)\b")


def failed_quietly(s: RunSupervisor) -> bool:
    """Whether a process that ended with 0 has failed."""
    open_errors = [i for i in s.book.errors("suspected") if i.source == "log"]
    if not open_errors or s.run.results.exists():
        return False
    if s.plan.is_model:
        return True
    if any(s.run.models()) or _all_done(s):
        return False
    last = open_errors[-1]
    if not last.frames and last.kind not in _DEADLY:
        return False  # a line that a logger wrote; a script that went on to its end knew better
    return not _trained_on(s, last) and _is_last(s, last)


def _trained_on(s: RunSupervisor, error: Incident) -> bool:
    """Whether a row of metrics came after the error.

    Of rows that came at once with it only the clock of files knows. Rows that were translated come when they
    are translated, and tell nothing: the log says what came last.
    """
    if mark_of(s.run.history).exists():
        return False
    if s.book.rows_after(error.id, s.history.history.rows) > 0:
        return True
    try:
        return s.run.history.stat().st_mtime_ns > s.run.log().stat().st_mtime_ns
    except OSError:
        return False


def _all_done(s: RunSupervisor) -> bool:
    """Whether the script said that it did all that it wanted to do."""
    said = read_json(s.run.progress) or {}
    done, total = said.get("done"), said.get("total")
    return isinstance(done, int | float) and isinstance(total, int | float) and 0 < total <= done


def _is_last(s: RunSupervisor, error: Incident) -> bool:
    """Whether hardly a line of the log follows the error and what belongs to it."""
    if error.offset is None:
        return False
    try:
        with plain_reader(s.run.log()) as file:
            file.seek(error.offset)
            data = file.read(_BYTES + 1)
    except OSError:
        return False
    if len(data) > _BYTES:
        return False
    lines = [line for raw in data.split(b"\n") if (line := shown(raw)).strip()]
    told = [error.message, *map(str, error.facts.get("consequences", ()))]
    at = [n for n, line in enumerate(lines) if any(words[:60] in line for words in told)]
    after = lines[at[-1] + 1 :] if at else lines
    return len(after) <= LINES_AFTER and not any(_WENT_WELL.search(line) for line in after)
