"""A server that was started as a user starts it."""

from __future__ import annotations

import re
import subprocess

import psutil


class Served:
    """A running server."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"open (http://[^/]+)/(?:\?token=(\S+))?", line)
        assert found is not None, line + process.stdout.read()
        self.base = found[1]
        self.token = found[2]
        self.port = int(self.base.rpartition(":")[2])
        process.stdout.readline()

    def windows(self) -> list[psutil.Process]:
        """The processes behind open pages."""
        return psutil.Process(self.process.pid).children()

    def end(self, number: int) -> tuple[int, str]:
        """Send a signal; its exit code and what else it printed."""
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=30)
        return self.process.returncode, rest
