"""Which foreign history a run adopts: the one that is named, else the best that its training writes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trainer_tui.runs.formats import (
    FORMATS,
    Candidate,
    Row,
    Source,
    UnknownFormatError,
    open_source,
    recognise,
    search,
)
from trainer_tui.runs.formats.rows import metrics_in
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.plan import WatchPlan
from trainer_tui.runs.process import ProcessIdentity
from trainer_tui.supervise.holders import held_by_job, held_by_others

NONE, LOG = "none", "log"
"""Words of the setting `history` that are no paths: no foreign history at all; what is printed alone."""

SETTLE_S = 2.0
"""So long are printed numbers kept back: a script may be about to log a history of its own."""

FIRST_SEARCH_S = 1.0
SEARCH_GROWTH = 1.5
LAST_SEARCH_S = 30.0
"""Between two searches: soon at first, then ever longer."""

RESTS = 20.0
"""So many times what a search took is rested after it."""

LIVE = 40
"""Rank from which a format tells more, and sooner, than what is printed."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """A source to translate, and the rows that were read of it to know that it is one."""

    source: Source
    format: str
    rows: list[Row]
    others: int = 0
    """How many more of the kind were found."""


class Chooser:
    """Looks for a source, again and again, until one tells a metric."""

    def __init__(
        self, run: RunFolder, plan: WatchPlan, process: Callable[[], ProcessIdentity | None]
    ) -> None:
        self._run = run
        self._plan = plan
        self._process = process
        self._since = _since(run)
        self._search_at = 0.0
        self._pause_s = FIRST_SEARCH_S
        self._log: Source | None = None
        self._log_rows: list[Row] = []
        self._log_told_at: float | None = None
        self.problem = ""
        """Why the history that is named cannot be had."""

    @property
    def since(self) -> float:
        """What was written before belongs to an earlier run (seconds since 1970)."""
        return self._since

    @property
    def behind(self) -> bool:
        """Whether there is more of the log to be looked at."""
        return self._log is not None and self._log.behind

    def choose(self, above: int = -1, final: bool = False) -> Adopted | None:
        """A source of a rank above this one; None as long as there is none.

        `final`: the training has ended, so this is the last look.
        """
        wish = self._plan.history
        if wish == NONE:
            return None
        if wish and wish != LOG:
            return self._named(Path(self._plan.cwd, os.path.expanduser(wish)), final) if above < 0 else None
        found = self._searched(above, final) if wish != LOG else None
        if found is None and above < FORMATS["log"].rank:
            found = self._printed(final)
        if found is not None and found.source is not self._log:
            self.forget_log()
        return found

    def forget_log(self) -> None:
        """Let go of the log that was looked at."""
        if self._log is not None:
            self._log.close()
        self._log, self._log_rows, self._log_told_at = None, [], None

    def _named(self, path: Path, final: bool) -> Adopted | None:
        if not self._due(final):
            return None
        try:
            if path.is_dir():
                found = search(path, self._since, own=self._run.path)
                candidate = self._best(found)
            else:
                fresh = path.stat().st_mtime >= self._since
                candidate = recognise(path) if fresh else None
        except (FileNotFoundError, UnknownFormatError) as error:
            # A training may begin to write it late: only at the end is it missed.
            self.problem = str(error) if final else ""
            return None
        except OSError as error:
            self.problem = f"{path} cannot be read: {error.strerror or error}"
            return None
        missed = final and candidate is None
        self.problem = f"{path} was not written since the run began" if missed else ""
        return self._opened(candidate, must_tell=False) if candidate else None

    def _searched(self, above: int, final: bool) -> Adopted | None:
        if not self._due(final):
            return None
        began = time.monotonic()
        roots = dict.fromkeys([Path(self._plan.cwd), self._run.path])
        skip = [self._run.path.parents[1]]  # the folder of all runs
        found = [
            candidate
            for root in roots
            for candidate in search(root, self._since, own=self._run.path, skip=skip)
            if FORMATS[candidate.format].rank > above
        ]
        # A large folder is searched more seldom.
        self._search_at += RESTS * max(0.0, time.monotonic() - began)
        while (candidate := self._best(found)) is not None:
            adopted = self._opened(candidate, others=sum(c.format == candidate.format for c in found) - 1)
            if adopted is not None:
                return adopted
            found.remove(candidate)
        return None

    def _best(self, found: list[Candidate]) -> Candidate | None:
        """The candidate of the highest rank that this job writes; where nobody tells, the newest."""
        if not found:
            return None
        process = self._process()
        held = held_by_job(self._run, process)
        theirs = [c for c in found if any(os.path.realpath(file) in held for file in c.files)]
        if theirs:
            return max(theirs, key=lambda c: (FORMATS[c.format].rank, c.modified))
        open_to_us = [c for c in found if not held_by_others(c.files, self._run, process)]
        return max(open_to_us, key=lambda c: (FORMATS[c.format].rank, c.modified), default=None)

    def _opened(self, candidate: Candidate, others: int = 0, must_tell: bool = True) -> Adopted | None:
        source = open_source(candidate.format, candidate.path, self._since)
        rows = _first_rows(source)
        if must_tell and not any(map(metrics_in, rows)):
            source.close()
            return None
        return Adopted(source, candidate.format, rows, others)

    def _printed(self, final: bool) -> Adopted | None:
        if self._log is None:
            self._log = open_source("log", self._run.log())
        rows = self._log.poll()
        while final and self._log.behind:
            rows += self._log.poll()
        self._log_rows += rows
        if self._log.began_anew:
            self._log_rows = rows
        if final:
            self._log_rows += self._log.finish()
        if not any(map(metrics_in, self._log_rows)):
            return None
        now = time.monotonic()
        self._log_told_at = now if self._log_told_at is None else self._log_told_at
        if now - self._log_told_at < SETTLE_S and not final:
            return None
        source, self._log, told = self._log, None, self._log_rows
        self._log_rows = []
        return Adopted(source, "log", told)

    def _due(self, final: bool) -> bool:
        now = time.monotonic()
        if now < self._search_at and not final:
            return False
        self._search_at = now + self._pause_s
        self._pause_s = min(LAST_SEARCH_S, self._pause_s * SEARCH_GROWTH)
        return True


def _since(run: RunFolder) -> float:
    try:
        return run.run_json.stat().st_mtime
    except OSError:
        return 0.0


def _first_rows(source: Source) -> list[Row]:
    try:
        return source.poll()
    except OSError:
        return []
