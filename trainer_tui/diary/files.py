"""Changing a document that others change too: one lock, one whole replacement, nothing half-written."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from trainer_tui.runs.plain import FILE_MODE, make_folders

T = TypeVar("T")

LOCK_NAME = ".dev_diary.lock"
LOCK_WAIT_S = 10.0
"""How long a person's writer waits for another before it gives up."""

SHORT_WAIT_S = 0.2
"""How long a supervisor waits: it sees nothing meanwhile, and tries again a second later."""

_POLL_S = 0.01
_ROUNDS = 20
_TEMP_GLOB = ".dev_diary-*.tmp"
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}


def target_of(path: str | os.PathLike[str]) -> Path:
    """The file behind `path`: symbolic links are followed, also to a file that is not there yet."""
    return Path(os.path.realpath(path))


def read_bytes(path: str | os.PathLike[str]) -> bytes | None:
    """The file's content, None if there is no file.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    found = _read(target_of(path))
    return found[0] if found else None


def _read(target: Path) -> tuple[bytes, os.stat_result] | None:
    try:
        # O_NONBLOCK: a named pipe in the diary's place must not hang us.
        fd = os.open(target, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with os.fdopen(fd, "rb") as stream:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "the diary is not a regular file", str(target))
        return stream.read(), status


def _open_lock(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, FILE_MODE)
    except PermissionError:
        # In a shared folder the file may be somebody else's; reading rights are enough to lock it.
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK)


@contextlib.contextmanager
def locked(folder: Path, wait_s: float = LOCK_WAIT_S) -> Iterator[bool]:
    """Holds the folder's diary lock; yields whether the file system really locks.

    The kernel drops the lock with its holder, so that a killed writer never leaves it behind.

    Raises:
        TimeoutError: another process held it for `wait_s` seconds.
    """
    fd = _open_lock(folder / LOCK_NAME)
    try:
        deadline = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                real = True
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise TimeoutError(
                        errno.ETIMEDOUT, "another process holds the diary's lock", str(folder / LOCK_NAME)
                    ) from None
                time.sleep(_POLL_S)
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    raise
                # Some cluster file systems have no locks; the comparison before the rename has to do there.
                real = False
                break
        yield real
    finally:
        os.close(fd)


def _signature(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _now(target: Path) -> tuple[int, int, int, int] | None:
    try:
        return _signature(target.stat())
    except FileNotFoundError:
        return None


def _write_temp(target: Path, data: bytes, old: os.stat_result | None) -> Path:
    temp = target.with_name(f".dev_diary-{uuid4().hex}.tmp")
    fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE)
    try:
        try:
            if old is not None:
                status = os.fstat(fd)
                if (old.st_uid, old.st_gid) != (status.st_uid, status.st_gid):
                    # Only root may give a file away; for everybody else the folder's rules decide.
                    with contextlib.suppress(PermissionError):
                        os.fchown(fd, old.st_uid, old.st_gid)
                os.fchmod(fd, stat.S_IMODE(old.st_mode))
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
            os.fsync(fd)
        finally:
            os.close(fd)
    except BaseException:
        _remove(temp)
        raise
    return temp


def _remove(path: Path) -> None:
    # A temporary file that cannot be removed is swept by the next writer.
    with contextlib.suppress(OSError):
        path.unlink()


def _sync_folder(folder: Path) -> None:
    # The new file is in place already; a file system that cannot sync folders must not make it look lost.
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def update(
    path: str | os.PathLike[str],
    change: Callable[[bytes | None], tuple[bytes | None, T]],
    wait_s: float = LOCK_WAIT_S,
) -> T:
    """Replaces the file's content by what `change` makes of it; returns `change`'s second value.

    `change` gets the bytes on disk (None: no file) and gives new bytes, or None to leave the file alone. It
    is called again when an editor that knows no lock of ours wrote in between. Readers see the old or the new
    file whole, whatever happens; mode and owner stay, the folder is made if it is absent.

    Raises:
        OSError: disk full, no permission, locked by others for `wait_s` seconds; the old file is untouched.
    """
    target = target_of(path)
    make_folders(target.parent)
    with locked(target.parent, wait_s) as real:
        for _ in range(_ROUNDS):
            found = _read(target)
            data, value = change(found[0] if found else None)
            if data is None or (found is not None and data == found[0]):
                return value
            if real:
                # Whoever made these was killed: only the lock's holder makes them.
                for stale in target.parent.glob(_TEMP_GLOB):
                    _remove(stale)
            temp = _write_temp(target, data, found[1] if found else None)
            try:
                if _now(target) != (_signature(found[1]) if found else None):
                    continue
                temp.replace(target)
            finally:
                _remove(temp)
            _sync_folder(target.parent)
            return value
    raise OSError(errno.EBUSY, "the diary kept changing while it was being written", str(target))
