"""Cause before consequence: launchers, other ranks and finalizers are attached to the first error."""

from __future__ import annotations

from trainer_tui.failures import Scanner
from trainer_tui.failures.causes import NEAR_BYTES, NEAR_LINES
from trainer_tui.runs.incident import Incident

CAUSE = 'Traceback (most recent call last):\n  File "t.py", line 9, in main\nValueError: bad\n'
LAUNCHER = (
    'Traceback (most recent call last):\n  File "run.py", line 1, in run\n'
    "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: \n"
    "============\ntrain.py FAILED\n------------\n"
)
TEARDOWN = (
    "Exception ignored in: <function Loader.__del__ at 0x7f>\nTraceback (most recent call last):\n"
    '  File "loader.py", line 3, in __del__\nAssertionError: can only test a child process\n'
)
MPI = "mpirun detected that one or more processes exited with non-zero status, thus causing the job to end\n"
NCCL = (
    "[rank1]: torch.distributed.DistBackendError: NCCL error in: ProcessGroup.cpp:1, remote process exited\n"
)


def scan(text: str) -> list[Incident]:
    """Each incident as it was told last."""
    scanner = Scanner()
    told = scanner.feed(text.encode()) + scanner.finish()
    return list({incident.id: incident for incident in told}.values())


def test_consequences_count_in_the_facts_of_the_cause() -> None:
    (found,) = scan(CAUSE + TEARDOWN + NCCL + LAUNCHER + MPI)
    assert found.message == "ValueError: bad" and found.line == 1
    assert found.facts["cascade"] >= 4
    assert any("NCCL error" in line for line in found.facts["consequences"])


def test_without_a_cause_they_stand_for_it() -> None:
    found = scan("epoch 1\n" + LAUNCHER + MPI)
    assert [i.severity for i in found] == ["error"] * len(found) and len(found) >= 2
    assert all("cascade" not in i.facts for i in found)


def test_a_cause_that_comes_late_is_told_and_takes_the_rest() -> None:
    found = scan(NCCL + CAUSE + LAUNCHER)
    assert [i.message for i in found][1:] == ["ValueError: bad"]
    assert found[1].facts["cascade"] >= 1


def test_another_error_is_told_on_its_own() -> None:
    found = scan(CAUSE + CAUSE.replace("ValueError: bad", "KeyError: 'x'") + LAUNCHER)
    assert [i.message for i in found] == ["ValueError: bad", "KeyError: 'x'"]
    assert "cascade" in found[0].facts and "cascade" not in found[1].facts


def test_far_away_it_is_another_failure() -> None:
    for between in ("step\n" * (NEAR_LINES + 1), "x" * NEAR_BYTES + "\n"):
        found = scan(CAUSE + between + MPI)
        assert [i.rule for i in found] == ["traceback", "mpi-abort"]


def test_tracebacks_of_many_ranks_keep_it_near() -> None:
    ranks = "".join(f"[rank{n}]: {line}\n" for n in range(200) for line in CAUSE.splitlines())
    (found,) = scan(ranks + MPI)
    assert found.facts["cascade"] == 1


def test_what_becomes_known_of_the_cause_keeps_the_count() -> None:
    chain = "\nDuring handling of the above exception, another exception occurred:\n\n"
    scanner = Scanner()
    text = CAUSE + "".join(f"[rank1]: {line}\n" for line in TEARDOWN.splitlines()) + chain + CAUSE
    told = scanner.feed(text.replace("bad\n", "worse\n").encode()) + scanner.finish()
    assert {i.id for i in told} == {told[0].id}
    assert told[-1].facts["cascade"] == 1
