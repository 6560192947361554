"""The history of a run, as its gates and its chain read it."""

from __future__ import annotations

from trainer_tui.runs.history import History, read_history
from trainer_tui.runs.layout import RunFolder


def history_of_run(run: RunFolder) -> History | None:
    """The metrics of a run as they stand now; None when there are none that can be read."""
    try:
        return read_history(run.history)
    except OSError:
        return None
