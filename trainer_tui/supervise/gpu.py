"""GPUs through NVML, asked in a thread of its own: a driver that hangs must hang nobody else."""

from __future__ import annotations

import math
import threading
import time
from typing import Any

from trainer_tui.runs.telemetry import Gpu

STALE_AFTER_S = 15.0

_NO_GPU_HERE = ("NotFound", "DriverNotLoaded")
"""In the names of errors that only say that this machine has no GPU: no library, or no driver for it."""


_EVENTS_AT_ONCE = 16


class GpuWatch:
    """The newest readings of every GPU. `absent`: there is no NVML here, which is a normal state."""

    def __init__(self, period_s: float = 2.0) -> None:
        self.absent = False
        self.problem = ""
        """Why nothing can be read; empty when all is well."""
        self._readings: tuple[Gpu, ...] = ()
        self._read_at = time.monotonic()
        self._period_s = period_s
        self._stop = threading.Event()
        threading.Thread(target=self._watch, name="gpu", daemon=True).start()

    def readings(self) -> tuple[Gpu, ...]:
        """One reading for each GPU; stale ones are left out and said in `problem`."""
        silent = time.monotonic() - self._read_at
        if not self.absent and silent > STALE_AFTER_S:
            self.problem = f"the GPU driver has not answered for {silent:.0f} s"
            return ()
        return self._readings

    def close(self) -> None:
        """Stop asking."""
        self._stop.set()

    def _watch(self) -> None:
        try:
            import pynvml

            pynvml.nvmlInit()
            count = pynvml.nvmlDeviceGetCount()
        except Exception as error:  # NVML's errors share no base class with those of a missing library
            self.absent = True
            normal = any(word in type(error).__name__ for word in _NO_GPU_HERE)
            self.problem = "" if normal else f"NVML: {error}"
            return
        xids = XidEvents(pynvml)
        handles: dict[int, Any] = {}
        if not count:
            self.absent = True
            return
        while not self._stop.is_set():
            readings, problem = [], ""
            for index in range(count):
                try:
                    if index not in handles:
                        handles[index] = pynvml.nvmlDeviceGetHandleByIndex(index)
                        xids.follow(index, handles[index])
                    readings.append(read_gpu(pynvml, index, handles[index], xids.newest(index)))
                except Exception as error:  # a GPU that fell off the bus, a driver that was restarted
                    problem = problem or f"GPU {index}: {error}"
            self._readings, self.problem = tuple(readings), problem
            self._read_at = time.monotonic()
            self._stop.wait(self._period_s)


def read_gpu(nvml: Any, index: int, handle: Any, xid: float = math.nan) -> Gpu:
    """One GPU now. What it does not support (utilisation under MIG) is NaN; a lost GPU raises."""
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    return Gpu(
        index,
        util=_optional(nvml, lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu),
        mem_used=float(memory.used),
        mem_total=float(memory.total),
        temp=_optional(nvml, lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)),
        power=_optional(nvml, lambda: nvml.nvmlDeviceGetPowerUsage(handle) / 1000),
        slowdown=_counter(nvml, lambda: nvml.nvmlDeviceGetCurrentClocksEventReasons(handle)),
        ecc_errors=_counter(
            nvml,
            lambda: nvml.nvmlDeviceGetTotalEccErrors(
                handle, nvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, nvml.NVML_VOLATILE_ECC
            ),
        ),
        xid=xid,
    )


class XidEvents:
    """The newest Xid error of each GPU; NaN where the driver does not tell them, 0 where there was none."""

    def __init__(self, nvml: Any) -> None:
        self._nvml = nvml
        self._sets: dict[int, Any] = {}
        self._newest: dict[int, float] = {}

    def follow(self, index: int, handle: Any) -> None:
        """Have the errors of a GPU told from now on."""
        nvml = self._nvml
        try:
            events = nvml.nvmlEventSetCreate()
            nvml.nvmlDeviceRegisterEvents(handle, nvml.nvmlEventTypeXidCriticalError, events)
        except (AttributeError, nvml.NVMLError):
            return  # an old driver, or one that tells only root
        self._sets[index], self._newest[index] = events, 0.0

    def newest(self, index: int) -> float:
        """Take up what came; it never waits."""
        if index not in self._sets:
            return math.nan
        for _ in range(_EVENTS_AT_ONCE):
            try:
                self._newest[index] = float(self._nvml.nvmlEventSetWait_v2(self._sets[index], 0).eventData)
            except self._nvml.NVMLError:
                break  # nothing more came
        return self._newest[index]


def _counter(nvml: Any, read: Any) -> float:
    """A reading that not every driver and card has, and that no run depends on."""
    try:
        return float(read())
    except (AttributeError, nvml.NVMLError):
        return math.nan


def _optional(nvml: Any, read: Any) -> float:
    try:
        return float(read())
    except nvml.NVMLError as error:
        if error.value in (nvml.NVML_ERROR_NOT_SUPPORTED, nvml.NVML_ERROR_NO_PERMISSION):
            return math.nan
        raise
