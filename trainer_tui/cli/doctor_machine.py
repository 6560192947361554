"""What the doctor looks at in the machine: processors, memory, GPUs, kernel limits, permissions."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from trainer_tui.cli.doctor import Check, Row
from trainer_tui.project import Project

GIB = 1024**3
GPU_TIMEOUT_S = 5.0
CAP_SYS_PTRACE = 19
CAP_SYSLOG = 34


def python(_: Project) -> Row:
    """The interpreter, and whether it stands in an environment of its own."""
    value = f"{platform.python_implementation()} {platform.python_version()} in {sys.prefix}"
    if sys.prefix == sys.base_prefix and "CONDA_PREFIX" not in os.environ:
        value += " (the system's own; an environment for each project keeps its versions apart)"
    return Row("python", value)


def system(_: Project) -> Row:
    """The operating system."""
    value = f"{platform.system()} {platform.release()} {platform.machine()}"
    if os.name != "posix":
        return Row("platform", value, "problem", "use Linux or macOS; on Windows, use WSL")
    return Row("platform", value)


def processors(_: Project) -> Row:
    """Processors that this process may use, and the cgroup's quota where it is tighter."""
    count = os.cpu_count() or 1
    usable: float = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else count
    if (quota := _cpu_quota()) is not None and quota < usable:
        return Row("processors", f"{quota:g} of {count} (limit of the cgroup)")
    return Row("processors", f"{usable:g} of {count}")


def memory(_: Project) -> Row:
    """Memory that a run may use: the machine's or, where it is tighter, the cgroup's."""
    import psutil

    from trainer_tui.supervise.cgroup import memory as cgroup_memory

    machine = psutil.virtual_memory().total
    limit = cgroup_memory()
    free = limit.total - limit.used
    value = f"{free / GIB:.1f} of {limit.total / GIB:.1f} GiB free"
    if limit.total < machine:
        value += f" (limit of the cgroup; the machine has {machine / GIB:.1f} GiB)"
    if free < GIB:
        return Row("memory", value, "advice", "end something else first: less than 1 GiB is free")
    return Row("memory", value)


def gpus(_: Project) -> Row:
    """GPUs through NVML, asked in a thread: a driver that hangs must not hang the doctor."""
    answer: list[Row] = []
    thread = threading.Thread(target=lambda: answer.append(_ask_nvml()), name="doctor-gpu", daemon=True)
    thread.start()
    thread.join(GPU_TIMEOUT_S)
    if answer:
        return answer[0]
    value = f"the driver has not answered for {GPU_TIMEOUT_S:g} s"
    return Row(
        "gpu", value, "problem", "see `nvidia-smi` and the kernel's log; a driver that hangs needs a restart"
    )


def inotify(_: Project) -> Row:
    """The kernel's limits on watching files."""
    folder = Path("/proc/sys/fs/inotify")
    instances, watches = (_number(folder / f"max_user_{name}") for name in ("instances", "watches"))
    if instances is None or watches is None:
        return Row("inotify", "not on this system; files are watched by other means")
    value = f"{instances} instances, {watches} watches"
    if instances < 128 or watches < 8192:
        todo = "sudo sysctl fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=65536"
        return Row("inotify", value, "advice", todo)
    return Row("inotify", value)


