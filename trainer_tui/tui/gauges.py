"""From the samples of a run to what the Machine pane shows."""

from __future__ import annotations

import math

from trainer_tui.runs.telemetry import TelemetryReader
from trainer_tui.tui.pictures import GaugePicture

SERIES = 40
"""Samples shown as a small curve."""

GROWTH_S = 300.0
"""The past that the growth of the job's memory is taken from."""

START_UP_S = 30.0
"""Imports and data fill the memory of every job in this time: that is no growth."""

_GROWTH_SAMPLES = 400

DISK_LOW_BYTES = float(2 << 30)
DISK_LOW_FRACTION = 0.02


def gauges_of(samples: TelemetryReader) -> GaugePicture | None:
    """The picture of the newest sample; None before the first one."""
    if not samples.rows:
        return None
    value = samples.value
    return GaugePicture(
        cpu=value("cpu_percent"),
        cores=value("cpu_count"),
        cpu_series=tuple(samples.series("cpu_percent", SERIES)),
        job_cores=value("job_cpu_percent") / 100,
        ram_used=value("ram_used"),
        ram_total=value("ram_total"),
        ram_series=tuple(samples.series("ram_used", SERIES)),
        job_rss=value("job_rss"),
        job_growth=growth(
            samples.series("elapsed_s", _GROWTH_SAMPLES), samples.series("job_rss", _GROWTH_SAMPLES)
        ),
        job_processes=value("job_processes"),
        disk_free=value("disk_free"),
        disk_total=value("disk_total"),
        gpus=tuple(samples.gpus()),
    )


def growth(seconds: list[float], sizes: list[float]) -> float | None:
    """Slope of the sizes over the last minutes, bytes a minute (least squares); None under 30 s of them.

    `seconds`: since the process started; its start-up does not count.
    """
    points = [
        (t, size)
        for t, size in zip(seconds, sizes, strict=False)
        if math.isfinite(t) and math.isfinite(size) and t >= max(START_UP_S, seconds[-1] - GROWTH_S)
    ]
    if len(points) < 3 or points[-1][0] - points[0][0] < 30:
        return None
    mean_t = sum(t for t, _ in points) / len(points)
    mean_size = sum(size for _, size in points) / len(points)
    spread = sum((t - mean_t) ** 2 for t, _ in points)
    return 60 * sum((t - mean_t) * (size - mean_size) for t, size in points) / spread if spread else None


def disk_is_full(free: float) -> bool:
    """Whether nothing can be written any more (less than a megabyte is nothing)."""
    return math.isfinite(free) and free < 1 << 20


def disk_is_low(free: float, total: float) -> bool:
    """Whether the disk deserves a warning."""
    return math.isfinite(free) and (free < DISK_LOW_BYTES or free < total * DISK_LOW_FRACTION)
