"""A living run in a list of runs: its files stay open, and only what is new in them is read."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from trainer_tui.runs.catalog.labels import read_labels
from trainer_tui.runs.catalog.peak import Peak
from trainer_tui.runs.catalog.summary import WHOLE, RunSummary, column_of, of_state, with_values
from trainer_tui.runs.follow import RunFollower
from trainer_tui.runs.layout import RunFolder

SHARE = 5000
"""A curve is looked at again when it has grown by one part in so many: what is long changes slowly."""


class LivingRun:
    """One living run, followed."""

    def __init__(self, run: RunFolder, summary: RunSummary) -> None:
        self._follower = RunFollower(run, log_lines=0)
        self._memory = Peak(run.telemetry, "job_rss")
        self._metric = summary.metric
        self._rows = -1

    def poll(self, before: RunSummary) -> RunSummary:
        """The summary as the run stands now."""
        run = self._follower
        run.poll_history()
        run.poll_state()
        labels = read_labels(run.run)
        now = replace(before, level=WHOLE, tags=labels.tags, note=labels.note)
        now = of_state(now, run.state)
        if run.history.rows - self._rows > self._rows // SHARE or run.history.rows < self._rows:
            self._rows = run.history.rows
            column = column_of(run.history, self._metric)
            if column is not None:
                now = with_values(now, *column)
        with suppress(OSError):  # what cannot be read now is known as it was
            job = self._memory.poll()
            if job is not None and (now.peak_bytes is None or job > now.peak_bytes):
                now = replace(now, peak_bytes=job)
        if run.progress is not None:
            now = replace(now, steps=run.progress.done, total=run.progress.total)
        return now

    def close(self) -> None:
        """Let go of its files."""
        self._memory.close()
        self._follower.close()
