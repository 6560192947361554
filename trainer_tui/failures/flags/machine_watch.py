"""Red flags in machine and job, sample by sample."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from trainer_tui.failures.flags.episodes import Episodes
from trainer_tui.failures.flags.machine import (
    GROUP_S,
    HOLDS_BACK,
    MACHINE_DETECTORS,
    GpuSample,
    MachineSample,
    MachineSnapshot,
    Series,
)
from trainer_tui.runs.flags import MACHINE_FLAGS, FlagSettings, tuned
from trainer_tui.runs.incident import Incident

LOOK_EVERY_S = 30.0
REST_S = 300.0
"""So long must a flag be down before its episode is over."""

_FLAGS = {flag.name: flag for flag in MACHINE_FLAGS}


class MachineFlags:
    """Watches the samples of a run's machine; those before a take-over are not known to it."""

    def __init__(self, settings: FlagSettings | None = None) -> None:
        """`settings`: flag → False, True or parameters, as in `[flags]`."""
        self._values = tuned(MACHINE_FLAGS, settings or {})
        self._snap: MachineSnapshot | None = None
        self._episodes = Episodes("resources", REST_S)
        self._group_at = 0.0
        self._look_at = 0.0
        self._swapped = math.nan
        self._swapped_at = 0.0

    def feed(
        self, samples: Iterable[MachineSample], remaining_s: Callable[[], float | None]
    ) -> list[Incident]:
        """What new samples show, oldest first. `remaining_s`: how long the run still takes, None if unknown.

        The same id again, with the fate `recovered`, means that an episode is over.
        """
        found: list[Incident] = []
        for sample in samples:
            snap = self._take(sample)
            if sample.elapsed_s >= self._look_at:
                self._look_at = sample.elapsed_s + LOOK_EVERY_S
                snap.remaining_s = remaining_s()
                up = {
                    name: list(MACHINE_DETECTORS[name](snap, values)) for name, values in self._values.items()
                }
                at = {"at_s": round(sample.elapsed_s)}
                found += self._episodes.judge(up, _FLAGS, sample.elapsed_s, at)
        return found

    def _take(self, sample: MachineSample) -> MachineSnapshot:
        snap = self._snap
        now = sample.elapsed_s
        if snap is None:
            snap = self._snap = MachineSnapshot(began_s=now)
            self._group_at, self._look_at = now + GROUP_S, now + LOOK_EVERY_S
        while now >= self._group_at:
            for series in snap.series.values():
                series.close_group()
            # A gap, as after the machine slept, is not filled with a thousand empty groups.
            self._group_at = max(self._group_at + GROUP_S, now - 60 * GROUP_S)
        snap.now_s, snap.cores = now, sample.cpu_count
        snap.ram_total, snap.ram_used = sample.ram_total, sample.ram_used
        snap.disk_total = sample.disk_total
        put = self._put
        put("job_rss", sample.job_rss)
        put("job_cpu", sample.job_cpu_percent)
        put("disk_free", sample.disk_free)
        if now > self._swapped_at:
            put("swap_in", (sample.swapped_in - self._swapped) / (now - self._swapped_at))
        self._swapped, self._swapped_at = sample.swapped_in, now
        for gpu in sample.gpus:
            self._take_gpu(snap, gpu)
        return snap

    def _take_gpu(self, snap: MachineSnapshot, gpu: GpuSample) -> None:
        snap.gpus[gpu.index] = gpu
        self._put(f"gpu{gpu.index}_util", gpu.util)
        self._put(f"gpu{gpu.index}_mem", gpu.mem_used)
        held = float(bool(int(gpu.slowdown) & HOLDS_BACK)) if math.isfinite(gpu.slowdown) else math.nan
        self._put(f"gpu{gpu.index}_held", held)
        if gpu.index not in snap.ecc_first and math.isfinite(gpu.ecc_errors):
            snap.ecc_first[gpu.index] = gpu.ecc_errors

    def _put(self, name: str, value: float) -> None:
        assert self._snap is not None
        series = self._snap.series.get(name)
        if series is None:
            series = self._snap.series[name] = Series()
        series.push(value)
