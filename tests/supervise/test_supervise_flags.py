"""Flags of history and machine on their way into the events of a run, and the counters of GPUs."""

import math
import types

from trainer_tui.runs.incident import Incident
from trainer_tui.supervise import gpu
from trainer_tui.supervise.launch import prepare_run
from trainer_tui.supervise.machinewatch import MachineWatch
from trainer_tui.supervise.resources import Sample
from trainer_tui.supervise.supervisor import RunSupervisor

MIB, GIB = 1 << 20, 1 << 30


def sample(at, **more):
    values = {
        "time": 1.8e9 + at, "elapsed_s": at, "cpu_percent": 50.0, "cpu_count": 4, "ram_used": 4 * GIB,
        "ram_total": 16 * GIB, "job_cpu_percent": 100.0, "job_rss": GIB, "job_processes": 1,
        "disk_free": 100 * GIB, "disk_total": 500 * GIB,
    }  # fmt: skip
    return Sample(**{**values, **more})


class NVMLError(Exception):
    value = 10


def driver(**functions):
    """A driver with these functions, and with the constants that every one has."""
    constants = {
        "NVMLError": NVMLError, "NVML_ERROR_NOT_SUPPORTED": 3, "NVML_ERROR_NO_PERMISSION": 4,
        "NVML_TEMPERATURE_GPU": 0, "NVML_MEMORY_ERROR_TYPE_UNCORRECTED": 1, "NVML_VOLATILE_ECC": 0,
        "nvmlEventTypeXidCriticalError": 8,
        "nvmlDeviceGetMemoryInfo": lambda handle: types.SimpleNamespace(used=8, total=16),
        "nvmlDeviceGetUtilizationRates": lambda handle: types.SimpleNamespace(gpu=98),
        "nvmlDeviceGetTemperature": lambda handle, kind: 61,
        "nvmlDeviceGetPowerUsage": lambda handle: 412_000,
    }  # fmt: skip
    return types.SimpleNamespace(**{**constants, **functions})


def test_a_flag_of_the_history_is_told_and_ends_confirmed(lab):
    state = lab.watch("for n in range(30): log(n, 0.6931)\nresults(); write('model_final.pkl', 'x')\n")
    (flag,) = [i for i in state.incidents if i.source == "history"]
    assert (flag.kind, flag.severity, flag.fate) == ("frozen-metric", "warning", "confirmed")
    assert state.passed and not lab.diary.exists(), "a warning takes nothing from a run"


def test_flags_of_the_plan_are_obeyed(lab):
    body = "for n in range(30): log(n, 0.6931)\nresults(); write('model_final.pkl', 'x')\n"
    state = lab.watch(body, flags={"frozen-metric": False})
    assert state.passed and not state.incidents


def test_a_leak_is_told_with_the_time_that_is_left(lab):
    lab.script("")
    plan = lab.plan(flags={"memory-leak": {"minutes": 3.0, "start_minutes": 1.0}})
    run = prepare_run(lab.model, plan, "full")
    run.log().touch()
    supervisor = RunSupervisor(lab.model, run, run.request())
    try:
        watch = MachineWatch(supervisor)
        supervisor.machine = types.SimpleNamespace(recent=[], facts=dict)
        for at in range(0, 600, 2):
            used = int(2 * MIB * at)
            supervisor.machine.recent = [sample(float(at), job_rss=GIB + used, ram_used=4 * GIB + used)]
            watch.look(float(at))
            watch.look(float(at))  # the same sample twice is one sample
        for at in range(600, 2400, 2):
            supervisor.machine.recent = [sample(float(at), job_rss=2 * GIB, ram_used=5 * GIB)]
            watch.look(float(at))
    finally:
        supervisor.changes.close()
    told = [Incident.from_dict(event["incident"]) for event in lab.events(run, "incident")]
    assert [(i.kind, i.fate, i.severity, i.source) for i in told] == [
        ("memory-leak", "suspected", "warning", "resources"),
        ("memory-leak", "recovered", "warning", "resources"),
    ]
    assert told[0].id == told[1].id and told[0].facts["bytes_a_minute"] > 100 * MIB


def test_the_time_that_is_left(lab):
    lab.script("")
    run = prepare_run(lab.model, lab.plan(), "full")
    run.log().touch()
    supervisor = RunSupervisor(lab.model, run, run.request())
    try:
        watch = MachineWatch(supervisor)
        supervisor.elapsed = lambda: 100.0
        assert watch._remaining_s() is None
        run.progress.write_text('{"done": 25, "total": 100}')
        assert watch._remaining_s() == 300.0
        run.progress.write_text('{"done": 0, "total": "many"}')
        assert watch._remaining_s() is None
    finally:
        supervisor.changes.close()


def test_counters_of_a_driver_that_has_them():
    nvml = driver(
        nvmlDeviceGetCurrentClocksEventReasons=lambda handle: 0x44,
        nvmlDeviceGetTotalEccErrors=lambda handle, kind, counter: 7,
    )
    reading = gpu.read_gpu(nvml, 0, "handle", 79.0)
    assert (reading.slowdown, reading.ecc_errors, reading.xid) == (0x44, 7.0, 79.0)
    assert (reading.util, reading.temp, reading.power) == (98.0, 61.0, 412.0)


def test_counters_of_a_driver_that_has_none_or_refuses():
    def refuses(*arguments):
        raise NVMLError

    for nvml in (driver(), driver(nvmlDeviceGetCurrentClocksEventReasons=refuses)):
        reading = gpu.read_gpu(nvml, 0, "handle")
        assert all(math.isnan(v) for v in (reading.slowdown, reading.ecc_errors, reading.xid))
        assert reading.util == 98.0


def test_xid_errors_are_taken_up_without_waiting():
    waiting = [13, 79]

    def wait(events, milliseconds):
        assert milliseconds == 0
        if not waiting:
            raise NVMLError
        return types.SimpleNamespace(eventData=waiting.pop(0))

    xids = gpu.XidEvents(
        driver(
            nvmlEventSetCreate=lambda: "set",
            nvmlDeviceRegisterEvents=lambda handle, kinds, events: None,
            nvmlEventSetWait_v2=wait,
        )
    )
    assert math.isnan(xids.newest(0))
    xids.follow(0, "handle")
    assert xids.newest(0) == 79.0 and xids.newest(0) == 79.0
    silent = gpu.XidEvents(driver())
    silent.follow(0, "handle")
    assert math.isnan(silent.newest(0))
