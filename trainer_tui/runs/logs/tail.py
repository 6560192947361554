"""The end of a log as lines to show, kept up with however fast it grows."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path

from trainer_tui.runs.files import complete_lines
from trainer_tui.runs.tail import Tail
from trainer_tui.runs.text import shown

OPEN_AT_MOST = 256 << 10
"""Bytes of an existing log that are read when it is opened, and of a burst: more than any screen shows."""

_READS = 16
"""Reads in one look; a writer as fast as we are would keep us for ever."""


@dataclass(frozen=True, slots=True)
class LogLines:
    """What came since the last look."""

    lines: tuple[str, ...] = ()
    """Complete lines, clean, oldest first; of a burst only its end."""
    partial: str = ""
    """The unfinished last line, e.g. a progress bar."""
    skipped: bool = False
    """Whether older lines of this burst were left out."""
    change: str = ""
    """Empty, `truncated`, `rotated` or `replaced`."""


class LogTail:
    """Follows the end of a log; `lines` are the last `keep` complete lines."""

    def __init__(self, path: Path, keep: int = 2000) -> None:
        self.path = path
        self.lines: deque[str] = deque(maxlen=keep)
        self.partial = ""
        self._rest = b""
        self._tail = Tail(path, offset=_start(path))
        self._cut = self._tail.offset > 0

    def poll(self) -> LogLines | None:
        """New lines, or None when nothing changed. Raises OSError when the log cannot be read."""
        data, skipped, change = self._rest, False, ""
        grew = False
        for _ in range(_READS):
            chunk = self._tail.read(OPEN_AT_MOST)
            if chunk.change:
                data, skipped, change, self._cut = b"", False, chunk.change, False
            if not chunk.data:
                break
            grew = True
            data += chunk.data
            if self._tail.skip(OPEN_AT_MOST):
                data, skipped = b"", True
        if not grew and not change:
            return None
        raw, used = complete_lines(data)
        if (skipped or self._cut) and raw:
            raw = raw[1:]  # the first one was cut somewhere in its middle
            self._cut = False
        self._rest = data[used:][-OPEN_AT_MOST:]
        self.partial = shown(self._rest) if self._rest else ""
        keep = self.lines.maxlen or 0
        skipped |= len(raw) > keep
        new = tuple(shown(line) for line in raw[-keep:])
        if change:
            self.lines.clear()
        self.lines.extend(new)
        return LogLines(new, self.partial, skipped, change)

    def close(self) -> None:
        """Let go of the file."""
        self._tail.close()


def _start(path: Path) -> int:
    try:
        return max(0, path.stat().st_size - OPEN_AT_MOST)
    except OSError:
        return 0
