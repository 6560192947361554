"""Publishing how far a run is: `progress.json`, replaced at most twice a second."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

from trainer_tui.runs.files import replace_atomic
from trainer_tui.runs.script_io import warn

EVERY_S = 0.5


class ProgressWriter:
    """Keeps `progress.json` = {"done", "total", "step_name", "time", "expect_s"} near the truth.

    `total` is null when nobody knows it; `expect_s` is there while a promise is open: the next progress comes
    within so many seconds of `time`. Nothing is raised for a disk that refuses.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._document: dict[str, object] = {"done": 0, "total": None, "step_name": "step"}
        self._written_at = -math.inf
        self._pending = False
        self._warned = False

    def publish(self, done: float, total: float | None, step_name: str) -> None:
        """Say where the run is. What comes too soon is kept back, the last step never is."""
        self._document = {"done": done, "total": total, "step_name": step_name}
        finished = total is not None and done >= total
        if finished or time.monotonic() - self._written_at >= EVERY_S:
            self._write()
        else:
            self._pending = True

    def promise(self, seconds: float) -> None:
        """Say that the next progress comes within `seconds`; at once, for what follows may block."""
        self._document["expect_s"] = seconds
        self._write()

    def flush(self) -> None:
        """Write what was kept back."""
        if self._pending:
            self._write()

    def _write(self) -> None:
        from trainer_tui.runs.clock import utc_now

        document = {**self._document, "time": utc_now()}
        self._written_at = time.monotonic()
        try:
            # Not synced: after a crash of the machine nobody needs to know how far the run was.
            replace_atomic(self.path, json.dumps(document).encode() + b"\n", fsync=False)
        except OSError as problem:
            self._pending = True
            if not self._warned:
                self._warned = True
                warn(f"{self.path.name} cannot be written ({problem}); training goes on")
            return
        self._pending = False
