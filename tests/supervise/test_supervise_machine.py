"""What is measured of machine and job: limits of cgroups, GPUs that misbehave, telemetry."""

import csv
import math
import os
import subprocess
import sys
import threading
import time
import types

import psutil
import pytest

from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.telemetry import COLUMNS, Gpu, TelemetryReader
from trainer_tui.supervise import gpu, resources
from trainer_tui.supervise import machine as machine_module
from trainer_tui.supervise.cgroup import OomCounter, memory
from trainer_tui.supervise.machine import Machine
from trainer_tui.supervise.resources import Sample, Sampler, header, usable_cores

MIB = 1 << 20


def tree(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(text))


# ------------------------------------------------------------------------------ cgroups


def test_the_cgroup_of_another_process_and_its_kills(tmp_path):
    tree(
        tmp_path,
        {
            "proc/self/cgroup": "0::/ours\n",
            "proc/7/cgroup": "0::/its\n",
            "sys/fs/cgroup/its/memory.max": 64 * MIB,
            "sys/fs/cgroup/its/memory.current": 16 * MIB,
            "sys/fs/cgroup/its/memory.events": "oom 0\noom_kill 2\n",
        },
    )
    assert memory(tmp_path, 7).total == 64 * MIB and memory(tmp_path).total > 64 * MIB
    assert memory(tmp_path, 8).total == memory(tmp_path).total, "who is gone is taken for one of ours"
    counter = OomCounter(7, tmp_path)
    counter.look()
    assert counter.rise == 0 and counter.before_s() < 60
    tree(tmp_path, {"sys/fs/cgroup/its/memory.events": "oom 0\noom_kill 5\n"})
    counter.look()
    assert counter.rise == 3
    blind = OomCounter(8, tmp_path)
    blind.look()
    assert blind.rise == 0 and blind.before_s() is None


def test_the_host_where_nothing_limits(tmp_path):
    host = psutil.virtual_memory()
    for files in (
        {},
        {
            "proc/self/cgroup": "0::/a\n",
            "sys/fs/cgroup/a/memory.max": "max\n",
            "sys/fs/cgroup/a/memory.current": 5,
        },
        {
            "proc/self/cgroup": "4:memory:/\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": 9223372036854771712,
            "sys/fs/cgroup/memory/memory.usage_in_bytes": 5,
        },
        {"proc/self/cgroup": "2:cpu:/\n"},
    ):
        tree(tmp_path, files)
        assert memory(tmp_path).total == host.total and memory(tmp_path).used > 0


def test_the_tightest_of_all_ancestors_v2(tmp_path):
    tree(
        tmp_path,
        {
            "proc/self/cgroup": "0::/job/step\n",
            "sys/fs/cgroup/job/step/memory.max": "max",
            "sys/fs/cgroup/job/step/memory.current": 10 * MIB,
            "sys/fs/cgroup/job/memory.max": 100 * MIB,
            "sys/fs/cgroup/job/memory.current": 80 * MIB,
            "sys/fs/cgroup/job/memory.stat": f"anon 5\ninactive_file {50 * MIB}\ntotal_inactive_file 7\n",
            "sys/fs/cgroup/memory.max": 500 * MIB,
            "sys/fs/cgroup/memory.current": 90 * MIB,
        },
    )
    found = memory(tmp_path)
    assert (found.used, found.total) == (30 * MIB, 100 * MIB), (
        "file cache is given back before anything is killed"
    )


def test_v1(tmp_path):
    tree(
        tmp_path,
        {
            "proc/self/cgroup": "5:cpu,memory:/docker/x\n1:name=systemd:/\n",
            "sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes": 64 * MIB,
            "sys/fs/cgroup/memory/docker/x/memory.usage_in_bytes": 40 * MIB,
            "sys/fs/cgroup/memory/docker/x/memory.stat": f"cache 1\ntotal_inactive_file {8 * MIB}\n",
        },
    )
    assert (memory(tmp_path).used, memory(tmp_path).total) == (32 * MIB, 64 * MIB)


# --------------------------------------------------------------------------------- GPUs


class NVMLError(Exception):
    def __init__(self, value, words="error"):
        super().__init__(words)
        self.value = value


class NVMLError_LibraryNotFound(NVMLError):  # noqa: N801, N818 - NVML's own name
    pass


class NVMLError_DriverNotLoaded(NVMLError):  # noqa: N801, N818
    pass


