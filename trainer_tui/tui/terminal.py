"""The terminal when leaving: restored whatever happens, and never waited for when it is gone."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import termios
import threading
from collections.abc import Callable
from typing import Any

from textual.app import App
from textual.events import Resize
from textual.geometry import Size

PATIENCE_S = 3.0
"""How long the library may take to leave after a signal: its writer can wait for ever on a dead terminal."""

_RESTORE = (
    b"\x1b[?2004l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l"  # paste, mouse
    b"\x1b[?1004l\x1b[?7h\x1b[<u\x1b[?1049l\x1b[?25h\x1b[0m"  # focus, wrapping, keys, screen, cursor
)


_CLOSING_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def on_closing(leave: Callable[[int], object]) -> None:
    """Have `leave(number)` called in the running loop when the terminal closes or somebody ends the process.

    Without this the terminal would be left in its alternate screen, with the mouse reporting.
    """
    loop = asyncio.get_running_loop()
    for number in _CLOSING_SIGNALS:
        try:
            loop.add_signal_handler(number, leave, number)
        except (NotImplementedError, RuntimeError, ValueError):
            break  # not the main thread: whoever runs us there handles the signals


def keep_size(app: App[Any]) -> None:
    """Tell an app its terminal's size where the signal about it was lost, as on a busy machine."""
    if app.is_headless or app.is_web:
        return
    size = Size(*shutil.get_terminal_size())
    if size != app.size:
        app.post_message(Resize(size, size))


class Exit:
    """Ends the process if an orderly leave takes too long. Made before the screen takes the terminal."""

    def __init__(self, save: Callable[[], object]) -> None:
        self._save = save
        self._timer: threading.Timer | None = None
        self._attributes = _attributes()

    def within(self, number: int, seconds: float = PATIENCE_S) -> None:
        """From now on there are so many seconds left to leave after signal `number`."""
        if self._timer is None:
            self._timer = threading.Timer(seconds, self._now, (number,))
            self._timer.daemon = True
            self._timer.start()

    def done(self) -> None:
        """It was left in order."""
        if self._timer is not None:
            self._timer.cancel()

    def _now(self, number: int) -> None:
        try:
            self._save()
            self._restore()
        finally:
            os._exit(128 + number)

    def _restore(self) -> None:
        try:
            terminal = os.open("/dev/tty", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError:
            return  # there is no terminal any more
        try:
            os.write(terminal, _RESTORE)
            if self._attributes is not None:
                termios.tcsetattr(terminal, termios.TCSANOW, self._attributes)
        except (OSError, termios.error):
            return  # it went away just now
        finally:
            os.close(terminal)


def _attributes() -> list[int | list[bytes | int]] | None:
    try:
        return termios.tcgetattr(sys.stdin.fileno())
    except (OSError, ValueError, termios.error):
        return None
