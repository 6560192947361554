"""Red flags in machine and job: detectors over the last hours of samples, in groups of ten seconds."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Protocol

from trainer_tui.failures.flags import growth
from trainer_tui.failures.flags.finding import Finding
from trainer_tui.runs.flags import Values
from trainer_tui.runs.units import bytes_text

GROUP_S = 10.0
KEPT = 6 * 60 * 6
"""Groups kept: six hours."""

HOLDS_BACK = 0x08 | 0x20 | 0x40 | 0x80
"""HwSlowdown, SwThermalSlowdown, HwThermalSlowdown, HwPowerBrakeSlowdown of `nvmlClocksEventReasons`."""

_REASONS = {
    0x40: "hardware thermal slowdown", 0x20: "software thermal slowdown", 0x80: "power brake",
    0x08: "hardware slowdown",
}  # fmt: skip
_USED = 5.0
"""Percent of a GPU that show that somebody uses it."""

_WINDOW_S = 3 * 3600.0
"""The longest time that a forecast is made from."""

MIB, GIB = 1 << 20, 1 << 30


class GpuSample(Protocol):
    """What is looked at of a GPU; NaN where the driver does not say."""

    @property
    def index(self) -> int: ...
    @property
    def util(self) -> float: ...
    @property
    def mem_used(self) -> float: ...
    @property
    def mem_total(self) -> float: ...
    @property
    def temp(self) -> float: ...
    @property
    def slowdown(self) -> float: ...
    @property
    def ecc_errors(self) -> float: ...
    @property
    def xid(self) -> float: ...


class MachineSample(Protocol):
    """What is looked at of a sample; the units are those of `runs.telemetry.COLUMNS`."""

    @property
    def elapsed_s(self) -> float: ...
    @property
    def cpu_count(self) -> int: ...
    @property
    def ram_used(self) -> int: ...
    @property
    def ram_total(self) -> int: ...
    @property
    def job_cpu_percent(self) -> float: ...
    @property
    def job_rss(self) -> int: ...
    @property
    def disk_free(self) -> int: ...
    @property
    def disk_total(self) -> int: ...
    @property
    def swapped_in(self) -> float: ...
    @property
    def gpus(self) -> Sequence[GpuSample]: ...


class Series:
    """One quantity, in means of ten seconds."""

    __slots__ = ("_count", "_sum", "groups", "last")

    def __init__(self) -> None:
        self.groups: deque[float] = deque(maxlen=KEPT)
        self.last = math.nan
        self._sum, self._count = 0.0, 0

    def push(self, value: float) -> None:
        """A sample; one that is NaN says nothing."""
        if math.isfinite(value):
            self.last = value
            self._sum += value
            self._count += 1

    def close_group(self) -> None:
        """Ten seconds are over."""
        self.groups.append(self._sum / self._count if self._count else math.nan)
        self._sum, self._count = 0.0, 0

    def over(self, seconds: float) -> list[float]:
        """The finite groups of the last so many seconds; empty before they are over."""
        count = max(1, int(seconds / GROUP_S))
        if len(self.groups) < count - 1:  # the group that is open is nobody's yet
            return []
        return [value for value in list(self.groups)[-count:] if math.isfinite(value)]


@dataclass(slots=True)
class MachineSnapshot:
    """Machine and job at one moment, with what they did before."""

    began_s: float = 0.0
    """When the first sample was taken, in seconds since the start of the training process."""
    now_s: float = 0.0
    cores: int = 1
    ram_total: float = 0.0
    ram_used: float = 0.0
    disk_total: float = 0.0
    remaining_s: float | None = None
    """How long the run will still take; None when nobody knows."""
    series: dict[str, Series] = field(default_factory=dict)
    gpus: dict[int, GpuSample] = field(default_factory=dict)
    """The newest reading of each."""
    ecc_first: dict[int, float] = field(default_factory=dict)

    def horizon_s(self, values: Values) -> float:
        """The seconds for which a forecast matters."""
        return self.remaining_s if self.remaining_s is not None else values["horizon_hours"] * 3600


Detector = Callable[[MachineSnapshot, Values], Iterable[Finding]]


def memory_leak(snap: MachineSnapshot, values: Values) -> Iterable[Finding]:
    """Memory that will surely run out before the run is over."""
    free = snap.ram_total - snap.ram_used
    found = _leak(snap, values, "job", snap.series["job_rss"], snap.ram_total, free)
    if found:
        yield found
    for index, gpu in snap.gpus.items():
        series = snap.series.get(f"gpu{index}_mem")
        if series is not None and gpu.mem_total > 0:
            found = _leak(snap, values, f"GPU {index}", series, gpu.mem_total, gpu.mem_total - gpu.mem_used)
            if found:
                yield found


def _leak(
    snap: MachineSnapshot, values: Values, subject: str, series: Series, limit: float, free: float
) -> Finding | None:
    settled = snap.now_s - values["start_minutes"] * 60
    seconds = min(settled, snap.now_s - snap.began_s)
    if seconds < values["minutes"] * 60 or limit <= 0:
        return None
    seen = growth.steady(series.over(min(seconds, _WINDOW_S)), GROUP_S)
    if seen is None or seen.gained < values["share"] * limit:
        return None
    if not seen.fills(free, snap.horizon_s(values)):
        return None
    rate = bytes_text(seen.value * 60)
    message = (
        f"memory of {'the job' if subject == 'job' else subject} grows by {rate} a minute and "
        f"reaches the limit of {bytes_text(limit)} in about {growth.hours_text(free / seen.value)}"
    )
    facts = {
        "bytes_a_minute": round(seen.value * 60),
        "surely_at_least": round(seen.low * 60),
        "free": round(free),
        "limit": round(limit),
        "forecast_s": round(free / seen.value),
        "looked_at_s": round(seconds),
    }
    return Finding(subject, message, facts)


def gpu_starved(snap: MachineSnapshot, values: Values) -> Iterable[Finding]:
    """A GPU waits for the CPU."""
    seconds = values["minutes"] * 60
    cpu = snap.series["job_cpu"].over(seconds)
    if not cpu or fmean(cpu) < values["cpu"] * snap.cores:
        return
    for index in snap.gpus:
        use = snap.series[f"gpu{index}_util"].over(seconds)
        # A machine's idle GPU is no starved one: the job must use it now and then, all the time.
        if not use or sum(value >= _USED for value in use) < len(use) / 2:
            continue
        if (mean := fmean(use)) < values["gpu"]:
            share = fmean(cpu) / snap.cores
            message = (
                f"GPU {index} was used to {mean:.0f} % over {values['minutes']:g} minutes while the job kept "
                f"{snap.cores} cores at {share:.0f} %"
            )
            yield Finding(f"GPU {index}", message, {"gpu_percent": round(mean), "cpu_percent": round(share)})


def thermal_throttle(snap: MachineSnapshot, values: Values) -> Iterable[Finding]:
    """The driver holds a GPU's clocks down."""
    for index, gpu in snap.gpus.items():
        held = snap.series[f"gpu{index}_held"].over(values["minutes"] * 60)
        if held and fmean(held) > values["share"]:
            bits = int(gpu.slowdown) if math.isfinite(gpu.slowdown) else 0
            why = ", ".join(text for bit, text in _REASONS.items() if bits & bit) or "thermal slowdown"
            heat = f" at {gpu.temp:.0f} °C" if math.isfinite(gpu.temp) else ""
            message = (
                f"GPU {index} is held down ({why}){heat}: {fmean(held):.0%} of the last "
                f"{values['minutes']:g} minutes"
            )
            yield Finding(f"GPU {index}", message, {"share": round(fmean(held), 2), "reasons": why})


