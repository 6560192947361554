"""The last hour of machine and job as small charts: from columns of samples to cells of a terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer_tui.runs.telemetry import gpu_column
from trainer_tui.runs.units import bytes_text, counted, pair_text
from trainer_tui.tui.gauges import disk_is_low
from trainer_tui.tui.pictures import Tone
from trainer_tui.tui.plotting.raster import DASH_SIGNS, DASHES, Raster, Window
from trainer_tui.tui.plotting.traces import Floats, Piece, Trace, in_window

HOUR_S = 3600.0
SPANS_S = (60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, HOUR_S)
"""What a young run's charts are wide: the smallest that holds all of it."""

GAP_S = 15.0
"""Samples further apart have nobody who looked between them: the line breaks."""

FILL = 100
"""The owner of cells that only lie below a line."""

HOT = 85.0
FULL = 0.9
GPU_FULL = 0.97

Column = Callable[[str], Sequence[float]]
"""The newest values of a column of `telemetry.csv`; none where there is no such column."""


@dataclass(frozen=True, slots=True)
class Line:
    """One curve of a chart."""

    y: Floats
    tells: str
    """Its newest value, in words."""
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Chart:
    """One quantity over time, or two of one unit."""

    name: str
    lines: tuple[Line, ...]
    top: float
    scale: str
    """What its height stands for."""


@dataclass(frozen=True, slots=True)
class DrawnChart:
    """A chart as cells; `owner` says which line a cell belongs to, -1 none, `FILL` what is below the line."""

    name: str
    tells: tuple[tuple[str, str, Tone], ...]
    """(sign of the line, newest value, tone) of each line."""
    scale: str
    bits: NDArray[np.uint8]
    owner: NDArray[np.int8]

    def same_cells(self, other: DrawnChart) -> bool:
        """Whether both have the same dots."""
        return np.array_equal(self.bits, other.bits) and np.array_equal(self.owner, other.owner)


def charts_of(column: Column, gpus: int) -> list[Chart]:
    """Processor, memory, job and disk, then four charts for each GPU."""
    cores, total = _last(column("cpu_count")), _last(column("ram_total"))
    used, rss = _array(column("ram_used")), _array(column("job_rss"))
    cpu, job = _array(column("cpu_percent")), _array(column("job_cpu_percent"))
    free, disk = _array(column("disk_free")), _last(column("disk_total"))
    processes = _last(column("job_processes"))
    job_cores = _last(job) / 100
    low = disk_is_low(_last(free), disk)
    count = f", {counted(int(processes), 'process', 'processes')}" if math.isfinite(processes) else ""
    charts = [
        Chart(
            "CPU",
            (
                Line(cpu, _percent(_last(cpu))),
                Line(
                    job / max(cores, 1.0),
                    f"job {job_cores:.1f} of {cores:.0f} cores" if cores > 0 else "job –",
                ),
            ),
            100.0,
            "100 %",
        ),
        _sized("RAM", used, total, pair_text(_last(used), total), full=FULL),
        Chart("job", (Line(rss, bytes_text(_last(rss)) + count),), *_own_scale(rss, bytes_text)),
        Chart(
            "disk",
            (Line(disk - free, f"{bytes_text(_last(free))} free", "warning" if low else "plain"),),
            disk if disk > 0 else 1.0,
            bytes_text(disk),
        ),
    ]
    for index in range(gpus):
        charts += _gpu_charts(column, index)
    return charts


def _gpu_charts(column: Column, index: int) -> list[Chart]:
    def read(name: str) -> Floats:
        return _array(column(gpu_column(index, name)))

    util, temp, power = read("util"), read("temp"), read("power")
    used, total = read("mem_used"), _last(read("mem_total"))
    heat = _last(temp)
    name = f"GPU{index}"
    return [
        Chart(name, (Line(util, _percent(_last(util))),), 100.0, "100 %"),
        _sized(f"{name} memory", used, total, pair_text(_last(used), total), full=GPU_FULL),
        Chart(
            f"{name} heat",
            (Line(temp, _told(heat, "°C"), "warning" if heat >= HOT else "plain"),),
            max(100.0, _most(temp)),
            f"{max(100.0, _most(temp)):.0f} °C",
        ),
        Chart(
            f"{name} power",
            (Line(power, _told(_last(power), "W")),),
            *_own_scale(power, lambda w: f"{w:.0f} W"),
        ),
    ]


