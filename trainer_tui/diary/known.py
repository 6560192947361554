"""Which runs there are and how they ended, for the checks of the diary."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from trainer_tui.runs.layout import ModelFolder
from trainer_tui.runs.state import observe


def known_runs(output: Path, models: Iterable[str] | None = None) -> dict[str, str]:
    """Name → reason of every run below `output` ('' while it runs); `models`: of these alone."""
    names = sorted(set(models)) if models is not None else _folders(output)
    found: dict[str, str] = {}
    for name in names:
        for run in ModelFolder(output / name, output / name).runs():
            if run.request() is not None:
                found[run.name] = observe(run).reason
    return found


def _folders(output: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(output) if entry.is_dir())
    except OSError:
        return []
