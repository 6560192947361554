"""Knowing when followed files change: inotify wakes a quiet reader, a busy one polls.

Each write of a training process is one inotify event; taking twenty thousand of them a second would cost
more than the training can spare. So a watch is taken off at its first event, the reader polls while things
move, and the watch is armed again when they are quiet. Where events do not reach (network folders) or ran out
(ENOSPC, EMFILE), polling alone is left: a hint is lost, never a change.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from trainer_tui.runs.inotify import Inotify

BUSY_POLL_S = 0.05
QUIET_POLL_S = 1.0
CALM_AFTER_S = 0.15
"""So long after the last change it is quiet: three looks. A script that writes each second is, in between."""


class Changes:
    """Wakes its one reader when something in `folders` may have changed.

    Loop: `changed = look(); changes.wait(changed)`. Not safe for several readers. `ignore` names files whose
    changes are the reader's own.
    """

    def __init__(
        self,
        folders: Iterable[Path],
        *,
        ignore: Iterable[str] = (),
        quiet_poll_s: float = QUIET_POLL_S,
        busy_poll_s: float = BUSY_POLL_S,
    ) -> None:
        self._quiet_poll_s = quiet_poll_s
        self._busy_poll_s = busy_poll_s
        self._ignore = frozenset(ignore)
        self._wake = threading.Event()
        self._bell: tuple[int, int] | None = None
        """A pipe: a byte in it ends the waiting for inotify."""
        self._bell_lock = threading.Lock()
        self._folders = list(dict.fromkeys(folders))
        self._inotify: Inotify | None = None
        self._armed = False
        self._last_change = time.monotonic()
        self.problem: str = ""
        """Why inotify is not used; empty when it is."""

    def wait(self, changed: bool, timeout: float | None = None) -> None:
        """Sleep until something may have changed; `changed`: whether the last look found anything new."""
        now = time.monotonic()
        if changed:
            self._last_change = now
        busy = now - self._last_change < CALM_AFTER_S
        if busy:
            self._disarm()
        elif self._arm():
            return  # what changed between the last look and the arming would be lost: look once more
        pause = self._busy_poll_s if busy else self._quiet_poll_s
        if timeout is not None:
            pause = min(pause, timeout)
        if self._sleep(max(0.0, pause)) and not busy:
            self._last_change = time.monotonic()
        self._wake.clear()

    def wake(self) -> None:
        """Wake the reader from another thread."""
        self._wake.set()
        with self._bell_lock:  # once it is closed, its number may be another file's
            if self._bell is not None:
                with suppress(BlockingIOError):  # full: it rings already
                    os.write(self._bell[1], b"\0")

    def follow(self, folders: Iterable[Path]) -> None:
        """Watch these folders from now on."""
        self._disarm()
        self._folders = list(dict.fromkeys(folders))
        self._last_change = time.monotonic()

    def close(self) -> None:
        """Stop watching."""
        self._armed = False
        if self._inotify is not None:
            self._inotify.close()
            self._inotify = None
        with self._bell_lock:
            for descriptor in self._bell or ():
                os.close(descriptor)
            self._bell = None

    def _sleep(self, seconds: float) -> bool:
        """Sleep so long at most; True when something woke us."""
        if not self._armed or self._inotify is None or self._bell is None:
            return self._wake.wait(seconds)
        until = time.monotonic() + seconds
        poll = select.poll()
        poll.register(self._inotify.descriptor, select.POLLIN)
        poll.register(self._bell[0], select.POLLIN)
        while not self._wake.is_set():
            left = until - time.monotonic()
            ready = dict(poll.poll(max(0.0, left) * 1000))
            if self._bell[0] in ready:
                os.read(self._bell[0], 4096)
                return True
            if self._inotify.descriptor in ready and self._is_news():
                return True
            if left <= 0:
                return False
        return True

    def _is_news(self) -> bool:
        assert self._inotify is not None
        return any(name not in self._ignore for _, name in self._inotify.read())

    def _arm(self) -> bool:
        if self._armed or self.problem:
            return False
        try:
            inotify = self._inotify or self._start()
            inotify.read()  # what was left over when the watches were taken off
            for folder in self._folders:
                if folder.is_dir():
                    inotify.watch(folder)
        except OSError as error:
            self.problem = f"inotify is not available ({error.strerror or error}); polling instead"
            self.close()
            return False
        self._armed = True
        return True

    def _start(self) -> Inotify:
        reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if hasattr(os, "pipe2") else os.pipe()
        self._bell = reading, writing
        self._inotify = Inotify()
        return self._inotify

    def _disarm(self) -> None:
        if self._inotify is not None and self._armed:
            self._inotify.unwatch()
        self._armed = False