def stacks(_: Project) -> Row:
    """Whether py-spy can read the stack of a process that is not its child, as it must when a run hangs."""
    program = Path(sys.executable).with_name("py-spy")
    code = "import sys; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-S", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as target:
        assert target.stdout is not None
        target.stdout.readline()
        command = [str(program) if program.exists() else "py-spy", "dump", "--pid", str(target.pid)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=10)
        except FileNotFoundError:
            return Row("stacks", "py-spy is not installed", "problem", "pip install py-spy")
        except subprocess.TimeoutExpired:
            return Row("stacks", "py-spy does not answer", "advice", "stacks of hanging runs will be missing")
        finally:
            target.kill()
    if done.returncode == 0:
        return Row("stacks", "py-spy can read the stacks of runs")
    scope = _number(Path("/proc/sys/kernel/yama/ptrace_scope"))
    if sys.platform == "darwin":
        todo = (
            "macOS shows the stacks of other processes to root alone: run `sudo py-spy dump --pid …` by hand"
        )
    elif scope:
        todo = "sudo sysctl kernel.yama.ptrace_scope=0, or stacks of hanging runs will be missing"
    else:
        todo = "in a container, start it with --cap-add=SYS_PTRACE, or stacks of hanging runs will be missing"
    reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    return Row("stacks", f"py-spy may not read other processes: {reason}", "advice", todo)


def kernel_log(_: Project) -> Row:
    """Whether the kernel's log can be read: it names the victim when memory runs out."""
    restricted = _number(Path("/proc/sys/kernel/dmesg_restrict"))
    if restricted is None:
        return Row("kernel log", "not on this system")
    if restricted and not _capable(CAP_SYSLOG):
        todo = "sudo sysctl kernel.dmesg_restrict=0, to see the kernel's own words on an out-of-memory kill"
        return Row("kernel log", "readable by root alone", "advice", todo)
    return Row("kernel log", "readable")


CHECKS: dict[str, Check] = {
    "python": python,
    "platform": system,
    "processors": processors,
    "memory": memory,
    "gpu": gpus,
    "inotify": inotify,
    "stacks": stacks,
    "kernel log": kernel_log,
}


def _ask_nvml() -> Row:
    """The GPUs as NVML names them; none is a normal state."""
    try:
        import pynvml
    except ImportError:
        return Row("gpu", "not examined: nvidia-ml-py is missing", "advice", "pip install nvidia-ml-py")
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        absent = (pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, pynvml.NVML_ERROR_DRIVER_NOT_LOADED)
        if getattr(error, "value", None) in absent:
            return Row("gpu", "none")
        return Row("gpu", f"NVML: {error}", "problem", "see `nvidia-smi`")
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
        names = ", ".join(_gpu(pynvml, handle) for handle in handles)
        driver = _text(pynvml.nvmlSystemGetDriverVersion())
        return Row("gpu", f"{names} (driver {driver})" if names else "none")
    except pynvml.NVMLError as error:
        return Row("gpu", f"NVML: {error}", "problem", "see `nvidia-smi`")
    finally:
        pynvml.nvmlShutdown()


def _gpu(nvml: Any, handle: Any) -> str:
    used = nvml.nvmlDeviceGetMemoryInfo(handle)
    return f"{_text(nvml.nvmlDeviceGetName(handle))} {used.free / GIB:.0f} of {used.total / GIB:.0f} GiB free"


def _text(value: str | bytes) -> str:
    """Older bindings answer in bytes."""
    return value.decode() if isinstance(value, bytes) else value


def _cpu_quota() -> float | None:
    """Processors' worth of time that the cgroup allows (version 2, else 1), None without a limit."""
    own = "/"
    try:
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            if line.startswith("0::"):
                own = line[3:]
    except OSError:
        return None
    quotas = []
    top = Path("/sys/fs/cgroup")
    here = top / own.lstrip("/")
    for folder in (here, *here.parents):
        try:
            limit, period = (folder / "cpu.max").read_text().split()
        except (OSError, ValueError):
            continue
        if limit != "max":
            quotas.append(int(limit) / int(period))
    limit_v1, period_v1 = (_number(top / f"cpu/cpu.cfs_{name}_us") for name in ("quota", "period"))
    if limit_v1 and period_v1 and limit_v1 > 0:
        quotas.append(limit_v1 / period_v1)
    return min(quotas, default=None)


def _capable(bit: int) -> bool:
    """Whether this process holds a Linux capability."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("CapEff:"):
                return bool(int(line.split()[1], 16) >> bit & 1)
    except OSError:
        return False
    return False


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
