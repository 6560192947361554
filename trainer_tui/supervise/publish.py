"""What other tools expect at fixed places: the newest results in `output/`, and the run in the index."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from trainer_tui.runs.files import replace_atomic
from trainer_tui.runs.layout import ModelFolder, RunFolder, results_name
from trainer_tui.runs.plan import RunRequest, WatchPlan


def publish_results(model: ModelFolder, run: RunFolder) -> None:
    """Copy the results of a run to `output/results_3.csv`. Raises OSError when the disk refuses."""
    if run.results.exists():
        replace_atomic(model.path.parent / results_name(run.phase, model.name), run.results.read_bytes())


def keep_history(run: RunFolder, plan: WatchPlan) -> None:
    """Copy a foreign history into the run folder, before the script's next run wipes it."""
    foreign = run.history_of(plan)
    if plan.history and foreign.is_file() and not run.history.exists():
        shutil.copyfile(foreign, run.history)


def update_index(run: RunFolder, request: RunRequest, output: Path) -> subprocess.Popen[bytes]:
    """Bring the run's row in the index up to date, in a process of its own: a database that hangs hangs nobody else."""
    return subprocess.Popen(
        [sys.executable, "-m", "trainer_tui.runs.index", request.plan.index_url, str(output), str(run.path)],
        stdin=subprocess.DEVNULL,
    )
