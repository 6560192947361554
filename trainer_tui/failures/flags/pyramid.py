"""A long series at every scale in little memory: the last groups of 1, 2, 4, 8, ... values."""

from __future__ import annotations

from collections import deque

KEPT = 64
"""Groups kept at each scale."""


class Pyramid:
    """Means of 1, 2, 4, ... neighbours, the last `KEPT` of each; a value costs two steps on average."""

    __slots__ = ("_levels", "_waiting", "count")

    def __init__(self) -> None:
        self.count = 0
        self._levels: list[deque[float]] = []
        self._waiting: list[float | None] = []

    def push(self, value: float) -> None:
        """Take in the next value."""
        self.count += 1
        waiting = self._waiting
        for level, groups in enumerate(self._levels):
            groups.append(value)
            other = waiting[level]
            if other is None:
                waiting[level] = value
                return
            waiting[level] = None
            value = (other + value) / 2
        self._levels.append(deque((value,), maxlen=KEPT))
        waiting.append(value)

    def at(self, level: int) -> deque[float]:
        """The last groups of 2**level values, oldest first; the newest values may be in none yet."""
        return self._levels[level] if level < len(self._levels) else deque()

    def whole(self) -> tuple[int, list[float]]:
        """The whole series in at most `KEPT` groups: values in a group, and the mean of each group."""
        level = 0
        while self.count > KEPT << level:
            level += 1
        return 1 << level, list(self.at(level))