@pytest.fixture
def nvml(monkeypatch):
    """A driver with two GPUs that does as it is told."""
    module = types.ModuleType("pynvml")
    module.NVMLError = NVMLError
    module.NVML_ERROR_NOT_SUPPORTED, module.NVML_ERROR_NO_PERMISSION, module.NVML_TEMPERATURE_GPU = 3, 4, 0
    module.lost, module.refused, module.hung = set(), False, threading.Event()
    module.hung.set()

    def info(handle):
        module.hung.wait(10)
        if handle in module.lost:
            raise NVMLError(15, "GPU is lost")
        return types.SimpleNamespace(used=8.0, total=16.0)

    def utilisation(handle):
        if module.refused:
            raise NVMLError(3, "Not Supported")
        return types.SimpleNamespace(gpu=98)

    module.nvmlInit = lambda: None
    module.nvmlDeviceGetCount = lambda: 2
    module.nvmlDeviceGetHandleByIndex = lambda index: index
    module.nvmlDeviceGetMemoryInfo = info
    module.nvmlDeviceGetUtilizationRates = utilisation
    module.nvmlDeviceGetTemperature = lambda handle, kind: 61
    module.nvmlDeviceGetPowerUsage = lambda handle: 412_000
    monkeypatch.setitem(sys.modules, "pynvml", module)
    yield module
    module.hung.set()


def until(look):
    end = time.monotonic() + 10
    while not look():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


@pytest.fixture
def watch():
    watches = []

    def make():
        watches.append(gpu.GpuWatch(period_s=0.01))
        return watches[-1]

    yield make
    for made in watches:
        made.close()


def test_two_gpus(nvml, watch):
    gpus = watch()
    until(gpus.readings)
    assert gpus.readings() == tuple(Gpu(n, 98.0, 8.0, 16.0, 61.0, 412.0) for n in (0, 1))
    assert not gpus.absent and gpus.problem == ""


def test_a_lost_gpu_is_said_and_the_other_still_read(nvml, watch):
    gpus = watch()
    until(gpus.readings)
    nvml.lost.add(0)
    until(lambda: gpus.problem)
    assert gpus.problem == "GPU 0: GPU is lost" and [g.index for g in gpus.readings()] == [1]
    nvml.lost.clear()
    until(lambda: not gpus.problem and len(gpus.readings()) == 2)


def test_a_gpu_that_cannot_be_opened_takes_none_of_the_others_away(nvml, watch):
    broken = {0}

    def handle(index):
        if index in broken:
            raise NVMLError(15, "GPU is lost")
        return index

    nvml.nvmlDeviceGetHandleByIndex = handle
    gpus = watch()
    until(gpus.readings)
    assert [g.index for g in gpus.readings()] == [1] and gpus.problem == "GPU 0: GPU is lost"
    assert not gpus.absent
    broken.clear()
    until(lambda: not gpus.problem and len(gpus.readings()) == 2)


def test_what_mig_does_not_support_is_not_zero(nvml, watch):
    nvml.refused = True
    gpus = watch()
    until(gpus.readings)
    assert math.isnan(gpus.readings()[0].util) and gpus.readings()[0].temp == 61 and gpus.problem == ""


def test_a_driver_that_hangs_hangs_nobody(nvml, watch, monkeypatch):
    gpus = watch()
    until(gpus.readings)
    monkeypatch.setattr(gpu, "STALE_AFTER_S", 0.05)
    nvml.hung.clear()
    until(lambda: gpus.readings() == () and gpus.problem)
    assert "has not answered" in gpus.problem and not gpus.absent
    began = time.monotonic()
    gpus.readings()
    assert time.monotonic() - began < 1.0
    nvml.hung.set()
    until(lambda: gpus.readings() and not gpus.problem)


@pytest.mark.parametrize(
    "error",
    [
        NVMLError_LibraryNotFound(12, "NVML Shared Library Not Found"),
        NVMLError_DriverNotLoaded(9, "Driver Not Loaded"),
    ],
)
def test_no_driver_is_a_normal_state(nvml, watch, error):
    def init():
        raise error

    nvml.nvmlInit = init
    gpus = watch()
    until(lambda: gpus.absent)
    assert gpus.problem == "" and gpus.readings() == ()


def test_no_module_and_no_gpu_are_normal_too(nvml, watch, monkeypatch):
    nvml.nvmlDeviceGetCount = lambda: 0
    none = watch()
    until(lambda: none.absent)
    monkeypatch.setitem(sys.modules, "pynvml", None)
    missing = watch()
    until(lambda: missing.absent)
    assert none.problem == missing.problem == ""


def test_a_broken_driver_is_said(nvml, watch):
    def init():
        raise NVMLError(18, "Driver/library version mismatch")

    nvml.nvmlInit = init
    gpus = watch()
    until(lambda: gpus.absent)
    assert gpus.problem == "NVML: Driver/library version mismatch"


# ---------------------------------------------------------------------------- telemetry


def sample(**more):
    values = dict.fromkeys(COLUMNS, 1) | {"cpu_percent": 71.25, "job_cpu_percent": math.nan}
    return Sample(**values, **more)


def test_cells_of_a_sample():
    one = Gpu(1, 98.0, 8.0, 16.0, 61.0, math.nan)
    cells = sample(gpus=(one,)).cells(2)
    assert len(cells) == len(header(2)) and cells[len(COLUMNS) :] == [""] * 5 + ["98", "8", "16", "61", ""]
    assert cells[2] == "71.25" and cells[list(COLUMNS).index("job_cpu_percent")] == ""


