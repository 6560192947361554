"""What other tools expect at fixed places: the newest results in `output/`, and the run in the index."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from trainer_tui.runs.files import replace_atomic
from trainer_tui.runs.index_turn import URL_VARIABLE
from trainer_tui.runs.layout import ModelFolder, RunFolder, results_name
from trainer_tui.runs.plain import read_plain
from trainer_tui.runs.plan import RunRequest
from trainer_tui.supervise.complaints import complain


def publish_results(model: ModelFolder, run: RunFolder) -> None:
    """Copy the results of a run to `output/results_3.csv`. Raises OSError when the disk refuses."""
    if run.results.exists():
        target = model.path.parent / results_name(run.phase, model.name)
        replace_atomic(target, read_plain(run.results, within=run.path))


def update_index(run: RunFolder, request: RunRequest, output: Path) -> subprocess.Popen[bytes]:
    """Bring the run's row in the index up to date, in a process of its own: a database may hang."""
    return subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-m",
            "trainer_tui.runs.index_turn",
            "-",
            str(output),
            str(run.path),
        ],
        stdin=subprocess.DEVNULL,
        env={**os.environ, URL_VARIABLE: request.plan.index_url},
    )


class IndexWriters:
    """Tells the index of runs as they begin and end; waited for only once the watch is over."""

    def __init__(self, tell: Callable[[RunFolder, RunRequest, Path], subprocess.Popen[bytes]]) -> None:
        self._tell = tell
        self._writers: list[tuple[RunFolder, subprocess.Popen[bytes]]] = []

    def told(self, run: RunFolder, request: RunRequest, output: Path) -> None:
        """Write the run's row as it stands now. A writer of its older state must not come after this one."""
        for earlier, writer in self._writers:
            if earlier.path == run.path and writer.poll() is None:
                writer.kill()
                writer.wait()
        try:
            writer = self._tell(run, request, output)
            self._writers.append((run, writer))
            # So that it leaves no zombie behind for as long as the run takes.
            threading.Thread(target=writer.wait, name="index", daemon=True).start()
        except (OSError, RuntimeError) as error:
            complain(f"the index was not told of {run.name}: {error}")

    def wait(self, each_s: float) -> None:
        """Wait for those that still write; one that takes longer is ended."""
        for _, writer in self._writers:
            try:
                writer.wait(each_s)
            except subprocess.TimeoutExpired:
                writer.kill()
                print(
                    "the index did not answer in time: the next run writes what is missing, "
                    "and `trainer-tui runs --rebuild` makes it anew",
                    file=sys.stderr,
                )
