"""The kernel's inotify (inotify(7)), one instance for several folders, read without a thread.

Only what changes files is asked for: no event for what is opened and read.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from pathlib import Path

MODIFY, MOVED_FROM, MOVED_TO, CREATE, DELETE = 0x2, 0x40, 0x80, 0x100, 0x200
DELETE_SELF, MOVE_SELF, OVERFLOW, IGNORED = 0x400, 0x800, 0x4000, 0x8000
"""Masks of `linux/inotify.h`."""

CHANGES = MODIFY | MOVED_FROM | MOVED_TO | CREATE | DELETE | DELETE_SELF | MOVE_SELF

LEFT_FREE = 32
"""Instances that must be left for the user's other programs: often there are no more than 128 for a user."""

_EVENT = struct.Struct("iIII")
"""`struct inotify_event`: watch, mask, cookie, length of the name that follows."""

_READ = 64 << 10


class Inotify:
    """An instance with its watches. Raises OSError where there is none to be had, or too few are left."""

    def __init__(self) -> None:
        if not sys.platform.startswith("linux"):
            raise OSError(errno.ENOSYS, "not on this system")
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._watches: list[int] = []
        self.descriptor = self._instance()
        try:
            self._leave_some()
        except OSError:
            os.close(self.descriptor)
            raise

    def watch(self, folder: Path | str) -> None:
        """Have changes in a folder told. Raises OSError."""
        watch = self._libc.inotify_add_watch(self.descriptor, os.fsencode(folder), CHANGES)
        if watch < 0:
            raise _last_error()
        self._watches.append(watch)

    def unwatch(self) -> None:
        """Take every watch off."""
        for watch in self._watches:
            self._libc.inotify_rm_watch(self.descriptor, watch)
        self._watches.clear()

    def read(self) -> list[tuple[int, str]]:
        """(mask, name) of each event that waits; the name is empty where the folder itself is meant."""
        found: list[tuple[int, str]] = []
        while True:
            try:
                data = os.read(self.descriptor, _READ)
            except BlockingIOError:
                return found
            at = 0
            while at < len(data):
                _, mask, _, length = _EVENT.unpack_from(data, at)
                at += _EVENT.size + length
                if not mask & IGNORED:
                    found.append((mask, os.fsdecode(data[at - length : at].rstrip(b"\0"))))

    def close(self) -> None:
        """Give the instance back."""
        os.close(self.descriptor)

    def _instance(self) -> int:
        descriptor = int(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        if descriptor < 0:
            raise _last_error()
        return descriptor

    def _leave_some(self) -> None:
        """Raise OSError where fewer than `LEFT_FREE` more can be made: the kernel tells no number."""
        tried = []
        try:
            for _ in range(LEFT_FREE):
                tried.append(self._instance())
        finally:
            for descriptor in tried:
                os.close(descriptor)


def _last_error() -> OSError:
    number = ctypes.get_errno()
    if number == errno.EMFILE:
        return OSError(number, "too few instances are left for this user")
    return OSError(number, os.strerror(number))