def test_the_sampler_measures_the_whole_tree(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "TREE_PERIOD_S", 0.0)
    code = """if True:
        import subprocess
        block = bytearray(50 << 20)
        child = subprocess.Popen(["sleep", "60"])
        print(flush=True)
        child.wait()
        """
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", code], stdout=subprocess.PIPE, start_new_session=True
    )
    sampler = Sampler(process.pid, tmp_path, time.monotonic() - 10)
    try:
        process.stdout.readline()
        taken = []
        until(lambda: taken.extend(sampler.take()) or any(s.job_processes == 2 for s in taken))
        last = taken[-1]
        assert last.job_rss > 50 << 20 and last.elapsed_s > 10 and 0 < last.ram_used < last.ram_total
        assert last.disk_free > 0 and last.cpu_count == usable_cores() and sampler.problem == ""
    finally:
        sampler.close()
        os.killpg(process.pid, 9)
        process.wait()


def test_a_process_that_ended_leaves_the_tree(tmp_path):
    process = subprocess.Popen(["sleep", "60"])
    found = resources._Tree(process.pid)
    assert found.usage()[2] == 1
    process.kill()
    process.wait()
    assert found.usage() == (0.0, 0, 0)


def test_a_folder_that_cannot_be_measured_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "PERIOD_S", 0.01)
    monkeypatch.setattr(resources, "STALE_AFTER_S", 0.05)
    sampler = Sampler(os.getpid(), tmp_path / "gone", time.monotonic())
    try:
        until(lambda: "cannot be measured" in sampler.problem)
    finally:
        sampler.close()


def first_look(machine):
    """Look until there is a sample."""
    until(lambda: machine.look() or machine.last)


def test_telemetry_is_one_table_across_supervisors(tmp_path, nvml):
    run = RunFolder(tmp_path)
    for gpus in (2, 0):
        nvml.nvmlDeviceGetCount = lambda gpus=gpus: gpus  # the second supervisor sees none, the header stays
        machine = Machine(run, os.getpid(), time.monotonic())
        try:
            assert machine.facts() == {}
            first_look(machine)
            assert machine.problem() == "" and machine.gpu_problem() == ""
        finally:
            machine.close()
    with open(run.telemetry, newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == header(2) and len(rows) == 3 and {len(row) for row in rows} == {len(header(2))}
    assert rows[1][-5:] != [""] * 5 and rows[2][-5:] == [""] * 5


def test_a_driver_that_answers_late_gets_its_columns(tmp_path, nvml, monkeypatch):
    monkeypatch.setattr(machine_module, "PATIENCE_S", 0.0)
    monkeypatch.setattr(resources, "PERIOD_S", 0.02)
    nvml.hung.clear()
    run = RunFolder(tmp_path)
    machine = Machine(run, os.getpid(), time.monotonic())
    reader = TelemetryReader(run.telemetry)
    try:
        first_look(machine)
        until(lambda: machine.look() or reader.poll() or reader.rows > 2)
        assert reader.gpus() == []
        before = reader.rows
        nvml.hung.set()
        until(lambda: machine.look() or reader.poll() or reader.gpus())
        assert len(reader.gpus()) == 2 and reader.gpus()[1].util == 98 and reader.rows > before
    finally:
        machine.close()
        reader.close()
    with open(run.telemetry, newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == header(2) and {len(row) for row in rows} == {len(header(2))}
    assert rows[1][-5:] == [""] * 5 and rows[-1][-5:] != [""] * 5


def test_no_sample_is_thrown_away_while_a_driver_is_slow(tmp_path, nvml, monkeypatch):
    monkeypatch.setattr(resources, "PERIOD_S", 0.02)
    nvml.hung.clear()
    run = RunFolder(tmp_path)
    machine = Machine(run, os.getpid(), time.monotonic())
    try:
        until(lambda: machine.look() or len(machine._kept) > 2)
        assert not run.telemetry.exists()
        nvml.hung.set()
        until(lambda: machine.look() or run.telemetry.exists())
    finally:
        machine.close()
    with open(run.telemetry, newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == header(2) and len(rows) > 3


def test_the_machine_in_words(tmp_path, nvml):
    nvml.refused = True
    machine = Machine(RunFolder(tmp_path), os.getpid(), time.monotonic())
    try:
        first_look(machine)
        facts = machine.facts()
        assert facts["GPU 1"].startswith("% n/a, ") and "412 W" in facts["GPU 1"]
        assert "of" in facts["CPU"] and {"RAM", "job", "disk"} < set(facts)
    finally:
        machine.close()


def test_telemetry_that_cannot_be_written_is_said(tmp_path, nvml):
    run = RunFolder(tmp_path / "gone")
    machine = Machine(run, os.getpid(), time.monotonic())
    try:
        (tmp_path / "gone").mkdir()
        (tmp_path / "gone/telemetry.csv").mkdir()
        until(lambda: machine.look() or machine.problem())
        assert machine.problem().startswith("telemetry cannot be written")
    finally:
        machine.close()
