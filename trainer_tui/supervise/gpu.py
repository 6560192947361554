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
                    readings.append(read_gpu(pynvml, index, handles[index]))
                except Exception as error:  # a GPU that fell off the bus, a driver that was restarted
                    problem = problem or f"GPU {index}: {error}"
            self._readings, self.problem = tuple(readings), problem
            self._read_at = time.monotonic()
            self._stop.wait(self._period_s)


def read_gpu(nvml: Any, index: int, handle: Any) -> Gpu:
    """One GPU now. What it does not support (utilisation under MIG) is NaN; a lost GPU raises."""
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    return Gpu(
        index,
        util=_optional(nvml, lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu),
        mem_used=float(memory.used),
        mem_total=float(memory.total),
        temp=_optional(nvml, lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)),
        power=_optional(nvml, lambda: nvml.nvmlDeviceGetPowerUsage(handle) / 1000),
    )


def _optional(nvml: Any, read: Any) -> float:
    try:
        return float(read())
    except nvml.NVMLError as error:
        if error.value in (nvml.NVML_ERROR_NOT_SUPPORTED, nvml.NVML_ERROR_NO_PERMISSION):
            return math.nan
        raise
