"""Starting a supervisor again when the one of a living run has died."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from trainer_tui.runs.text import clean

AFTER_S = 2.0
PER_MINUTE = 3

_UNWATCHED = "no supervisor watches this run"


class NotOursError(Exception):
    """Somebody else began the watch, or it began in another place: a user has to ask for it."""


class Revival:
    """Calls `revive` when nobody watched for 2 s, at most 3 times a minute. Used from one thread."""

    def __init__(self, revive: Callable[[], object]) -> None:
        self._revive = revive
        self._unwatched_since: float | None = None
        self._tries: deque[float] = deque(maxlen=PER_MINUTE)
        self.problem = ""
        """Why the last try failed; empty when it did not."""
        self.refused = False
        """Whether none may be started unless a user asks for it: trying again changes nothing."""

    def look(self, watched: bool, now: float) -> str:
        """Note whether the run is watched at the monotonic time `now`, and return what to say about it."""
        if watched:
            self._unwatched_since, self.problem, self.refused = None, "", False
            return ""
        if self._unwatched_since is None:
            self._unwatched_since = now
        if now - self._unwatched_since >= AFTER_S and self._may_try(now):
            self._tries.append(now)
            self._unwatched_since = now  # give the new one as long to show up
            try:
                self._revive()
                self.problem, self.refused = "", False
            except NotOursError as error:
                self.problem, self.refused = clean(f"{error}", 200), True
            except Exception as error:  # any reason is one sentence for the user, and the run goes on
                self.problem = clean(f"{error}" or type(error).__name__, 200)
        if self.problem:
            return f"{_UNWATCHED}, and none could be started: {self.problem}"
        return _UNWATCHED + ("; one is being started" if self._tries else "")

    def _may_try(self, now: float) -> bool:
        return len(self._tries) < PER_MINUTE or now - self._tries[0] >= 60
