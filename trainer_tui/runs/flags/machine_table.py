"""The red flags that are seen in machine and job."""

from __future__ import annotations

from trainer_tui.runs.flags.spec import Flag
from trainer_tui.runs.flags.spec import Parameter as P  # noqa: N817 - a table reads best with short names

_SAGEMAKER = "Amazon SageMaker Debugger, profiler rule"
_SEN = "slope and its confidence interval after Theil (1950) and Sen (1968)"

MACHINE_FLAGS: tuple[Flag, ...] = (
    Flag(
        "memory-leak", "machine", "warning",
        "The memory of the job (or of a GPU) has grown steadily for {minutes} minutes after start-up, by at "
        "least {share} of the limit, still does, and even the slowest growth that the samples allow "
        "reaches the limit before the run is over.",
        (
            "A list that keeps tensors with their graph: store loss.item(), not loss.",
            "A cache without a bound, or DataLoader workers that copy what they touch of a Python list.",
            "The forecast in the facts says how long there is: save a checkpoint before.",
        ),
        f"{_SEN}; {_SAGEMAKER} GPUMemoryIncrease (growth of 10 % over its window)",
        (
            P("minutes", 15.0, "minutes", "how long it has to grow", 2.0, 180.0),
            P("share", 0.03, "share of the limit", "the growth that counts", 0.001, 1.0),
            P("start_minutes", 5.0, "minutes", "start-up, which is not looked at", 0.0, 1440.0),
            P("horizon_hours", 12.0, "hours", "the run's remaining time where nobody knows it", 0.1, 1000.0),
        ),
    ),
    Flag(
        "gpu-starved", "machine", "warning",
        "A GPU that the job uses has been below {gpu} % on average for {minutes} minutes while the job "
        "kept its cores above {cpu} %.",
        (
            "The CPU prepares data too slowly: more loader workers, decode once and cache, augment on the GPU.",
            "Too many threads in each worker: OMP_NUM_THREADS=1 there.",
        ),
        f"{_SAGEMAKER}s CPUBottleneck (GPU below 10 %, CPU above 90 %) and LowGPUUtilization (below 70 %)",
        (
            P("minutes", 10.0, "minutes", "how long", 1.0, 300.0),
            P("gpu", 30.0, "percent", "average use of the GPU below which it starves", 1.0, 99.0),
            P("cpu", 90.0, "percent of the job's cores", "use of the CPU that counts as saturated", 10.0, 100.0),
        ),
    ),
    Flag(
        "thermal-throttle", "machine", "warning",
        "The driver has held a GPU's clocks down for heat, or for a hardware slowdown, in more than "
        "{share} of the last {minutes} minutes. A power cap, which is normal under load, does not count.",
        (
            "Cooling: fans, dust, airflow, a neighbour that heats the case; look at the temperature.",
            "A lower power limit (nvidia-smi -pl) often costs less speed than throttling does.",
        ),
        "NVML, nvmlClocksEventReasons: SwThermalSlowdown, HwThermalSlowdown, HwSlowdown, HwPowerBrakeSlowdown",
        (
            P("minutes", 3.0, "minutes", "how long it is looked at", 0.5, 300.0),
            P("share", 0.5, "share of the samples", "how much of that", 0.01, 1.0),
        ),
    ),
    Flag(
        "gpu-errors", "machine", "warning",
        "A GPU's count of uncorrected memory errors (ECC) rose, or the driver reported an Xid error.",
        (
            "Uncorrected ECC errors, Xid 48, 63, 64, 74, 79, 94, 95: the hardware; drain the node, reset the GPU.",
            "Xid 13, 31, 43: mostly the program itself, an illegal access in a kernel.",
        ),
        "NVML, nvmlDeviceGetTotalEccErrors; NVIDIA, XID Errors (deployment guide r555)",
    ),
    Flag(
        "disk-filling", "machine", "warning",
        "Less than {free_gib} GiB, or {free_percent} % of the disk where the output lies, are free; or the "
        "free space has shrunk steadily for {minutes} minutes and will be gone before the run is over.",
        (
            "Keep fewer checkpoints: the best and the last.",
            "Look for logs, core dumps and caches that grow: du -sh output logs ~/.cache",
        ),
        _SEN,
        (
            P("free_gib", 1.0, "GiB", "free space that is too little", 0.0, 100000.0),
            P("free_percent", 0.5, "percent", "share of the disk that is too little", 0.0, 50.0),
            P("minutes", 15.0, "minutes", "how long it has to shrink", 2.0, 180.0),
            P("horizon_hours", 12.0, "hours", "the run's remaining time where nobody knows it", 0.1, 1000.0),
        ),
    ),
    Flag(
        "swapping", "machine", "warning",
        "The machine has read more than {mib_s} MiB/s back from swap on average over {minutes} minutes.",
        (
            "Memory is short: fewer loader workers, a smaller prefetch, smaller batches on the CPU side.",
            "Another job on the machine needs it: look at RAM and at who uses it.",
        ),
        "Linux, /proc/vmstat pswpin; Gregg, Systems Performance (USE method: saturation of memory)",
        (
            P("mib_s", 5.0, "MiB/s", "what is read back from swap", 0.01, 100000.0),
            P("minutes", 3.0, "minutes", "how long", 0.5, 300.0),
        ),
    ),
)  # fmt: skip
"""In the order in which they are listed to people."""
