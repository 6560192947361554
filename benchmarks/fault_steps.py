"""A process of ours that dies at its k-th step: `python fault_steps.py K REPORT shim|supervisor|client ARGS`.

A step is a call that changes something others can see: a file made, written, synced, renamed or closed, a
lock taken, a process started. Between two of them nobody outside can tell at which moment it died, so dying
before each step is dying at every moment. A write is torn in the middle. The steps that were taken go to
REPORT, a line each. K = 0 kills nobody; K < 0 kills at step -K the process that was forked, not its parent.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys

_OF_OS = "mkdir rename remove rmdir symlink link truncate utime chmod kill fork exec posix_spawn"
CHANGES = frozenset(f"os.{name}" for name in _OF_OS.split()) | {"subprocess.Popen", "fcntl.flock"}
"""Audit events of Python that tell of a change; `open` does when it may write."""

WRAPPED = ("write", "pwrite", "fsync", "close", "dup2", "setsid", "waitid", "wait4")
"""Calls of `os` that raise no such event."""

_SHARED = 1
"""`LOCK_SH`: an onlooker's lock changes nothing."""


class Steps:
    """Counts, reports, kills."""

    def __init__(self, limit: int, report: str) -> None:
        self.limit = limit
        self.count = 0
        self.report = os.open(report, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        self.write = os.write
        self.pid = os.getpid()

    def step(self, name: str, torn: tuple[int, bytes] | None = None) -> None:
        """One step is about to be taken."""
        self.count += 1
        self.write(self.report, f"{self.count} {name}\n".encode())
        forked = os.getpid() != self.pid
        if self.count == abs(self.limit) and forked == (self.limit < 0):
            if torn is not None:
                self.write(torn[0], torn[1][: len(torn[1]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(self, event: str, arguments: tuple[object, ...]) -> None:
        """An audit event of Python."""
        if self.count >= abs(self.limit) > 0:
            return
        if event == "open":
            path, _, flags = arguments
            writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if writes and "__pycache__" not in str(path) and str(path) != os.devnull:
                self.step(f"open {os.path.basename(str(path))}")
        elif event in CHANGES and not (event == "fcntl.flock" and int(str(arguments[1])) & _SHARED):
            self.step(event)

    def watch(self) -> None:
        """From now on every step counts."""
        for name in WRAPPED:
            setattr(os, name, self._wrapped(name, getattr(os, name)))
        sys.addaudithook(self.audit)

    def _wrapped(self, name: str, real):  # type: ignore[no-untyped-def]
        def call(*arguments, **named):  # type: ignore[no-untyped-def]
            writes = name == "write" and len(arguments[1]) > 1
            self.step(name, (arguments[0], bytes(arguments[1])) if writes else None)
            return real(*arguments, **named)

        return call


def main(limit: str, report: str, role: str, *arguments: str) -> None:
    """Be the shim, the supervisor or the one that starts a watch, until the step."""
    steps = Steps(int(limit), report)
    sys.argv = [role, *arguments]
    if role == "shim":
        sys.argv = ["shim.py", arguments[1]]
        steps.watch()
        runpy.run_path(arguments[0], run_name="__main__")
    elif role == "supervisor":
        from trainer_tui.supervise.__main__ import main as supervise

        steps.watch()
        sys.exit(supervise(list(arguments)))
    else:
        sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
        from pathlib import Path

        from fault_runs import Trial

        trial = Trial(Path(arguments[0]))
        steps.watch()
        trial.begin()


if __name__ == "__main__":
    main(*sys.argv[1:])
