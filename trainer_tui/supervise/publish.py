"""What other tools expect at fixed places: the newest results in `output/`, and the run in the index."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from trainer_tui.runs.files import replace_atomic
from trainer_tui.runs.layout import ModelFolder, RunFolder, results_name
from trainer_tui.runs.plan import RunRequest


def publish_results(model: ModelFolder, run: RunFolder) -> None:
    """Copy the results of a run to `output/results_3.csv`. Raises OSError when the disk refuses."""
    if run.results.exists():
        replace_atomic(model.path.parent / results_name(run.phase, model.name), run.results.read_bytes())


def update_index(run: RunFolder, request: RunRequest, output: Path) -> subprocess.Popen[bytes]:
    """Bring the run's row in the index up to date, in a process of its own: a database may hang."""
    return subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-m",
            "trainer_tui.runs.index",
            request.plan.index_url,
            str(output),
            str(run.path),
        ],
        stdin=subprocess.DEVNULL,
    )
