"""What a run follows: the failed runs of its phase since the last that passed, and the entries about them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from trainer_tui import diary
from trainer_tui.diary.checks import status_of
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.state import RunState, observe
from trainer_tui.supervise.tries import tried_before

_SAME_BY_KIND = frozenset({"nan-loss", "cpu-oom", "cuda-oom", "disk-full", "hang"})
"""Kinds that say what broke; two incidents of any other kind are alike when their messages are."""

_RESOLVED = re.compile(r"\b(RESOLVED|CLOSED|WONTFIX)\b", re.IGNORECASE)
_LOOKED_AT = 20


@dataclass(frozen=True, slots=True)
class Failed:
    """An earlier run that broke, and the entry that its failure is written up in."""

    run: RunFolder
    state: RunState
    incident: Incident
    entry: int


@dataclass(frozen=True, slots=True)
class Past:
    """What a run follows; empty where the last run of its phase passed."""

    before: RunFolder | None = None
    """The run of the phase before this one, however it ended."""
    failed: tuple[Failed, ...] = ()
    """Oldest first."""

    @property
    def entries(self) -> tuple[int, ...]:
        """The entries about these failures, oldest first."""
        return tuple(dict.fromkeys(one.entry for one in self.failed))

    def first(self, entry: int) -> Failed:
        """The run that an entry was opened for."""
        return next(one for one in self.failed if one.entry == entry)

    def last(self, entry: int) -> Failed:
        """The newest run that failed in an entry's way."""
        return next(one for one in reversed(self.failed) if one.entry == entry)


def past_of(model: ModelFolder, run: RunFolder) -> Past:
    """What this run follows, as the run folders say it."""
    earlier = [one for one in tried_before(model, run.number, run.phase) if one.run_json.exists()]
    failed = (_failed(one) for one in earlier[-_LOOKED_AT:])
    return Past(earlier[-1] if earlier else None, tuple(one for one in failed if one is not None))


def _failed(run: RunFolder) -> Failed | None:
    state = observe(run)
    if not state.over or not state.diary:
        return None
    number, identity = state.diary[0]
    incident = next((i for i in state.incidents if i.id == identity), state.failure)
    return Failed(run, state, incident, number) if incident is not None else None


def is_open(entry: diary.Entry | None) -> bool:
    """Whether an entry still waits for what fixes it."""
    return entry is not None and not _RESOLVED.search(status_of(entry))


def same_failure(one: Incident, other: Incident) -> bool:
    """Whether two incidents are the same failure again."""
    if one.kind != other.kind:
        return False
    return one.kind in _SAME_BY_KIND or shape(one.message) == shape(other.message)


def shape(message: str) -> str:
    """A message without what differs from run to run: numbers, addresses, paths, quoted names."""
    message = re.sub(r"0x[0-9a-fA-F]+|\d[\d.,]*(?:[eE][-+]?\d+)?", "#", message)
    message = re.sub(r"'[^']*'|\"[^\"]*\"|`[^`]*`", "'…'", message)
    return " ".join(re.sub(r"\S*/\S+", "/…", message).lower().split())


def joined(past: Past, incident: Incident, notebook: diary.Diary) -> int | None:
    """The open entry of an earlier run that this incident is the same failure as; None: it is a new one."""
    for one in reversed(past.failed):
        if same_failure(one.incident, incident) and is_open(notebook.find(one.entry)):
            return one.entry
    return None


def open_entries(past: Past, notebook: diary.Diary) -> Sequence[int]:
    """The entries about what this run follows that are still open, oldest first."""
    return [number for number in past.entries if is_open(notebook.find(number))]
