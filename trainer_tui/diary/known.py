"""Which runs there are and how they ended, for the checks of the diary."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from trainer_tui.runs.catalog.catalog import read_all


def known_runs(output: Path, models: Iterable[str] | None = None) -> dict[str, str]:
    """Name → reason of every run below `output` ('' while it runs); `models`: of these alone.

    What the cache of the list of runs knows is not read again: a model may have thousands of them.
    """
    only = sorted(set(models)) if models is not None else None
    # Nothing here looks at a log, so where they lie does not matter.
    listed = read_all(output, output, only)
    return {folder.name: run.reason for folder, run in listed if run.status != "incomplete"}
