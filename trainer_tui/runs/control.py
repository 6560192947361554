"""What users ask of a living run: requests in `control.jsonl`, each answered by a `control` event."""

from __future__ import annotations

import getpass
import json
import os
import time
from pathlib import Path
from typing import Any, Literal

from trainer_tui.runs.clock import utc_now
from trainer_tui.runs.files import LineAppender, parse_records, read_new_lines
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.process import host_name

Request = Literal["stop", "pause", "resume", "skip", "note"]

REQUESTS: dict[str, str] = {
    "stop": "end the process: TERM, after the grace time KILL, to its whole group and what escaped from it",
    "pause": "hold the process where it is (SIGSTOP)",
    "resume": "let it go on (SIGCONT)",
    "skip": "end the quick phase and go on with the full one; needs a written reason",
    "note": "write a note into the events",
}


def ask(run: RunFolder, request: Request, **fields: Any) -> str:
    """Append a request and return its id, which its `control` event names. Raises OSError when it cannot."""
    identity = f"{os.getpid()}-{time.time_ns():x}"
    appender = LineAppender(run.control)
    record = {
        "id": identity,
        "time": utc_now(),
        "request": request,
        "user": _user(),
        "host": host_name(),
        **fields,
    }
    if not appender.append(json.dumps(record, ensure_ascii=False).encode("utf-8", "backslashreplace")):
        raise appender.problem or OSError("the request could not be written")
    return identity


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


class ControlReader:
    """Reads requests as they come, all but those whose id was answered before, by an earlier supervisor."""

    def __init__(self, path: Path, answered: set[str]) -> None:
        self.path = path
        self._answered = answered
        self._offset = 0

    def poll(self) -> list[dict[str, Any]]:
        """The unanswered requests since the last call. Raises OSError when the file cannot be read."""
        try:
            lines, used = read_new_lines(self.path, self._offset)
        except FileNotFoundError:
            return []
        self._offset += used
        return [r for r in parse_records(lines) if str(r.get("id")) not in self._answered]
