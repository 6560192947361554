"""Words for signals, exit codes and schedulers: what each of them says, and what to try."""

from __future__ import annotations

import signal
from typing import NamedTuple

CRASHES: dict[str, str] = {
    "SIGSEGV": "invalid memory access",
    "SIGBUS": "bad memory access; often /dev/shm or a mapped file ran out of space",
    "SIGABRT": "aborted itself; often a failed check in compiled code",
    "SIGILL": "an instruction this CPU does not have",
    "SIGFPE": "an arithmetic error in compiled code",
    "SIGTRAP": "a trap in compiled code",
    "SIGSYS": "a system call that is not allowed",
}
"""Signals that a process brings upon itself."""

FROM_OUTSIDE: dict[str, str] = {
    "SIGTERM": "it was asked to end from outside",
    "SIGHUP": "the terminal or session that it belonged to was closed",
    "SIGQUIT": "somebody pressed Ctrl-\\ or sent it",
    "SIGUSR1": "schedulers send it as a warning before the end; the script has no handler for it",
    "SIGUSR2": "schedulers send it as a warning before the end; the script has no handler for it",
    "SIGPIPE": "whoever read its output was gone",
    "SIGALRM": "a timer of its own ran out and nothing handled it",
    "SIGPWR": "the machine's power is failing",
}
"""Signals that mean something else than "ended from outside" or say more."""


class Code(NamedTuple):
    """What an exit code says by custom."""

    meaning: str
    hints: tuple[str, ...] = ()
    kind: str = ""
    """The kind of the failure where the code alone tells it."""


CODES: dict[int, Code] = {
    2: Code("the custom for wrong arguments", ("Check the arguments of the command.",)),
    64: Code("sysexits.h: wrong usage", ("Check the arguments of the command.",)),
    65: Code("sysexits.h: bad input data"),
    66: Code("sysexits.h: an input could not be opened"),
    69: Code("sysexits.h: a service is not available"),
    70: Code("sysexits.h: an internal error"),
    71: Code("sysexits.h: an error of the operating system"),
    73: Code("sysexits.h: an output could not be created"),
    74: Code("sysexits.h: an input or output error"),
    75: Code("sysexits.h: a temporary failure", ("Try again.",)),
    77: Code("sysexits.h: a permission is missing"),
    78: Code("sysexits.h: a wrong configuration"),
    120: Code(
        "Python could not write out its output at the end",
        ("Look whether the disk is full, and whether whoever read its output was gone.",),
    ),
    124: Code("what timeout(1) answers when the time is over", ("Give `timeout` more time.",), "time-limit"),
    125: Code("what timeout, docker and podman answer when they themselves fail; Slurm: out of memory"),
    126: Code(
        "the command was found but could not be executed",
        ("Make the script executable, or start it with python.",),
        "launch-failed",
    ),
    127: Code(
        "the command, or a program it starts, was not found",
        ("Check the name and PATH of the environment.",),
        "launch-failed",
    ),
    255: Code("-1: what ssh answers when the connection fails, and MPI programs that give up"),
}

NATIVE_HINTS = (
    "Run once with PYTHONFAULTHANDLER=1: the crash then prints the Python line it was in.",
    "A version mismatch between compiled libraries (CUDA, numpy, torch) is the most frequent cause.",
)
MEMORY_HINTS = (
    "Load less data at a time, use a smaller dtype or fewer DataLoader workers.",
    "Look at the memory curve of this run: steady growth is a leak, a jump is one large allocation.",
)
DISK_HINTS = (
    "Make room where the log lies (`df -h`), or put `logs` and `output` on a larger disk in trainer.toml.",
    "Then start again: what it printed last could not be written.",
)
KILLED_HINTS = (
    "Ask who shares this machine; container runtimes, schedulers and out-of-memory daemons send it too.",
    *MEMORY_HINTS,
)
ASKED_HINTS = (
    "A person, a script, a scheduler or a shutdown sent it: ask, then resume from the last checkpoint.",
)
LIMIT_HINTS = ("Raise the limit (`ulimit`, /etc/security/limits.conf, the scheduler's options).",)
CORE_HINT = "No core was dumped: `ulimit -c unlimited` before the start keeps one for the debugger."

SCHEDULERS: dict[str, str] = {
    "SLURM_JOB_ID": "Slurm job {}: `sacct -j {} -o state,exitcode,maxrss,reason` says who ended it",
    "PBS_JOBID": "PBS job {}: `qstat -xf {}` says who ended it",
    "LSB_JOBID": "LSF job {}: `bhist -l {}` says who ended it",
}
"""Variable of a scheduler with the job's number → where to ask."""


def signal_name(number: int) -> str:
    """`SIGKILL` for 9; empty for a number that is no signal with a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""
