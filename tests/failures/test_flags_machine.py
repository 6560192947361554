"""Flags of machine and job, over simulated samples: each seen where it is, none in what is normal."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from trainer_tui.failures import MachineFlags
from trainer_tui.runs.flags import MACHINE_FLAGS
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.telemetry import Gpu

GIB, MIB = 1 << 30, 1 << 20
HOUR = 3600


@dataclass(frozen=True)
class Sample:
    """What the sampler measures, as far as flags look at it."""

    elapsed_s: float
    job_rss: int = 2 * GIB
    ram_used: int = 8 * GIB
    ram_total: int = 32 * GIB
    cpu_count: int = 8
    job_cpu_percent: float = 100.0
    disk_free: int = 200 * GIB
    disk_total: int = 1000 * GIB
    swapped_in: float = 0.0
    gpus: tuple[Gpu, ...] = ()


def gpu(util: float = 95.0, **more: float) -> Gpu:
    values = {"mem_used": 20.0 * GIB, "mem_total": 80.0 * GIB, "temp": 61.0, "power": 300.0}
    counters = {"slowdown": 0.0, "ecc_errors": 0.0, "xid": 0.0}
    return Gpu(index=0, util=util, **{**values, **counters, **more})


def watch(
    seconds: float, make: Callable[[float], dict], left: float | None = 10 * HOUR, **settings
) -> list[Incident]:
    """What is raised over so many seconds of samples, one every two seconds."""
    flags = MachineFlags(settings)
    found = []
    for n in range(int(seconds / 2)):
        found += flags.feed([Sample(2.0 * n, **make(2.0 * n))], lambda: left)
    return found


def kinds(found: list[Incident]) -> list[str]:
    return [i.kind for i in found if i.fate == "suspected"]


def rss(level: Callable[[float], float], noise: float = 0.0) -> Callable[[float], dict]:
    rng = random.Random(1)

    def make(t: float) -> dict:
        job = int(level(t) * (1 + noise * rng.gauss(0, 1)))
        return {"job_rss": job, "ram_used": 6 * GIB + job}

    return make


# ------------------------------------------------------------------------------------------------ memory


@pytest.mark.parametrize(
    ("rate", "noise"), [(5 * MIB / 60 * 12, 0.0), (100 * MIB / 60, 0.02), (1000 * MIB / 60, 0.05)]
)
def test_a_leak_is_forecast(rate, noise):
    found = watch(HOUR, rss(lambda t: 2 * GIB + rate * t, noise))
    assert kinds(found) == ["memory-leak"]
    leak = found[0]
    assert (leak.severity, leak.source) == ("warning", "resources") and leak.facts["at_s"] >= 1200
    assert leak.facts["bytes_a_minute"] == pytest.approx(60 * rate, rel=0.35)
    assert {"forecast_s", "limit", "free", "surely_at_least"} <= leak.facts.keys()
    assert "grows by" in leak.message and "reaches the limit of 32" in leak.message


def test_a_staircase_of_epochs_is_a_leak_too():
    found = watch(HOUR, rss(lambda t: 2 * GIB + (t // 120) * 200 * MIB))
    assert kinds(found) == ["memory-leak"]


@pytest.mark.parametrize(
    "level",
    [
        lambda t: 2 * GIB,
        lambda t: 1 * GIB + 10 * GIB * (1 - math.exp(-t / 60)),
        lambda t: 1 * GIB + 10 * GIB * (1 - math.exp(-t / 600)),
        lambda t: 1 * GIB + 10 * GIB * (1 - math.exp(-t / 3000)),
        lambda t: 2 * GIB + 8 * GIB * min(1, t / 280),
        lambda t: 2 * GIB + (6 * GIB if t > 1500 else 0),
        lambda t: 2 * GIB + 4 * GIB * ((t / 600) % 1),
        lambda t: 2 * GIB + 3 * GIB * abs(math.sin(t / 900)),
        lambda t: 2 * GIB + 0.01 * MIB * t,
    ],
    ids=[
        "flat",
        "fast start",
        "slow start",
        "slower",
        "loading",
        "one jump",
        "sawtooth",
        "waves",
        "a little",
    ],
)
@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_what_is_no_leak(level, noise):
    assert kinds(watch(2 * HOUR, rss(level, noise))) == []


def test_a_leak_that_the_run_will_not_live_to_see():
    def level(t: float) -> float:
        return 2 * GIB + 60 * MIB / 60 * t

    assert kinds(watch(HOUR, rss(level), left=1 * HOUR)) == []
    assert kinds(watch(HOUR, rss(level), left=None)) == ["memory-leak"], "half a day is looked ahead"


def test_gpu_memory():
    found = watch(HOUR, lambda t: {"gpus": (gpu(mem_used=20.0 * GIB + 20 * MIB * t),)})
    assert kinds(found) == ["memory-leak"] and "GPU 0" in found[0].message


def test_a_leak_that_ends_is_over():
    found = watch(4 * HOUR, rss(lambda t: 2 * GIB + 4 * MIB * min(t, HOUR)))
    assert [i.fate for i in found] == ["suspected", "recovered"] and found[0].id == found[1].id


# ------------------------------------------------------------------------------------------------- GPUs


def test_a_gpu_that_starves():
    found = watch(HOUR / 2, lambda t: {"job_cpu_percent": 790.0, "gpus": (gpu(18.0),)})
    assert kinds(found) == ["gpu-starved"] and found[0].facts["at_s"] <= 700
    assert found[0].facts["gpu_percent"] == 18


@pytest.mark.parametrize(
    ("cpu", "util"),
    [(790.0, 95.0), (100.0, 10.0), (790.0, 0.0), (790.0, math.nan)],
    ids=["both busy", "both idle", "a job without GPU", "MIG"],
)
def test_a_gpu_that_does_not_starve(cpu, util):
    assert kinds(watch(HOUR, lambda t: {"job_cpu_percent": cpu, "gpus": (gpu(util),)})) == []


def test_heat_and_what_is_none():
    hot = watch(HOUR / 4, lambda t: {"gpus": (gpu(slowdown=float(0x40 | 0x08), temp=91.0),)})
    assert kinds(hot) == ["thermal-throttle"]
    assert "hardware thermal slowdown" in hot[0].message and "91 °C" in hot[0].message
    for bits in (0x0, 0x1, 0x4, 0x10, math.nan):
        assert kinds(watch(HOUR / 4, lambda t, b=float(bits): {"gpus": (gpu(slowdown=b),)})) == []
    brief = watch(HOUR, lambda t: {"gpus": (gpu(slowdown=float(0x20 if t % 300 < 60 else 0)),)})
    assert kinds(brief) == []


def test_memory_errors_and_xid():
    found = watch(HOUR / 4, lambda t: {"gpus": (gpu(ecc_errors=5.0 + 2 * (t > 300), xid=79.0 * (t > 600)),)})
    assert kinds(found) == ["gpu-errors", "gpu-errors"]
    assert "2 uncorrected memory errors" in found[0].message and "Xid 79" in found[1].message
    assert kinds(watch(HOUR / 4, lambda t: {"gpus": (gpu(ecc_errors=math.nan, xid=math.nan),)})) == []


# --------------------------------------------------------------------------------------- disk and swap


def test_a_disk_that_fills():
    found = watch(HOUR, lambda t: {"disk_free": int(50 * GIB - 3 * MIB * t)})
    assert kinds(found) == ["disk-filling"] and "is full in about" in found[0].message
    assert kinds(watch(HOUR / 8, lambda t: {"disk_free": GIB // 2})) == ["disk-filling"]


@pytest.mark.parametrize(
    "free",
    [
        lambda t: 50 * GIB,
        lambda t: 50 * GIB - 5 * GIB * ((t / 600) % 1),
        lambda t: 200 * GIB - 0.1 * MIB * t,
        lambda t: 50 * GIB - (30 * GIB if t > 900 else 0),
    ],
    ids=["still", "checkpoints come and go", "slowly", "one large file"],
)
def test_a_disk_that_does_not(free):
    assert kinds(watch(2 * HOUR, lambda t: {"disk_free": int(free(t))})) == []


def test_a_small_disk_is_not_full_by_nature():
    small = {"disk_free": 900 * MIB, "disk_total": 2 * GIB}
    assert kinds(watch(HOUR / 8, lambda t: small)) == []


def test_swapping():
    found = watch(HOUR / 4, lambda t: {"swapped_in": 20.0 * MIB * max(0, t - 100)})
    assert kinds(found) == ["swapping"]
    assert kinds(watch(HOUR / 4, lambda t: {"swapped_in": 9e9 + 0.1 * MIB * t})) == []
    assert kinds(watch(HOUR / 4, lambda t: {"swapped_in": math.nan})) == []


# ------------------------------------------------------------------------------------------- settings


def test_off_and_tuned():
    def hot(t: float) -> dict:
        return {"gpus": (gpu(slowdown=float(0x40)),)}

    assert kinds(watch(HOUR / 4, hot, **{"thermal-throttle": False})) == []
    late = watch(HOUR / 4, hot, **{"thermal-throttle": {"minutes": 10}})
    assert late[0].facts["at_s"] >= 590


def test_every_flag_has_a_detector():
    from trainer_tui.failures.flags.machine import MACHINE_DETECTORS

    assert set(MACHINE_DETECTORS) == {flag.name for flag in MACHINE_FLAGS}


def test_a_machine_that_slept_is_no_trouble():
    flags = MachineFlags()
    for at in (0.0, 10.0, 20.0, 9e5, 9e5 + 10):
        assert flags.feed([Sample(at)], lambda: None) == []
