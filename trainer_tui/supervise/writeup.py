"""From a failed run to its diary entry: every fact a machine can know."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path

from trainer_tui import diary
from trainer_tui.runs.history import History
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.plan import PHASE_TITLES, RunRequest
from trainer_tui.runs.state import observe
from trainer_tui.supervise.sources import diff_sources

_CHANGES_LIMIT = 12_000


def open_entry(
    path: Path, model: ModelFolder, run: RunFolder, request: RunRequest, incident: Incident, history: History
) -> int:
    """Open (or find) the diary entry about this incident; its number. Raises OSError when it cannot."""
    facts = diary.EntryFacts(
        when=datetime.now().strftime("%Y-%m-%d %H:%M"),
        phase=PHASE_TITLES[request.phase],
        model=request.model,
        run=request.name,
        author=request.user,
        incident=incident,
        last_metrics=history.tail(5),
        resources=incident.facts.get("machine", {}),
        changes=changes_since_last_good(model, run)[:_CHANGES_LIMIT],
        command=shlex.join(request.command),
        log=_relative(run.log(), Path(request.plan.root)),
        attempt=request.attempt,
    )
    return diary.open_entry(path, facts)


def changes_since_last_good(model: ModelFolder, run: RunFolder) -> str:
    """Diff of the sources against the newest earlier run of the same phase that passed; empty without one."""
    for earlier in reversed(model.runs()):
        if earlier.number < run.number and earlier.phase == run.phase and observe(earlier).passed:
            return diff_sources(earlier.source, run.source)
    return ""


def _relative(path: Path, root: Path) -> str:
    try:
        return str(path.relative_to(root))
    except ValueError:
        return str(path)
