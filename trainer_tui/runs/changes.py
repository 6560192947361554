"""Knowing when followed files change: inotify wakes a quiet reader, a busy one polls.

Each write of a training process is one inotify event; taking twenty thousand of them a second would cost
more than the training can spare. So a watch is taken off at its first event, the reader polls while things
move, and the watch is armed again when they are quiet. Where events do not reach (network folders) or ran out
(ENOSPC, EMFILE), polling alone is left: a hint is lost, never a change.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

BUSY_POLL_S = 0.05
QUIET_POLL_S = 1.0
CALM_AFTER_S = 2.0


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
        self._folders = list(dict.fromkeys(folders))
        self._observer: BaseObserver | None = None
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
        if self._wake.wait(max(0.0, pause)) and not busy:
            self._last_change = time.monotonic()
        self._wake.clear()

    def wake(self) -> None:
        """Wake the reader from another thread."""
        self._wake.set()

    def follow(self, folders: Iterable[Path]) -> None:
        """Watch these folders from now on."""
        self._disarm()
        self._folders = list(dict.fromkeys(folders))
        self._last_change = time.monotonic()

    def close(self) -> None:
        """Stop watching."""
        self._armed = False
        if self._observer is not None:
            self._observer.unschedule_all()
            self._observer.stop()
            self._observer = None

    def _arm(self) -> bool:
        if self._armed or self.problem:
            return False
        try:
            observer = self._observer or self._start()
            handler = self._handler()
            for folder in self._folders:
                if folder.is_dir():
                    # A watch on a link would see changes of the link alone.
                    observer.schedule(handler, os.path.realpath(folder), recursive=False)
        except (OSError, RuntimeError) as error:  # RuntimeError: no thread can be started
            why = error.strerror if isinstance(error, OSError) and error.strerror else error
            self.problem = f"inotify is not available ({why}); polling instead"
            self.close()
            return False
        self._armed = True
        return True

    def _start(self) -> BaseObserver:
        from watchdog.observers import Observer

        # It warns of an event that comes in while a watch is taken off, which is our everyday life.
        logging.getLogger("watchdog").setLevel(logging.CRITICAL)
        observer = Observer()
        observer.daemon = True
        observer.start()
        self._observer = observer
        return observer

    def _handler(self) -> Any:
        from watchdog.events import FileSystemEvent, FileSystemEventHandler

        wake, ignore = self._wake, self._ignore

        class Handler(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:
                if event.event_type in ("opened", "closed_no_write"):
                    return
                if event.is_directory and event.event_type == "modified":
                    return  # comes with every event of a file in it, those that are ignored included
                if os.path.basename(os.fsdecode(event.src_path)) not in ignore:
                    wake.set()

        return Handler()

    def _disarm(self) -> None:
        if self._observer is not None and self._armed:
            self._observer.unschedule_all()
        self._armed = False
