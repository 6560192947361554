"""Telemetry: samples of machine and job into `telemetry.csv`, and the words for when they cannot be had."""

from __future__ import annotations

import math
import time
from collections import deque

from trainer_tui.runs.files import LineAppender, complete_lines, replace_atomic
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.plain import plainly, read_plain
from trainer_tui.runs.units import bytes_text, counted, pair_text
from trainer_tui.supervise.cgroup import OomCounter
from trainer_tui.supervise.resources import Sample, Sampler, header

PATIENCE_S = 5.0
"""So long do the first samples wait for a driver to answer."""

RECENT = 5
"""Samples remembered: what the machine was like in the last seconds."""


class Machine:
    """Writes each sample; remembers the newest."""

    def __init__(self, run: RunFolder, pid: int, began: float) -> None:
        """`began`: when the process began, on the monotonic clock."""
        self._path = run.telemetry
        self._sampler = Sampler(pid, run.path, began)
        self._lines = LineAppender(run.telemetry, keep=600)
        self._gpus = self._known_gpus(run)
        self._asked_at = time.monotonic()
        self._kept: list[Sample] = []
        self.recent: deque[Sample] = deque(maxlen=RECENT)
        """The newest samples, oldest first."""

    @property
    def last(self) -> Sample | None:
        """The newest sample."""
        return self.recent[-1] if self.recent else None

    @property
    def oom(self) -> OomCounter:
        """The kernel's out-of-memory kills where the job runs."""
        return self._sampler.oom

    @property
    def pids(self) -> frozenset[int]:
        """Every process of the job that was ever found."""
        return self._sampler.pids

    def look(self) -> None:
        """Write the samples that came in."""
        taken = self._sampler.take()
        self.recent.extend(taken)
        self._kept += taken
        if not self._kept:
            return
        needed = max(_gpu_room(sample) for sample in self._kept)
        if self._gpus is None:
            if not self._gpus_known(needed):
                return
            self._gpus = needed
            self._lines.append(",".join(header(self._gpus)).encode())
        elif needed > self._gpus:
            self._gpus = self._widened(self._gpus, needed)
        for sample in self._kept:
            self._lines.append(",".join(sample.cells(self._gpus)).encode())
        self._kept.clear()

    def problem(self) -> str:
        """Why the machine cannot be seen, or its samples not written; empty when all is well."""
        if self._lines.problem is not None:
            return f"telemetry cannot be written: {self._lines.problem.strerror}"
        return self._sampler.problem

    def gpu_problem(self) -> str:
        """Why the GPUs cannot be seen; empty when they can, and where there are none."""
        return self._sampler.gpus.problem

    def facts(self) -> dict[str, str]:
        """The newest sample in words, for an incident and the diary."""
        sample = self.last
        if sample is None:
            return {}
        facts = {
            "CPU": f"{sample.cpu_percent:.0f} % of {sample.cpu_count} cores",
            "RAM": pair_text(sample.ram_used, sample.ram_total),
            "job": f"{bytes_text(sample.job_rss)}, {counted(sample.job_processes, 'process', 'processes')}",
            "disk": f"{bytes_text(sample.disk_free)} free",
        }
        for gpu in sample.gpus:
            used = pair_text(gpu.mem_used, gpu.mem_total)
            load, heat, power = _shown(gpu.util, "%"), _shown(gpu.temp, "°C"), _shown(gpu.power, "W")
            facts[f"GPU {gpu.index}"] = f"{load}, {used}, {heat}, {power}"
        return facts

    def close(self) -> None:
        """Stop sampling."""
        self._sampler.close()

    def _gpus_known(self, seen: int) -> bool:
        # A header that is widened later is a table written twice: give a driver that is slow a moment.
        waited = time.monotonic() - self._asked_at
        return bool(seen) or self._sampler.gpus.absent or waited > PATIENCE_S

    def _widened(self, present: int, needed: int) -> int:
        """Give the table room for GPUs that answered late; the number of those it has room for now."""
        if self._lines.waiting:
            return present  # what waits for the disk has the old width
        try:
            lines, _ = complete_lines(read_plain(self._path))
            names = header(needed)
            commas = len(names) - 1
            rows = [line + b"," * (commas - line.count(b",")) for line in lines[1:]]
            replace_atomic(self._path, b"\n".join([",".join(names).encode(), *rows, b""]))
        except OSError:
            return present  # a disk that refuses is told of by the next row
        return needed

    @staticmethod
    def _known_gpus(run: RunFolder) -> int | None:
        """The number of GPUs in the header of an earlier supervisor; None when there is no header yet."""
        try:
            with open(run.telemetry, encoding="utf-8", opener=plainly) as file:
                names = file.readline(1 << 20).strip().split(",")
        except OSError:
            return None
        return sum(name.endswith("_mem_total") for name in names) if len(names) > 1 else None


def _gpu_room(sample: Sample) -> int:
    return max((gpu.index + 1 for gpu in sample.gpus), default=0)


def _shown(value: float, unit: str) -> str:
    """A reading with its unit; what a GPU does not tell (utilisation under MIG) is not 0."""
    return f"{unit} n/a" if math.isnan(value) else f"{value:.0f} {unit}"
