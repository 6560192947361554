"""A bench that reads histories: of several runs, as they grow, whatever their length."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable

from trainer_tui.runs.layout import RunFolder
from trainer_tui.tui.bench import Bench, Made, Wished
from trainer_tui.tui.histories import Ledger, ledger_of

LOOK_S = 0.5
"""Between two looks at the files while the screen is in front."""

SHARE = 0.1
"""Of the time, at most, goes into drawing what grows; a wish is granted at once."""

PROGRESS_S = 0.4
"""Between two results while a long file is read."""


class Workbench(Bench[Wished, Made]):
    """Reads histories and makes something of them."""

    def __init__(self, name: str, announce: Callable[[], object]) -> None:
        super().__init__(name, announce, LOOK_S)
        self._done: Wished | None = None
        self._owed = False
        self._growth_at = 0.0
        self._ledgers: dict[RunFolder, Ledger] = {}

    @abstractmethod
    def runs_of(self, wish: Wished) -> tuple[RunFolder, ...]:
        """The runs that a wish is about."""

    @abstractmethod
    def make(self, wish: Wished, ledgers: list[Ledger], reading: float) -> Made:
        """Grant a wish; `reading`: the part of the files that was read."""

    def look(self, wish: Wished) -> None:
        """Read what is new, and draw it when it is due."""
        runs = self.runs_of(wish)
        self._ledgers = {run: self._ledgers.get(run) or ledger_of(run) for run in runs}
        told_at = time.monotonic()

        def go_on(part: float) -> bool:
            nonlocal told_at
            if time.monotonic() - told_at > PROGRESS_S:
                newest = self._wish
                if newest is not None and self.runs_of(newest) == runs:
                    self.hand_over(self.make(newest, list(self._ledgers.values()), part))
                told_at = time.monotonic()
            return (
                not self._closing
                and not self._resting
                and self._wish is not None
                and (self.runs_of(self._wish) == runs)
            )

        # Not `any` of a generator: every file is read, whichever of them grew.
        grew = [ledger.read(go_on) for ledger in self._ledgers.values()]
        newest = self._wish
        if self._closing or newest is None or self.runs_of(newest) != runs:
            return
        if newest == self._done and not (any(grew) or self._owed):
            return
        now = time.monotonic()
        if newest == self._done and now < self._growth_at:
            self._owed = True
            return
        self._owed = False
        self._done = newest
        self.hand_over(self.make(newest, list(self._ledgers.values()), 1.0))
        self._growth_at = time.monotonic() + (time.monotonic() - now) / SHARE