def gpu_errors(snap: MachineSnapshot, values: Values) -> Iterable[Finding]:
    """The hardware, or the driver, counted an error."""
    for index, gpu in snap.gpus.items():
        before = snap.ecc_first.get(index, math.nan)
        if gpu.ecc_errors > before:
            count = round(gpu.ecc_errors - before)
            message = f"GPU {index} counted {count} uncorrected memory error{'s' if count > 1 else ''} (ECC)"
            yield Finding(f"GPU {index} ECC", message, {"errors": count})
        if gpu.xid > 0:
            message = f"GPU {index}: the driver reported Xid {gpu.xid:.0f}"
            yield Finding(f"GPU {index} Xid {gpu.xid:.0f}", message, {"xid": round(gpu.xid)})


def disk_filling(snap: MachineSnapshot, values: Values) -> Iterable[Finding]:
    """The disk is nearly full, or will be before the run is over."""
    series = snap.series["disk_free"]
    free = series.last
    if not math.isfinite(free):
        return
    least = max(values["free_gib"] * GIB, values["free_percent"] / 100 * snap.disk_total)
    if free < min(least, snap.disk_total / 10):
        yield Finding("disk", f"only {bytes_text(free)} of the disk are free", {"free": round(free)})
        return
    seconds = snap.now_s - snap.began_s
    if seconds < values["minutes"] * 60:
        return
    seen = growth.steady([-value for value in series.over(min(seconds, _WINDOW_S))], GROUP_S)
    if seen is not None and seen.fills(free, snap.horizon_s(values)):
        rate = bytes_text(seen.value * 60)
        message = (
            f"the disk loses {rate} a minute and is full in about {growth.hours_text(free / seen.value)} "
            f"({bytes_text(free)} free)"
        )
        facts = {"bytes_a_minute": round(seen.value * 60), "free": round(free)}
        yield Finding("disk", message, {**facts, "forecast_s": round(free / seen.value)})


def swapping(snap: MachineSnapshot, values: Values) -> Iterable[Finding]:
    """The machine reads back what it had swapped out."""
    rates = snap.series["swap_in"].over(values["minutes"] * 60)
    if rates and fmean(rates) > values["mib_s"] * MIB:
        message = f"the machine reads {bytes_text(fmean(rates))} a second back from swap"
        yield Finding("swap", message, {"bytes_a_second": round(fmean(rates))})


MACHINE_DETECTORS: Mapping[str, Detector] = {
    "memory-leak": memory_leak,
    "gpu-starved": gpu_starved,
    "thermal-throttle": thermal_throttle,
    "gpu-errors": gpu_errors,
    "disk-filling": disk_filling,
    "swapping": swapping,
}
