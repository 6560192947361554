"""The diary entry of a failing run: opened with the first certain failure, completed if the end follows.

The same failure in the next run opens no second one: that run is an attempt (`notebook.attempt`) in it.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from trainer_tui.diary import EntryFacts
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.secrets import mapped
from trainer_tui.supervise.notebook.attempt import Attempt
from trainer_tui.supervise.writeup import Written, complete_entry, facts_of, guesses_of, open_entry

if TYPE_CHECKING:
    from trainer_tui.supervise.supervisor import RunSupervisor

SHORT_WAIT_S = 0.2
"""It is tried again a second later."""

COMPLETE_WITHIN_S = 5.0
"""Later than that somebody may be writing in the entry."""

_COMPLAINT = "the diary cannot be written"


class Struggle:
    """The entry of one run; what a full disk refuses is tried again."""

    def __init__(self, supervisor: RunSupervisor) -> None:
        self._s = supervisor
        self._written: Written | None = None
        self._written_at = 0.0
        self.wait_s = SHORT_WAIT_S
        """How long another writer of the diary is waited for: the supervisor sees nothing meanwhile."""
        self._attempt = Attempt(supervisor)
        known = [i for i in supervisor.state.incidents if (i.severity, i.fate) == ("error", "confirmed")]
        # An earlier supervisor was killed between the failure and its entry.
        self._owed = known[0] if known and not supervisor.state.diary and not supervisor.state.over else None

    def begin(self) -> None:
        """Say in the entry of the failure that this run follows what it tries."""
        self._attempt.begin()

    def conclude(self, reason: str, sentence: str) -> None:
        """Say there what it came to."""
        self._attempt.conclude(reason, sentence)

    def open(self, incident: Incident) -> None:
        """Open the entry; later incidents of the same failure belong to the first one."""
        self._s.attempt("diary", _COMPLAINT, lambda: self._open(incident))

    def catch_up(self) -> None:
        """Open the entry that an earlier supervisor was killed before."""
        if self._owed is not None:
            incident, self._owed = self._owed, None
            self.open(incident)

    def complete(self) -> None:
        """Add what came right after the entry was opened, as the traceback of a divergence does."""
        self.catch_up()
        written, errors = self._written, self._s.book.errors("confirmed")
        if written is None or not errors or time.monotonic() - self._written_at > COMPLETE_WITHIN_S:
            return
        excerpt = next((error.excerpt for error in errors if error.excerpt), "")
        facts = self._facts(replace(errors[0], excerpt=errors[0].excerpt or excerpt))
        self._s.attempt("diary", _COMPLAINT, lambda: complete_entry(self._s.notebook, written, facts))

    def _open(self, incident: Incident) -> None:
        if self._s.state.diary:
            return
        known = self._attempt.joins(incident)
        if known is not None:  # the same failure again is an attempt, not a struggle of its own
            self._s.emit("diary", entry=known, incident=incident.id)
            return
        self._written = open_entry(self._s.notebook, self._facts(incident), self.wait_s)
        self._written_at = time.monotonic()
        self._s.emit("diary", entry=self._written.number, incident=incident.id)

    def _facts(self, incident: Incident) -> EntryFacts:
        s = self._s
        guesses = s.sight.call(
            "hypotheses",
            lambda: guesses_of(s.model, s.run, s.notebook, incident, s.state.incidents),
            None,
        )
        return mapped(facts_of(s.model, s.run, s.request, incident, s.history.history, guesses), s.hide)
