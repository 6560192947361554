"""The history, followed and judged in small pieces, with a place to go on from after a kill."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from trainer_tui.failures import RedFlags
from trainer_tui.runs.flags import FlagSettings
from trainer_tui.runs.history import History, HistoryReader
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.plan import MAIN_METRIC

PIECE = 32 << 10
"""Bytes read at a time: other things wait while rows are judged."""


class HistoryWatch:
    """Reads a history a piece at a time and judges its rows, all but the first `judged` ones.

    Those were judged by an earlier supervisor, unless the file began anew since; they are judged once more in
    silence, so that the curves are known from their start and an open flag keeps its name.
    """

    def __init__(
        self,
        path: Path,
        judged: int = 0,
        flags: FlagSettings | None = None,
        main_metric: str = MAIN_METRIC,
    ) -> None:
        """`flags`: those that are off or tuned. `main_metric`: the column that tells better from worse."""
        self._settings, self._main_metric = flags, main_metric
        self._begin(path)
        self._known = judged

    @property
    def path(self) -> Path:
        """The file that is read now."""
        return self._reader.path

    @property
    def history(self) -> History:
        """The rows read so far."""
        return self._reader.history

    @property
    def behind(self) -> bool:
        """Whether there is more to be read at once."""
        return self._reader.behind

    @property
    def judged(self) -> int:
        """Rows that need not be judged again."""
        return max(self._known, self.history.rows)

    def poll(self, path: Path) -> int:
        """Read the next piece of this file; the number of rows gained. Raises OSError when it cannot."""
        if path != self.path:
            self._begin_again(path)
        before = self.history.rows
        self._gained = 0
        self._gained = self._reader.poll(PIECE)
        if self._gained != self.history.rows - before:
            self._forget()  # the file began anew
        elif self.history.rows < self._known and not self.behind:
            self._begin_again(path)  # it began anew while nobody looked
            self._gained = self._reader.poll(PIECE)
        return self._gained

    def judge(self) -> list[Incident]:
        """What the rows of the last `poll` show."""
        rows = self.history.rows
        start = rows - self._gained
        if start >= rows:
            return []
        fresh = self._reader.logged(rows - start)
        known = min(len(fresh), max(0, self._known - start))
        try:
            self._feed(start, fresh[:known])
            return self._feed(start + known, fresh[known:])
        except Exception:
            self._flags = self._new_flags()  # rows it cannot bear must not blind it for those after them
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()

    def _begin_again(self, path: Path) -> None:
        self._reader.close()
        self._begin(path)

    def _begin(self, path: Path) -> None:
        self._reader = HistoryReader(path)
        self._gained = 0
        self._forget()

    def _forget(self) -> None:
        self._flags = self._new_flags()
        self._streaks: dict[str, int] = {}
        self._known = 0

    def _new_flags(self) -> RedFlags:
        return RedFlags(self._settings, self._main_metric)

    def _feed(self, first: int, rows: list[dict[str, float]]) -> list[Incident]:
        return [self._named(incident) for incident in self._flags.feed(first, rows)]

    def _named(self, incident: Incident) -> Incident:
        # The flags count streaks from the row they began at; the row itself is the same after a take-over.
        if incident.rule != "non-finite":
            return incident
        column = str(incident.facts["column"])
        if incident.fate == "suspected":
            self._streaks[column] = incident.facts["row"]
        return replace(incident, id=f"history:nan:{column}:{self._streaks.get(column, 0)}")
