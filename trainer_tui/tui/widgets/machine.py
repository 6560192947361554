"""The Machine pane: processor, memory, job, GPUs, disk."""

from __future__ import annotations

import math
from collections.abc import Sequence

from textual.widget import Widget

from trainer_tui.runs.telemetry import Gpu
from trainer_tui.runs.units import bytes_text, pair_text
from trainer_tui.tui.gauges import disk_is_full, disk_is_low
from trainer_tui.tui.headlines import Piece
from trainer_tui.tui.pictures import GaugePicture, Tone
from trainer_tui.tui.styles import lines
from trainer_tui.tui.words import number_text, percent_text, sparkline

_SPARK = 8
_HOT = 85.0
_MOST_ROWS = 16


class Machine(Widget):
    """What the machine and the job use."""

    def __init__(self) -> None:
        super().__init__(id="machine", classes="pane")
        self.border_title = "Machine"
        self._gauges: GaugePicture | None = None

    def show(self, gauges: GaugePicture | None) -> None:
        """Show another sample."""
        before = self._gauges
        self._gauges = gauges
        taller = (len(before.gpus) if before else -1) != (len(gauges.gpus) if gauges else -1)
        self.refresh(layout=taller)

    @property
    def _room(self) -> int:
        """Rows it may fill: what it was given where its height is fixed."""
        return _MOST_ROWS if self.styles.is_auto_height else self.size.height

    def mark_last(self, last: bool) -> None:
        """Say whether these are the numbers of now or the last ones of a run that is over."""
        title = "Machine ─ last sample" if last else "Machine"
        if title != self.border_title:
            self.border_title = title

    def render(self) -> object:  # type: ignore[override]
        return lines(gauge_rows(self._gauges, self.size.width, self._room))


def gauge_rows(gauges: GaugePicture | None, width: int, height: int) -> list[list[Piece]]:
    """One row a gauge; all GPUs in one, and no small curves, where there is no room for them."""
    if gauges is None:
        return [[("waits for the first sample", "dim")]]
    spark = _SPARK if width >= 36 else 0
    rows = [
        _gauge(
            "CPU",
            gauges.cpu,
            sparkline(gauges.cpu_series, spark, 100.0),
            f"job {_cores(gauges.job_cores)} of {_cores(gauges.cores)} cores",
            warn=math.inf,
        ),
        _gauge(
            "RAM",
            100 * gauges.ram_used / gauges.ram_total if gauges.ram_total else math.nan,
            sparkline(gauges.ram_series, spark, gauges.ram_total),
            pair_text(gauges.ram_used, gauges.ram_total),
            warn=90.0,
        ),
        _job(gauges, width),
    ]
    if not gauges.gpus:
        rows.append([("GPU   none found by NVML", "dim")])
    elif len(rows) + len(gauges.gpus) + 1 > height:
        rows.append(_all_gpus(gauges.gpus))
    else:
        rows += [_gpu(gpu, width) for gpu in gauges.gpus]
    rows.append(_disk(gauges))
    return rows


def _cores(count: float) -> str:
    return "–" if not math.isfinite(count) else number_text(count) if count == int(count) else f"{count:.1f}"


def _gauge(name: str, percent: float, spark: str, rest: str, warn: float) -> list[Piece]:
    tone: Tone = "warning" if percent >= warn else "plain"
    sign = "▲" if percent >= warn else " "
    middle: list[Piece] = [(f"{spark} ", "good")] if spark else []
    return [(f"{name} {sign}", tone), (f"{percent_text(percent)} ", tone), *middle, (rest, "plain")]


def _job(gauges: GaugePicture, width: int) -> list[Piece]:
    growth = gauges.job_growth
    row: list[Piece] = [(f"job  {bytes_text(gauges.job_rss)}", "plain")]
    if growth is not None and abs(growth) >= 1 << 20:
        row.append((f"  {'+' if growth > 0 else ''}{bytes_text(growth)}/min", "plain"))
    if math.isfinite(gauges.job_processes) and width >= 36:
        count = int(gauges.job_processes)
        row.append((f"  {count} process{'es' if count != 1 else ''}", "dim"))
    return row


def _gpu(gpu: Gpu, width: int) -> list[Piece]:
    full = gpu.mem_total > 0 and gpu.mem_used / gpu.mem_total > 0.97
    tone: Tone = "warning" if full else "plain"
    row: list[Piece] = [
        (f"GPU{gpu.index}{'▲' if full else ' '}{percent_text(gpu.util)} ", tone),
        (pair_text(gpu.mem_used, gpu.mem_total), tone),
    ]
    if math.isfinite(gpu.temp):
        row.append((f"  {gpu.temp:.0f} °C", "warning" if gpu.temp >= _HOT else "plain"))
    if math.isfinite(gpu.power) and width >= 38:
        row.append((f"  {gpu.power:.0f} W", "dim"))
    return row


def _all_gpus(gpus: Sequence[Gpu]) -> list[Piece]:
    """Mean utilisation, memory together, the hottest."""
    mean = sum(gpu.util for gpu in gpus) / len(gpus)
    used, total = sum(gpu.mem_used for gpu in gpus), sum(gpu.mem_total for gpu in gpus)
    hottest = max((gpu.temp for gpu in gpus if math.isfinite(gpu.temp)), default=math.nan)
    row: list[Piece] = [(f"{len(gpus)}GPU {percent_text(mean)} {pair_text(used, total)}", "plain")]
    if math.isfinite(hottest):
        row.append((f"  {hottest:.0f} °C", "warning" if hottest >= _HOT else "plain"))
    return row


def _disk(gauges: GaugePicture) -> list[Piece]:
    free = f"disk {bytes_text(gauges.disk_free)} free"
    if disk_is_full(gauges.disk_free):
        return [(f"✘ {free}: full", "bad")]
    if disk_is_low(gauges.disk_free, gauges.disk_total):
        return [(f"▲ {free} of {bytes_text(gauges.disk_total)}", "warning")]
    return [(free, "plain")]