def _sized(name: str, used: Floats, total: float, tells: str, full: float) -> Chart:
    share = _last(used) / total if total > 0 else math.nan
    tone: Tone = "warning" if share >= full else "plain"
    words = f"{_percent(100 * share)}  {tells}" if math.isfinite(share) else tells
    return Chart(name, (Line(used, words, tone),), total if total > 0 else 1.0, bytes_text(total))


def _own_scale(values: Floats, words: Callable[[float], str]) -> tuple[float, str]:
    """The scale of what has no limit of its own: a little above the most that was seen."""
    top = 1.15 * _most(values) or 1.0
    return top, words(top)


def window_of(x: Floats, cells: int) -> tuple[float, float]:
    """From when to when the charts go, in seconds since the start; it moves by whole dots only."""
    first, last = (float(x[0]), float(x[-1])) if len(x) else (0.0, 0.0)
    if last - first <= HOUR_S:
        span = next(s for s in SPANS_S if last - first <= s)
        return first, first + span
    dot = HOUR_S / (2 * max(1, cells))
    right = math.ceil(last / dot) * dot
    return right - HOUR_S, right


def span_words(left: float, right: float, over: bool) -> str:
    """What the charts show, in words."""
    span = right - left
    minutes = f"{span / 60:.0f} minutes" if span > 60 else "minute"
    if over:
        return "its last hour" if span >= HOUR_S else f"all of it, {minutes} wide"
    return "the last hour" if span >= HOUR_S else f"the first {minutes}"


def draw(chart: Chart, x: Floats, window: tuple[float, float], width: int, height: int) -> DrawnChart:
    """The chart in so many cells."""
    raster = Raster(max(1, width), max(1, height), Window(*window, 0.0, chart.top or 1.0))
    for number in reversed(range(len(chart.lines))):  # the first line lies on top
        y = chart.lines[number].y
        count = min(len(x), len(y))
        trace = trace_in_time(x[len(x) - count :], y[len(y) - count :])
        if len(chart.lines) == 1:
            raster.draw([area(trace, window, raster)], FILL)
        raster.draw(in_window(trace, trace.y, *window, raster.width), number, DASHES[number])
    signs = DASH_SIGNS if len(chart.lines) > 1 else ("",) * len(chart.lines)
    tells = tuple((signs[n], line.tells, line.tone) for n, line in enumerate(chart.lines))
    return DrawnChart(chart.name, tells, chart.scale, raster.bits, raster.owner)


def area(trace: Trace, window: tuple[float, float], raster: Raster) -> Piece:
    """Dots below the curve: what is much looks like much. Nothing where nobody sampled."""
    columns = np.linspace(*window, 2 * raster.width)
    if not len(trace.x):
        return Piece(columns[:0], columns[:0], points=True)
    after = np.clip(np.searchsorted(trace.x, columns), 0, len(trace.x) - 1)
    before = np.maximum(after - 1, 0)
    near = np.where(np.abs(trace.x[before] - columns) <= np.abs(trace.x[after] - columns), before, after)
    apart = float(np.median(np.diff(trace.x))) if len(trace.x) > 1 else 0.0
    reach = max(min(apart, GAP_S / 2), columns[1] - columns[0])
    rows = 4 * raster.height
    share = np.clip(trace.y[near] / raster.window.top, 0.0, 1.0)
    high = np.where(np.abs(trace.x[near] - columns) <= reach, np.floor(share * (rows - 1)), 0).astype(
        np.int64
    )
    x = np.repeat(columns, high)
    row = np.arange(len(x)) - np.repeat(np.cumsum(high) - high, high)
    return Piece(x, row / (rows - 1) * raster.window.top, points=True)


def trace_in_time(x: Floats, y: Floats) -> Trace:
    """The finite points; the line breaks where nobody sampled, or the clock went back."""
    finite = np.isfinite(x) & np.isfinite(y)
    x, y = x[finite], y[finite]
    apart = np.diff(x)
    cuts = np.flatnonzero((apart > GAP_S) | (apart < 0)) + 1
    starts = np.concatenate(([0], cuts)).astype(np.int64) if len(x) else np.zeros(0, dtype=np.int64)
    return Trace(x, y, starts)


def _array(values: Sequence[float]) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _last(values: Sequence[float] | Floats) -> float:
    return float(values[-1]) if len(values) else math.nan


def _most(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.max()) if len(finite) else 0.0


def _percent(value: float) -> str:
    return f"{value:.0f} %" if math.isfinite(value) else "not told"


def _told(value: float, unit: str) -> str:
    return f"{value:.0f} {unit}" if math.isfinite(value) else "not told"
