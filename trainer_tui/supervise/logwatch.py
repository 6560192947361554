"""The log, followed and scanned: bytes in, incidents out, and a place to go on from after a kill."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from trainer_tui.failures import Scanner
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.tail import Tail

AT_MOST = 8 << 20
"""Bytes scanned in one look, so that controls and timers are never kept waiting long."""


class LogWatch:
    """Scans a log from `offset` (a line's start, line `line`) in the `generation`-th file of that name."""

    def __init__(self, path: Path, offset: int = 0, line: int = 1, generation: int = 0) -> None:
        self._tail = Tail(path, offset, generation)
        self._scanner = Scanner(offset=offset, line=line)
        self.change = ""
        """What happened to the file in the last look: empty, truncated, rotated or replaced."""

    @property
    def read(self) -> int:
        """Bytes read of the present file."""
        return self._tail.offset

    def cursor(self) -> tuple[int, int, int] | None:
        """(offset, line, generation) to go on from; None while the scanner is in the middle of something."""
        if not self._scanner.at_rest:
            return None
        return self._scanner.offset, self._scanner.line, self._tail.generation

    def look(self) -> tuple[bool, list[Incident]]:
        """Whether there was anything new, and the incidents in it. Raises OSError when the log cannot be read."""
        self.change = ""
        found: list[Incident] = []
        budget = AT_MOST
        while budget > 0:
            chunk = self._tail.read()
            if chunk.change:
                found += self._finish()
                self.change = chunk.change
                self._scanner = Scanner()
            if not chunk.data:
                break
            budget -= len(chunk.data)
            found += self._named(self._scanner.feed(chunk.data))
        return budget < AT_MOST or bool(self.change), found

    def finish(self) -> list[Incident]:
        """What was still open when the log ended."""
        return self._finish()

    def close(self) -> None:
        """Let go of the file."""
        self._tail.close()

    def _finish(self) -> list[Incident]:
        return self._named(self._scanner.finish())

    def _named(self, found: list[Incident]) -> list[Incident]:
        # Offsets begin anew with each file of this name; the incidents' ids must not.
        generation = self._tail.generation
        return [replace(i, id=f"{generation}:{i.id}") for i in found] if generation else found
