"""This run as an attempt at what an earlier one failed with: written at its start and at its end, each once.

Whether a paragraph stands in an entry is told by the comment above it, so that whoever takes over after a
kill adds none twice; that it was written is an event (`tried`), so that what a person deleted stays deleted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from trainer_tui import diary
from trainer_tui.runs.clock import duration_text, parse_utc
from trainer_tui.runs.events import read_events
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.secrets import mapped
from trainer_tui.runs.state import RunState
from trainer_tui.supervise.notebook.changes import Changes, changes_between
from trainer_tui.supervise.notebook.failed import Failed, Past, joined, open_entries, past_of
from trainer_tui.supervise.notebook.fix import before_and_after, proposal_of, with_proposal
from trainer_tui.supervise.notebook.outcome import fate_of, numbers_of, result_of
from trainer_tui.supervise.notebook.paragraphs import mark, with_result, with_test

if TYPE_CHECKING:
    from trainer_tui.supervise.supervisor import RunSupervisor

_COMPLAINT = "what this run tries cannot be written into the diary"


class Attempt:
    """What this run tries, for the entries about the failures that it follows."""

    def __init__(self, supervisor: RunSupervisor) -> None:
        self._s = supervisor
        self._known: Past | None = None
        self._changes: dict[str, Changes] = {}
        self._written: set[tuple[int, str]] | None = None
        self._end: RunState | None = None

    def begin(self) -> None:
        """Say in the newest entry that this run follows what it changes."""
        self._s.attempt("tests", _COMPLAINT, self._write)

    def conclude(self, reason: str, sentence: str) -> None:
        """Say what it came to, and propose the fix if it passed."""
        self._end = replace(self._s.state, status="ended", reason=reason, sentence=sentence)
        self._s.attempt("tests", _COMPLAINT, self._write)

    def joins(self, incident: Incident) -> int | None:
        """The open entry that this failure belongs to as the next attempt; None: it opens its own."""
        return joined(self._past, incident, diary.read(self._s.notebook)) if self._past.failed else None

    @property
    def _past(self) -> Past:
        if self._known is None:
            self._known = past_of(self._s.model, self._s.run)
        return self._known

    def _write(self) -> None:
        """Whatever is due and not there yet. Raises OSError; called again then."""
        past = self._past
        if not past.failed:
            return
        for entry in self._entries(past):
            self._write_into(entry, past)

    def _entries(self, past: Past) -> list[int]:
        """The entries that tell of this run."""
        still_open = open_entries(past, diary.read(self._s.notebook))
        newest = past.failed[-1].entry
        begun = [entry for entry in past.entries if self._is_written(entry, "test")]
        wanted = [newest] if newest in still_open else []
        if self._end is not None and self._end.passed:
            wanted = list(still_open)
        elif self._end is not None:
            wanted += [entry for entry, _ in self._end.diary if entry in still_open]
        return list(dict.fromkeys([*begun, *wanted]))

    def _write_into(self, entry: int, past: Past) -> None:
        s, end = self._s, self._end
        name = s.run.name
        if not self._is_written(entry, "test"):
            name_before = past.before.name if past.before else past.last(entry).run.name
            changes = mapped(self._changes_from(name_before, past), s.hide)
            started = _local(s.state.started)
            self._edit(entry, "test", lambda text: with_test(text, name, started, changes))
        if end is None:
            return
        if not self._is_written(entry, "result"):
            failed = past.last(entry)
            result = s.hide(result_of(s.run, end, s.history.history, s.plan.main_metric, failed))
            self._edit(entry, "result", lambda text: with_result(text, name, result))
        if end.passed and not self._is_written(entry, "fix"):
            self._edit(entry, "fix", partial(self._with_fix, past.first(entry), end, past))

    def _with_fix(self, failed: Failed, end: RunState, past: Past, text: str) -> str:
        s = self._s
        name = s.run.name
        if mark("test", name) not in text:
            return text  # a person does not want this attempt in here
        fates = fate_of(failed.state), fate_of(end)
        labels = (f"{failed.run.name}, {fates[0]}", f"{name}, {fates[1]}")
        proposal = proposal_of(
            name,
            (failed.run.name, fates[0]),
            fates[1],
            self._changes_from(failed.run.name, past),
            before_and_after(failed.run.source, s.run.source, labels),
            numbers_of(s.run, s.history.history, s.plan.main_metric),
            duration_text(end.duration_s) if end.duration_s is not None else "",
        )
        return with_proposal(text, name, s.hide(proposal))

    def _edit(self, entry: int, stage: str, change: Callable[[str], str]) -> None:
        """Edit an entry that may be gone, and remember that it was done."""
        s = self._s
        if diary.read(s.notebook).find(entry) is not None:
            diary.edit_entry(s.notebook, entry, change, s.struggle.wait_s)
        s.emit("tried", entry=entry, stage=stage)
        assert self._written is not None
        self._written.add((entry, stage))

    def _is_written(self, entry: int, stage: str) -> bool:
        if self._written is None:
            known = (event for event in read_events(self._s.run.events) if event["kind"] == "tried")
            self._written = {(int(event["entry"]), str(event["stage"])) for event in known}
        return (entry, stage) in self._written

    def _changes_from(self, name: str, past: Past) -> Changes:
        if name not in self._changes:
            runs = [one.run for one in past.failed] + ([past.before] if past.before else [])
            before = next(run for run in runs if run.name == name)
            self._changes[name] = changes_between(before, self._s.run)
        return self._changes[name]


def _local(stamp: str) -> str:
    moment = parse_utc(stamp) if stamp else None
    return moment.astimezone().strftime("%Y-%m-%d %H:%M") if moment else ""
