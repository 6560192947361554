"""The kernel's log, read as far as we may: what it says about processes of a run. Never waits."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections import deque
from collections.abc import Collection
from pathlib import Path

from trainer_tui.failures import KernelWord, kernel_word

KMSG = Path("/dev/kmsg")
RECORDS_AT_MOST = 2000
"""Records read in one look; the kernel keeps some thousands."""

_KEPT = 200
_EARLIER_S = 1.0
"""The kernel's clock and ours may differ by so much."""

_RECORD = re.compile(rb"(\d+),\d+,(\d+),[^;]*;([^\n]*)")
_FIRST_NAMESPACE = "pid:[4026531836]"
"""The kernel's own numbers of processes (`PROC_PID_INIT_INO`); in a container others are in use."""

_JOURNAL_TIMEOUT_S = 1.0


class KernelLog:
    """Follows `/dev/kmsg` from the start of a run; where it may not be read, the journal is asked."""

    def __init__(self, since: float, since_wall: float, path: Path = KMSG) -> None:
        """`since`: when the run began, on the monotonic clock; `since_wall`: the same as the time of day."""
        self._since = since - _EARLIER_S
        self._since_wall = since_wall
        self._words: deque[KernelWord] = deque(maxlen=_KEPT)
        self._refused = False
        self._fd = -1
        if path == KMSG and not _numbers_are_the_kernels():
            return
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError:
            self._refused = True
        except OSError:
            return

    def look(self) -> None:
        """Read what is new, a bounded number of records."""
        for _ in range(RECORDS_AT_MOST if self._fd >= 0 else 0):
            try:
                data = os.read(self._fd, 8192)
            except BlockingIOError:
                return
            except BrokenPipeError:
                continue  # records were overwritten before we came; the next ones are there
            except OSError:
                self.close()
                return
            if not data:
                return
            for line in data.splitlines():
                self._take(line)

    def about(self, pids: Collection[int], *, thoroughly: bool = True) -> tuple[KernelWord, ...]:
        """What it says about these processes, and about GPUs without naming a process; oldest first.

        `thoroughly`: ask the journal where the log itself may not be read, which can take a second.
        """
        self.look()
        words = [*self._words, *(self._journal() if self._refused and thoroughly else ())]
        return tuple(word for word in words if word.pid is None or word.pid in pids)

    def close(self) -> None:
        """Let go of the log."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _take(self, line: bytes) -> None:
        record = _RECORD.match(line)
        # Facility 0 is the kernel; others are programs that write into its log.
        if record is None or int(record[1]) >> 3 or int(record[2]) / 1e6 < self._since:
            return
        word = kernel_word(record[3].decode("utf-8", "replace"))
        if word is not None:
            self._words.append(word)

    def _journal(self) -> list[KernelWord]:
        """The same from the journal, which members of its group may read."""
        # Records carry the time of day, which may have been set back since the run began.
        since = min(self._since_wall, time.time() - (time.monotonic() - self._since))
        command = ["journalctl", "-k", "-q", "--no-pager", "-o", "cat", "-n", str(_KEPT)]
        try:
            done = subprocess.run(
                [*command, f"--since=@{int(since)}"],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_JOURNAL_TIMEOUT_S,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.TimeoutExpired):
            return []
        return [word for line in done.stdout.splitlines() if (word := kernel_word(line)) is not None]


def _numbers_are_the_kernels() -> bool:
    try:
        return os.readlink("/proc/self/ns/pid") == _FIRST_NAMESPACE
    except OSError:
        return False
