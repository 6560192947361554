"""From a failed run to its diary entry: every fact a machine can know."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

from trainer_tui import diary
from trainer_tui.runs.history import History
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.plan import PHASE_TITLES, RunRequest
from trainer_tui.runs.state import observe
from trainer_tui.supervise.notebook.changes import Changes, changes_between
from trainer_tui.supervise.notebook.hypotheses import hypotheses
from trainer_tui.supervise.sources import diff_sources
from trainer_tui.supervise.tries import tried_before

LOOKED_AT = 200
"""Earlier runs among which the last good one is looked for."""

_CHANGES_LIMIT = 12_000
_ROWS, _ROWS_OF_A_DIVERGENCE = 5, 12
"""Rows of metrics that an entry shows; of a divergence enough to see it begin."""


@dataclass(frozen=True, slots=True)
class Written:
    """An entry as we wrote it."""

    number: int
    text: str


def open_entry(path: Path, facts: diary.EntryFacts, wait_s: float) -> Written:
    """Open (or find) the diary entry about an incident. Raises OSError when it cannot.

    `wait_s`: how long another writer is waited for.
    """
    number = diary.open_entry(path, facts, wait_s)
    entry = diary.read(path).find(number)
    return Written(number, entry.text if entry is not None else "")


def complete_entry(path: Path, written: Written, facts: diary.EntryFacts) -> None:
    """Put what is known by now into an entry that nobody has touched since we wrote it. Raises OSError."""
    entry = diary.read(path).find(written.number)
    if entry is not None and entry.text == written.text:
        diary.save_entry(path, written.number, written.text, diary.render(facts, written.number))


def facts_of(
    model: ModelFolder,
    run: RunFolder,
    request: RunRequest,
    incident: Incident,
    history: History,
    guesses: tuple[str, ...] | None = None,
) -> diary.EntryFacts:
    """Everything about a failure that a machine can know.

    `guesses`: its hypotheses where they are known already (`guesses_of`).
    """
    if guesses is not None:
        incident = replace(incident, hypotheses=guesses)
    return diary.EntryFacts(
        when=datetime.now().strftime("%Y-%m-%d %H:%M"),
        phase=PHASE_TITLES[request.phase],
        model=request.model,
        run=request.name,
        author=request.user,
        incident=incident,
        last_metrics=history.tail(_ROWS_OF_A_DIVERGENCE if incident.kind == "nan-loss" else _ROWS),
        resources=incident.facts.get("machine", {}),
        changes=changes_since_last_good(model, run)[:_CHANGES_LIMIT],
        command=shlex.join(request.command),
        log=_relative(run.log(), Path(request.plan.root)),
        attempt=len(tries(model, run)),
    )


def guesses_of(
    model: ModelFolder, run: RunFolder, notebook: Path, incident: Incident, earlier: Sequence[Incident]
) -> tuple[str, ...]:
    """What may have caused a failure, each with its evidence. `earlier`: the other incidents of the run.

    Raises OSError when the diary cannot be read.
    """
    good = last_good(model, run)
    changes = changes_between(good, run) if good is not None else Changes()
    known = diary.read(notebook)
    own = frozenset(entry.number for entry in diary.entries_for_run(known, run.name))
    return hypotheses(incident, earlier, changes, good, known, run.model, own)


def tries(model: ModelFolder, run: RunFolder) -> list[RunFolder]:
    """The runs of this phase since its last one that passed, oldest first, this one last."""
    return [*tried_before(model, run.number, run.phase), run]


def last_good(model: ModelFolder, run: RunFolder) -> RunFolder | None:
    """The newest earlier run of the same phase that passed, should it be one of the last `LOOKED_AT`."""
    same = (other for other in model.newest_first() if other.number < run.number and other.phase == run.phase)
    return next((earlier for earlier in islice(same, LOOKED_AT) if observe(earlier).passed), None)


def changes_since_last_good(model: ModelFolder, run: RunFolder) -> str:
    """Diff of the sources against the newest earlier run of the same phase that passed; empty without one."""
    good = last_good(model, run)
    return diff_sources(good.source, run.source) if good is not None else ""


def _relative(path: Path, root: Path) -> str:
    try:
        return str(path.relative_to(root))
    except ValueError:
        return str(path)
