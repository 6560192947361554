"""A failure that is printed over and over is one incident: what was said lately is not said again."""

from __future__ import annotations

import re

_NUMBERS = re.compile(r"0x[0-9a-fA-F]+|\d+")
_FIRST_WINDOW = 2000
_LAST_WINDOW = 1_000_000
_REMEMBERED = 512


class Folder:
    """Lets a message through unless the same one (numbers aside) came within its window of lines.

    The window slides with every repetition and doubles with every time the message was let through, so that
    a line printed at every step for twelve hours gives a handful of incidents.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], tuple[int, int]] = {}

    def admit(self, what: str, message: str, line: int) -> bool:
        """True if the message at this line number is to be reported."""
        key = (what, _NUMBERS.sub("#", message)[:200])
        last, window = self._seen.pop(key, (None, _FIRST_WINDOW))
        admitted = last is None or line - last > window
        if admitted and last is not None:
            window = min(window * 2, _LAST_WINDOW)
        self._seen[key] = (line, window)
        if len(self._seen) > _REMEMBERED:
            self._seen.pop(next(iter(self._seen)))
        return admitted
