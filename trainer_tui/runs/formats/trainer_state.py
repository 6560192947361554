"""`trainer_state.json` of Transformers' Trainer: the log so far, written whole at each checkpoint."""

from __future__ import annotations

import json
import re
from pathlib import Path

from trainer_tui.runs.files import NOT_JSON
from trainer_tui.runs.formats.rows import Row, metrics_in, numbers
from trainer_tui.runs.plain import read_plain

NAME = "trainer_state.json"
LARGEST = 256 << 20
_CHECKPOINT = re.compile(r"checkpoint-(\d+)")
_TIMINGS = re.compile(r"(?:.*_)?(?:runtime|per_second|total_flos)")


class TrainerStateSource:
    """Reads the newest state in a folder of checkpoints (or the one file), each time it is replaced."""

    format = "trainer_state"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.began_anew = False
        self.behind = False
        self._seen: tuple[object, ...] = ()
        self._rows: list[Row] = []

    def poll(self, at_most: int = 0) -> list[Row]:
        """What the newest state has more than the last one. Raises OSError when it cannot be read."""
        self.began_anew = False
        newest = newest_state(self.path)
        if newest is None:
            return []
        status = newest.stat()
        seen = (newest, status.st_ino, status.st_size, status.st_mtime_ns)
        if seen == self._seen or status.st_size > LARGEST:
            return []
        rows = log_rows(read_plain(newest, LARGEST))
        if rows is None:
            return []  # it is being written: the next look reads it whole
        self._seen = seen
        known = len(self._rows)
        self.began_anew = [str(row) for row in rows[:known]] != [str(row) for row in self._rows]
        self._rows = rows
        return rows if self.began_anew else rows[known:]

    def finish(self) -> list[Row]:
        """Nothing is kept back."""
        return []

    def close(self) -> None:
        """No file is kept open."""


def newest_state(path: Path) -> Path | None:
    """The state of the furthest checkpoint in a folder, or the file itself; None before there is one."""
    if path.is_file():
        return path
    try:
        found = [(entry, _CHECKPOINT.fullmatch(entry.name)) for entry in path.iterdir()]
    except OSError:
        return None
    states = [(int(match[1]), entry / NAME) for entry, match in found if match and (entry / NAME).is_file()]
    if (path / NAME).is_file():
        states.append((max((step for step, _ in states), default=0) + 1, path / NAME))  # written at the end
    return max(states)[1] if states else None


def log_rows(data: bytes) -> list[Row] | None:
    """The rows of a state's `log_history`; None when this is no whole state."""
    try:
        document = json.loads(data)  # it may hold NaN, which strict JSON has not
    except NOT_JSON:
        return None
    history = document.get("log_history") if isinstance(document, dict) else None
    if not isinstance(history, list):
        return None
    rows = [logged(numbers(entry)) for entry in history if isinstance(entry, dict)]
    return [row for row in rows if row]


def logged(row: Row) -> Row:
    """An entry of the log without its timings; nothing of the summary of the whole training."""
    if "train_runtime" in row:
        return {}
    row = {name: value for name, value in row.items() if not _TIMINGS.fullmatch(name)}
    return row if metrics_in(row) else {}
