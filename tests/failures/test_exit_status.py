"""Exit statuses: what they prove, said in one sentence; the real ones come from real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from trainer_tui.failures import classify_exit, reason_for
from trainer_tui.runs.incident import Incident

GIB = 2**30


def ended(**fields: Any) -> dict[str, Any]:
    base = {"code": None, "signal": None, "core_dumped": False, "oom_kills": 0, "launch_error": None,
            "memory_limit_bytes": None, "max_rss_bytes": GIB, "duration_s": 3.0}  # fmt: skip
    return {**base, **fields}


def kinds(incident: Incident | None) -> tuple[str, str, str]:
    assert incident is not None
    assert (incident.id, incident.severity, incident.source) == ("exit", "error", "exit")
    return incident.kind, reason_for(incident), incident.message


def test_exit_zero_is_no_incident() -> None:
    assert classify_exit(ended(code=0)) is None
    assert classify_exit(ended(code=0), stopped_by_user=True) is None


def test_sigkill_with_proof_is_out_of_memory() -> None:
    kind, reason, message = kinds(classify_exit(ended(signal=9, oom_kills=1)))
    assert (kind, reason) == ("cpu-oom", "cpu-oom")
    assert message == "killed by SIGKILL and the kernel's oom_kill counter rose by 1"


def test_sigkill_without_proof_is_not() -> None:
    kind, reason, message = kinds(classify_exit(ended(signal=9)))
    assert (kind, reason) == ("killed", "signal")
    assert "somebody or something sent SIGKILL" in message


def test_sigkill_near_a_limit_is_likely_out_of_memory() -> None:
    near = ended(signal=9, max_rss_bytes=int(3.8 * GIB))
    _, _, message = kinds(classify_exit(near, memory_limit_bytes=4 * GIB))
    assert "likely out of memory" in message and "3.80 GiB of 4.00 GiB" in message
    _, _, message = kinds(classify_exit({**near, "memory_limit_bytes": 4 * GIB}))
    assert "likely out of memory" in message
    _, _, message = kinds(classify_exit(near, memory_limit_bytes=64 * GIB))
    assert "somebody or something" in message


@pytest.mark.parametrize(
    ("fields", "kind", "reason", "words"),
    [
        (
            {"signal": 11, "core_dumped": True},
            "native-crash",
            "crash",
            "SIGSEGV (invalid memory access, core dumped)",
        ),
        ({"signal": 7}, "native-crash", "crash", "SIGBUS"),
        ({"signal": 6}, "native-crash", "crash", "SIGABRT"),
        ({"signal": 4}, "native-crash", "crash", "SIGILL"),
        ({"signal": 15}, "signal", "signal", "SIGTERM"),
        ({"signal": 2}, "interrupted", "signal", "SIGINT"),
        ({"code": 139}, "native-crash", "crash", "exited with code 139: a child was killed by SIGSEGV"),
        ({"code": 137}, "killed", "signal", "exited with code 137: a child was killed by SIGKILL"),
        ({"code": 137, "oom_kills": 2}, "cpu-oom", "cpu-oom", "counter rose by 2"),
        ({"code": 143}, "signal", "signal", "SIGTERM"),
        ({"code": 126}, "launch-failed", "launch-failed", "could not be executed"),
        ({"code": 127}, "launch-failed", "launch-failed", "not found"),
        ({"code": 3}, "unclassified", "exit-code", "exited with code 3; nothing in the log says why"),
        ({"code": 255}, "unclassified", "exit-code", "code 255 (-1: what ssh"),
        ({"code": 1, "oom_kills": 1}, "cpu-oom", "cpu-oom", "counter rose by 1"),
        (
            {"launch_error": "No such file: python9"},
            "launch-failed",
            "launch-failed",
            "could not be started: No such file",
        ),
        ({}, "lost", "lost", "exit status unknown"),
        ({"signal": 64}, "signal", "signal", "64"),
    ],
)
def test_table(fields: dict[str, Any], kind: str, reason: str, words: str) -> None:
    found = kinds(classify_exit(ended(**fields)))
    assert found[:2] == (kind, reason)
    if "64" not in words:
        assert words in found[2]


def test_a_cause_in_the_log_is_taken_up() -> None:
    cause = Incident(
        "log:1:x", "error", "cuda-oom", "RuntimeError: CUDA out of memory", hypotheses=("halve it",)
    )
    kind, reason, message = kinds(classify_exit(ended(code=1), incidents=[cause]))
    assert (kind, reason) == ("cuda-oom", "cuda-oom")
    assert message == "exited with code 1 after RuntimeError: CUDA out of memory"
    recovered = cause.with_fate("recovered")
    assert kinds(classify_exit(ended(code=1), incidents=[recovered]))[0] == "unclassified"


def test_sigkill_after_the_log_told_of_the_memory_limit() -> None:
    told = Incident("log:1:cgroup-oom", "error", "cpu-oom", "slurmstepd: error: Detected 1 oom_kill event")
    assert kinds(classify_exit(ended(signal=9), incidents=[told]))[:2] == ("cpu-oom", "cpu-oom")


@pytest.mark.parametrize("fields", [{"signal": 15}, {"signal": 9}, {"code": 143}, {"code": 1}, {"signal": 2}])
def test_a_stop_that_was_asked_for_is_no_mystery(fields: dict[str, Any]) -> None:
    assert kinds(classify_exit(ended(**fields), stopped_by_user=True))[1] == "stopped-by-user"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_real_process(number: signal.Signals) -> None:
    code = (
        "import os, resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0));"
        f"os.kill(os.getpid(), {int(number)})"
    )
    done = subprocess.Popen([sys.executable, "-c", code])
    _, status = os.waitpid(done.pid, 0)
    done.returncode = 0
    found = kinds(classify_exit(ended(signal=os.WTERMSIG(status))))
    assert number.name in found[2]


def test_an_unknown_kind_is_an_exception() -> None:
    assert reason_for(Incident("x", "error", "bad-input", "m")) == "exception"
