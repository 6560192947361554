"""What the machine and the job use: one sample a second, taken in a thread, written by the supervisor."""

from __future__ import annotations

import math
import os
import queue
import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from trainer_tui.runs.telemetry import COLUMNS, GPU_COLUMNS, Gpu, gpu_column
from trainer_tui.supervise.cgroup import OomCounter, memory
from trainer_tui.supervise.gpu import GpuWatch
from trainer_tui.supervise.job import descendants

PERIOD_S = 1.0
FIRST_AFTER_S = 0.25
STALE_AFTER_S = 20.0
TREE_PERIOD_S = 5.0
"""How often the job's processes are searched anew."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The machine at one moment; the units are those of `runs.telemetry.COLUMNS`."""

    time: float
    elapsed_s: float
    cpu_percent: float
    cpu_count: int
    ram_used: int
    ram_total: int
    job_cpu_percent: float
    job_rss: int
    job_processes: int
    disk_free: int
    disk_total: int
    gpus: tuple[Gpu, ...] = ()
    swapped_in: float = math.nan
    """Bytes the machine read back from swap since it was started; not in the table."""

    def cells(self, gpu_count: int) -> list[str]:
        """The row for `telemetry.csv` with room for this many GPUs."""
        cells = [_cell(getattr(self, name)) for name in COLUMNS]
        by_index = {gpu.index: gpu for gpu in self.gpus}
        for index in range(gpu_count):
            gpu = by_index.get(index)
            cells += ["" if gpu is None else _cell(getattr(gpu, name)) for name in GPU_COLUMNS]
        return cells


def header(gpu_count: int) -> list[str]:
    """The header of `telemetry.csv`."""
    return [*COLUMNS, *(gpu_column(i, name) for i in range(gpu_count) for name in GPU_COLUMNS)]


@dataclass(slots=True)
class _Tree:
    """The job's processes, searched anew every few seconds."""

    root: int
    processes: dict[int, psutil.Process] = field(default_factory=dict)
    searched: float = -math.inf
    met: set[int] = field(default_factory=set)
    """Every process that was ever found."""

    def usage(self) -> tuple[float, int, int]:
        """CPU percent of one core, resident bytes and number of processes."""
        now = time.monotonic()
        if now - self.searched > TREE_PERIOD_S:
            self._search(now)
        cpu, rss = 0.0, 0
        for pid, process in list(self.processes.items()):
            try:
                with process.oneshot():
                    cpu += process.cpu_percent()
                    rss += process.memory_info().rss
            except psutil.Error:
                del self.processes[pid]
        return cpu, rss, len(self.processes)

    def _search(self, now: float) -> None:
        self.searched = now
        pids = descendants(self.root)
        self.met.update(pids)
        for pid in pids:
            if pid not in self.processes:
                try:
                    self.processes[pid] = psutil.Process(pid)
                except psutil.Error:
                    continue
        self.processes = {pid: p for pid, p in self.processes.items() if pid in pids}


class Sampler:
    """Takes samples in a thread until closed; `take` hands over those that wait."""

    def __init__(self, pid: int, folder: Path, began: float) -> None:
        """`began`: when the training process began, on the monotonic clock: the time of day may be set."""
        self._pid = pid
        self._tree = _Tree(pid, met={pid})
        self.oom = OomCounter(pid)
        self._folder = folder
        self._began = min(began, time.monotonic())
        self._samples: queue.SimpleQueue[Sample] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._sampled = time.monotonic()
        self._error = ""
        self.gpus = GpuWatch()
        threading.Thread(target=self._work, name="sampler", daemon=True).start()

    def take(self) -> list[Sample]:
        """The samples since the last call, oldest first."""
        taken = []
        while not self._samples.empty():
            taken.append(self._samples.get_nowait())
        return taken

    @property
    def pids(self) -> frozenset[int]:
        """Every process of the job that was ever found."""
        return frozenset(tuple(self._tree.met))

    @property
    def problem(self) -> str:
        """Why the machine cannot be seen; empty when it can."""
        silent = time.monotonic() - self._sampled
        if silent > STALE_AFTER_S:
            return self._error or f"no sample of the machine for {silent:.0f} s"
        return ""

    def close(self) -> None:
        """Stop sampling."""
        self._stop.set()
        self.gpus.close()

    def _work(self) -> None:
        psutil.cpu_percent()
        pause = FIRST_AFTER_S
        while not self._stop.wait(pause):
            pause = PERIOD_S
            try:
                self.oom.look()
                self._samples.put(self._sample())
            except (OSError, psutil.Error) as error:
                self._error = f"the machine cannot be measured: {error}"
                continue
            self._sampled = time.monotonic()

    def _sample(self) -> Sample:
        ram = memory(pid=self._pid)
        disk = shutil.disk_usage(self._folder)
        cpu, rss, count = self._tree.usage()
        return Sample(
            time=time.time(),
            elapsed_s=time.monotonic() - self._began,
            cpu_percent=psutil.cpu_percent(),
            cpu_count=usable_cores(),
            ram_used=ram.used,
            ram_total=ram.total,
            job_cpu_percent=cpu,
            job_rss=rss,
            job_processes=count,
            disk_free=disk.free,
            disk_total=disk.total,
            gpus=self.gpus.readings(),
            swapped_in=float(psutil.swap_memory().sin),
        )


def usable_cores() -> int:
    """Cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cell(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    return "" if math.isnan(value) else f"{value:.3f}".rstrip("0").rstrip(".")
