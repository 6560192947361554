"""Cause before consequence: one failure is one incident, whoever spoke of it first."""

from __future__ import annotations

from trainer_tui.failures import Scanner
from trainer_tui.failures.pytext import untangle
from trainer_tui.runs.incident import Incident

STEP = "step 7 loss 0.4\n"
CANCELLED = "slurmstepd: error: *** STEP 7.0 ON n1 CANCELLED AT 2026-01-01T00:00:00 ***\n"
TIME_UP = "slurmstepd: error: *** JOB 7 ON n1 CANCELLED AT 2026-01-01T00:00:00 DUE TO TIME LIMIT ***\n"
TRACE = "Traceback (most recent call last):\n  File \"t.py\", line 3, in f\nKeyError: 'a'\n"
LAUNCHER = (
    'Traceback (most recent call last):\n  File "/opt/bin/torchrun", line 8, in <module>\n'
    "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: \n"
)


def scan(text: str) -> list[Incident]:
    """The errors, each once, with what is known in the end."""
    scanner = Scanner()
    told = scanner.feed((STEP + text + STEP).encode()) + scanner.finish()
    return [i for i in {i.id: i for i in told}.values() if i.severity == "error"]


def test_a_signal_before_its_reason_is_told_as_the_reason() -> None:
    (found,) = scan("Main process received SIGTERM, exiting\n" * 3 + STEP + TIME_UP)
    assert (found.kind, found.line) == ("time-limit", 2)
    assert found.message.endswith("DUE TO TIME LIMIT ***")
    assert found.facts["consequences"][0] == "Main process received SIGTERM, exiting"


def test_a_step_that_is_cancelled_for_its_time_is_one_incident() -> None:
    (found,) = scan(CANCELLED + STEP + TIME_UP + TRACE)
    assert (found.kind, found.line) == ("time-limit", 2)


def test_a_step_that_slurm_cancels_after_a_failure_is_its_consequence() -> None:
    (found,) = scan(TRACE + "srun: Terminating job step 7.0\n" + CANCELLED)
    assert found.message == "KeyError: 'a'" and found.facts["cascade"] == 1
    (found,) = scan("slurmstepd: error: Detected 1 oom_kill event in StepId=7.0.\n" + CANCELLED)
    assert found.kind == "cpu-oom"


def test_a_report_of_mpi_is_told_as_the_signal_it_names() -> None:
    (found,) = scan(
        "=   BAD TERMINATION OF ONE OF YOUR APPLICATION PROCESSES\n=   RANK 0 PID 77 RUNNING AT n1\n"
        "=   KILLED BY SIGNAL: 9 (Killed)\n"
    )
    assert (found.kind, found.line) == ("killed", 2) and "KILLED BY SIGNAL: 9" in found.message


def test_the_launcher_speaks_long_after_a_crash() -> None:
    crash = "[n1:7 :0:7] Caught signal 11 (Segmentation fault: address not mapped)\n"
    (found,) = scan(crash + "frame in libucs.so\n" * 1500 + LAUNCHER + "train.py FAILED\n")
    assert found.kind == "native-crash" and found.facts["cascade"] == 2


def test_an_exception_that_was_logged_first_is_one_incident() -> None:
    (found,) = scan("ERROR:train:KeyError: 'a'\n" + TRACE)
    assert (found.line, found.frames) == (2, ("t.py:3 in f",))


def test_an_announcement_of_a_traceback_is_part_of_it() -> None:
    for words in (
        "Error executing job with overrides: []\n",
        "2026-01-01 00:00:00 | ERROR    | core:1 - An error has been caught in function 'main', process 'M' (1):\n",
        "exception calling callback for <Future at 0x1 state=finished raised KeyError>\n",
    ):
        (found,) = scan(words + TRACE)
        assert found.message == "KeyError: 'a'"
        (found,) = scan(words)
        assert found.line == 2 and found.message in words


def test_a_traceback_that_is_cut_off_quotes_what_announced_it() -> None:
    scanner = Scanner()
    told = scanner.feed(b"Error executing job with overrides: []\nTraceback (most recent call last):\n")
    (found,) = told + scanner.finish()
    assert found.message == "Error executing job with overrides: []"


def test_ranks_that_write_into_one_line() -> None:
    assert untangle("KeyErrorKeyError: : 'a''a'") == "KeyError: 'a'"
    assert untangle("x.MyErrorx.MyErrorx.MyError: : : nonono") == "x.MyError: no"
    assert untangle("ValueError: bad") == "ValueError: bad"
    (found,) = scan(TRACE + "KeyErrorKeyError: : 'a''a'\n")
    assert found.message == "KeyError: 'a'"


def test_last_words() -> None:
    for words in ("Killed", "Terminated", " 20% (117/558) eta 28:34:54 \\Terminated"):
        scanner = Scanner()
        (found,) = scanner.feed(f"{STEP}{words}\n\n".encode()) + scanner.finish()
        assert found.severity == "error"
        scanner = Scanner()
        (found,) = scanner.feed(f"{STEP}{words}\n\n{STEP}".encode()) + scanner.finish()
        assert found.severity == "warning"
