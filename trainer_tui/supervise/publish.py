"""What other tools expect at fixed places: the newest results in `output/`, and the run in the index."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
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
            self._writers.append((run, self._tell(run, request, output)))
        except OSError as error:
            print(f"the index was not told of {run.name}: {error}", file=sys.stderr, flush=True)

    def wait(self, each_s: float) -> None:
        """Wait for those that still write; one that takes longer is ended."""
        for _, writer in self._writers:
            try:
                writer.wait(each_s)
            except subprocess.TimeoutExpired:
                writer.kill()
                print(
                    "the index did not answer in time; `trainer-tui runs --rebuild` makes it anew",
                    file=sys.stderr,
                )
