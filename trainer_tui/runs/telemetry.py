"""`telemetry.csv`: what the machine and the job used, one row a sample."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer_tui.runs.history import HistoryReader

COLUMNS: dict[str, str] = {
    "time": "seconds since the epoch, UTC",
    "elapsed_s": "seconds since the training process started",
    "cpu_percent": "of all cores together, 0 to 100",
    "cpu_count": "cores this job may use",
    "ram_used": "bytes, of the cgroup if it has a limit, else of the machine",
    "ram_total": "bytes, the smallest limit that applies",
    "job_cpu_percent": "of one core: 250 is two and a half cores",
    "job_rss": "bytes resident, the job's whole process tree",
    "job_processes": "number of processes in the tree",
    "disk_free": "bytes free where the run folder lies",
    "disk_total": "bytes",
}
"""Columns of every sample and their units. Each GPU adds `GPU_COLUMNS` with its number."""

GPU_COLUMNS: dict[str, str] = {
    "util": "percent",
    "mem_used": "bytes",
    "mem_total": "bytes",
    "temp": "degrees Celsius",
    "power": "watts",
}


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU at one moment; NaN where the driver does not say (e.g. utilisation under MIG)."""

    index: int
    util: float
    mem_used: float
    mem_total: float
    temp: float
    power: float
    slowdown: float = math.nan
    """Why the clocks are held down: NVML's bits of reasons. Like the next two, not in the table."""
    ecc_errors: float = math.nan
    """Uncorrected memory errors since the driver was loaded."""
    xid: float = math.nan
    """The newest Xid error that the driver reported since we look; 0 while there is none."""


def gpu_column(index: int, name: str) -> str:
    """`gpu0_util`."""
    return f"gpu{index}_{name}"


class TelemetryReader:
    """The samples as they come: `value` for the newest, `series` for the last ones.

    `keep`: so many of the newest ones are kept, a few more at times; None keeps all. A sample a second for
    twelve hours is 3.8 MB, and a view shows the last minutes.
    """

    def __init__(self, path: Path, keep: int | None = None) -> None:
        self._reader = HistoryReader(path)
        self._keep = keep

    def poll(self) -> int:
        """Read new samples and return how many there were. Raises OSError when the file cannot be read."""
        gained = self._reader.poll()
        if self._keep is not None and self.rows > self._keep + self._keep // 4:
            self._reader.history.keep_last(self._keep)
        return gained

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()

    @property
    def rows(self) -> int:
        """Number of samples that are kept."""
        return self._reader.history.rows

    def value(self, name: str) -> float:
        """The newest sample's value; NaN when there is none."""
        column = self._reader.history.columns.get(name)
        return column[-1] if column else math.nan

    def series(self, name: str, count: int) -> list[float]:
        """The last values of a column, oldest first."""
        column = self._reader.history.columns.get(name)
        return list(column[-count:]) if column and count > 0 else []

    def peak(self, name: str) -> float | None:
        """The largest value of a column."""
        finite = [v for v in self._reader.history.columns.get(name, ()) if math.isfinite(v)]
        return max(finite, default=None)

    def last(self) -> dict[str, Any]:
        """The newest sample, without what was not measured; empty when there is none."""
        history = self._reader.history
        if not history.rows:
            return {}
        return {name: value for name, value in history.row(history.rows - 1).items() if math.isfinite(value)}

    def gpus(self) -> list[Gpu]:
        """Every GPU in the newest sample."""
        found = []
        index = 0
        while gpu_column(index, "mem_total") in self._reader.history.columns:
            found.append(Gpu(index, *(self.value(gpu_column(index, name)) for name in GPU_COLUMNS)))
            index += 1
        return found
