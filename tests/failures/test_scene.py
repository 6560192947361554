"""What the scene of an end proves, and what it does not."""

from __future__ import annotations

from typing import Any

import pytest

from trainer_tui.failures import KernelWord, Scene, classify_exit, reason_for
from trainer_tui.runs.incident import Incident

GIB = 2**30
KILLED: dict[str, Any] = {"code": None, "signal": 9, "user_s": 1.0, "sys_s": 0.0}
OOM = KernelWord("oom", 5, "Memory cgroup out of memory: Killed process 5 (python)", within_cgroup=True)


def judged(exit: dict[str, Any], scene: Scene, **more: Any) -> Incident:
    incident = classify_exit(exit, scene=scene, **more)
    assert incident is not None
    return incident


def test_the_kernels_log_is_a_proof() -> None:
    found = judged(KILLED, Scene(kernel=(OOM,)))
    assert found.kind == "cpu-oom" and found.facts["kernel"] == [OOM.text]
    assert found.message == (
        "killed by SIGKILL and the kernel's log says that it killed process 5 because "
        "its memory cgroup was out of memory"
    )
    assert (
        "the machine was out of memory" in judged(KILLED, Scene(kernel=(KernelWord("oom", 5, "x"),))).message
    )


def test_an_unknown_end_that_the_kernel_knows() -> None:
    assert judged({}, Scene(kernel=(OOM,))).kind == "cpu-oom"
    assert judged({}, Scene()).kind == "lost"


def test_the_counter_with_its_limit() -> None:
    levels = [
        {"cgroup": "/job", "own": True, "oom_kill": 1, "oom": 0, "limit": None},
        {"cgroup": "/", "own": False, "oom_kill": 1, "oom": 1, "limit": 4 * GIB},
    ]
    found = judged({**KILLED, "oom_kills": 1, "memory_events": levels}, Scene(oom_before_s=0.4))
    assert found.message.endswith("the kernel's oom_kill counter rose by 1 (limit of its cgroup: 4.0 GiB)")


def test_a_counter_that_rose_long_ago_tells_of_another_process() -> None:
    found = judged({**KILLED, "oom_kills": 1}, Scene(oom_before_s=3600.0))
    assert found.kind == "killed" and "oom_kill" not in found.message


def test_the_memory_a_moment_before() -> None:
    found = judged(KILLED, Scene(memory_used=97 * GIB, memory_total=100 * GIB, memory_before_s=2.2))
    assert found.kind == "killed"
    assert found.message == (
        "killed by SIGKILL from outside; likely out of memory: "
        "memory was at 97% of the 100 GiB allowed 2 s before"
    )
    far = judged(KILLED, Scene(memory_used=50, memory_total=100))
    assert "likely" not in far.message and not any("memory curve" in hint for hint in far.hypotheses)
    assert any("memory curve" in hint for hint in judged(KILLED, Scene()).hypotheses)


@pytest.mark.parametrize(
    ("used", "kind"), [(999.8, "time-limit"), (1001.0, "time-limit"), (10.0, "killed"), (5000.0, "killed")]
)
def test_cpu_time(used: float, kind: str) -> None:
    assert judged({**KILLED, "user_s": used, "limits": {"cpu": [1000, 1000]}}, Scene()).kind == kind


@pytest.mark.parametrize(
    ("seconds", "kind"), [(-200, "killed"), (-30, "time-limit"), (30, "time-limit"), (900, "killed")]
)
def test_the_end_of_a_slurm_job(seconds: int, kind: str) -> None:
    job = {"SLURM_JOB_ID": "4711", "SLURM_JOB_END_TIME": "1800000000"}
    found = judged(KILLED, Scene(environment=job, ended_at=1_800_000_000.0 + seconds))
    assert found.kind == kind
    if kind == "time-limit":
        assert "the time of Slurm job 4711 was over" in found.message and reason_for(found) == "time-limit"
    else:
        assert any("sacct -j 4711" in hint for hint in found.hypotheses)


def test_the_library_of_a_crash_and_the_tail() -> None:
    word = KernelWord("crash", 5, "python[5]: segfault at 0", "libtorch_cuda.so")
    found = judged({"code": None, "signal": 11}, Scene(kernel=(word,), tail="epoch 3"))
    assert found.message.endswith("(invalid memory access) in libtorch_cuda.so, says the kernel's log")
    assert found.excerpt == "epoch 3"


@pytest.mark.parametrize(
    ("message", "kind", "said"),
    [
        ("std::bad_alloc", "cpu-oom", "its address space is limited to 2.0 GiB"),
        ("OSError: [Errno 24] Too many open files", "exception", "at most 64 open files"),
        ("RuntimeError: can't start new thread", "exception", "at most 99 processes and threads"),
        ("ValueError: no", "exception", ""),
    ],
)
def test_the_limit_that_an_error_speaks_of(message: str, kind: str, said: str) -> None:
    limits = {"as": [2 * GIB, None], "nofile": [64, 128], "nproc": [99, 99]}
    cause = Incident("log:1:x", "error", kind, message)
    found = judged({"code": 1, "limits": limits}, Scene(), incidents=[cause])
    assert found.message.startswith(f"exited with code 1 after {message}")
    assert said in found.message and ("; " in found.message) == bool(said)


def test_a_gpu_that_failed_meanwhile_is_a_hint_and_no_cause() -> None:
    word = KernelWord("gpu", None, "NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.")
    found = judged({"code": None, "signal": 6}, Scene(kernel=(word,)))
    assert found.kind == "native-crash" and word.text in found.hypotheses[0]
