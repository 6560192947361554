"""The log, followed and scanned: bytes in, incidents out, and a place to go on from after a kill."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from trainer_tui.failures import DEFAULT_RULES, Rule, Scanner
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.tail import Tail

AT_MOST = 8 << 20
"""Bytes scanned in one look, so that controls and timers are never kept waiting long."""


class LogWatch:
    """Scans a log from `offset` (a line's start, line `line`) in the `generation`-th file of that name."""

    def __init__(
        self,
        path: Path,
        offset: int = 0,
        line: int = 1,
        generation: int = 0,
        rules: Sequence[Rule] = DEFAULT_RULES,
    ) -> None:
        self._path = path
        self._tail = Tail(path, offset, generation)
        self._generation = generation
        self._rules = rules
        self._scanner = Scanner(rules, offset=offset, line=line)
        self._met = False
        self.change = ""
        """What happened to the file in the last look: empty, truncated, rotated or replaced."""

    @property
    def read(self) -> int:
        """Bytes read of the present file."""
        return self._tail.offset

    @property
    def generation(self) -> int:
        """How often the file began anew."""
        return self._generation

    def cursor(self) -> tuple[int, int, int] | None:
        """(offset, line, generation) to go on from; None while the scanner is in the middle of something."""
        if not self._scanner.at_rest:
            return None
        return self._scanner.offset, self._scanner.line, self._generation

    def look(self) -> tuple[bool, list[Incident]]:
        """Whether there was anything new, and the incidents in it. Raises OSError when it cannot be read."""
        self.change = ""
        self._check()
        found: list[Incident] = []
        budget = AT_MOST
        while budget > 0:
            try:
                chunk = self._tail.read()
            except OSError:
                if budget == AT_MOST:
                    raise
                break  # what was found so far must not be lost; the next look will say it
            if chunk.change:
                found += self.finish()
                self.change = chunk.change
                self._generation = self._tail.generation
                self._scanner = Scanner(self._rules)
            if not chunk.data:
                break
            budget -= len(chunk.data)
            found += self._named(self._scanner.feed(chunk.data))
            if self._scanner.passes_over:
                self._scanner.pass_over(self._tail.pass_hole())
        return budget < AT_MOST or bool(self.change), found

    def _check(self) -> None:
        """Raise what opening would not: a folder can be opened, a lost file passes for an empty one."""
        try:
            mode = self._path.stat().st_mode
        except FileNotFoundError:
            if not self._met:
                raise  # an open file is read on, whatever becomes of its name
            return
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(self._path))
        self._met = True

    def finish(self) -> list[Incident]:
        """What was still open when the log ended."""
        return self._named(self._scanner.finish())

    def close(self) -> None:
        """Let go of the file."""
        self._tail.close()

    def _named(self, found: list[Incident]) -> list[Incident]:
        # Offsets begin anew with each file of this name; the incidents' ids must not.
        generation = self._generation
        return [replace(i, id=f"{generation}:{i.id}") for i in found] if generation else found
