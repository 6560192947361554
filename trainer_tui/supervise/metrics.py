"""The history of a run: its own, or a foreign one that its script keeps elsewhere."""

from __future__ import annotations

import shutil

from trainer_tui.runs.history import History, read_history
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.plan import WatchPlan


def history_of_run(run: RunFolder, plan: WatchPlan) -> History | None:
    """The metrics of a run as they stand now; None when there are none that can be read."""
    try:
        return read_history(run.history_of(plan))
    except OSError:
        return None


def keep_history(run: RunFolder, plan: WatchPlan) -> None:
    """Copy a foreign history into the run folder, before the script's next run wipes it. Raises OSError."""
    path = run.history_of(plan)
    if path != run.history and path.is_file():
        temporary = run.history.with_suffix(".tmp")
        shutil.copyfile(path, temporary)
        temporary.replace(run.history)
