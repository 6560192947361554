"""Opening files that others may have put there: only plain ones, never waiting, never without a bound.

A named pipe, a device or a socket in the place of a run's file would hang whoever opens it; a link could
lead to what is nobody else's business; a sparse file of a terabyte would not fit into memory.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

LARGEST_DOCUMENT = 64 << 20
"""Bytes of a document (`run.json` and its like); those of a run have some kilobytes."""

LARGEST_STREAM = 1 << 30
"""Bytes of a file that is taken as a whole; a year of events has a tenth of it."""

FILE_MODE = 0o664
FOLDER_MODE = 0o775
"""For files and folders that teams may share, less what the umask takes away: never writable by everybody."""

PRIVATE_MODE = 0o600

StrPath = str | os.PathLike[str]


def open_plain(
    path: StrPath, flags: int = os.O_RDONLY, mode: int = FILE_MODE, *, within: Path | None = None
) -> int:
    """A descriptor of a plain file, at once.

    `within`: the folder in which it has to lie, links resolved.
    Raises OSError: ENXIO for what is no plain file, ELOOP for a link that leads out of `within`.
    """
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY, mode)
    try:
        kind = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(kind):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
        if not stat.S_ISREG(kind):
            raise OSError(errno.ENXIO, "it is no plain file", os.fspath(path))
        if within is not None and not _real(descriptor, path).is_relative_to(os.path.realpath(within)):
            raise OSError(errno.ELOOP, "it is a link that leads out of its folder", os.fspath(path))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def plain_reader(path: StrPath, *, within: Path | None = None) -> BinaryIO:
    """A plain file, open for reading bytes. Raises OSError as `open_plain` does."""
    return os.fdopen(open_plain(path, within=within), "rb")


def plainly(path: str, flags: int) -> int:
    """An `opener` for `open()`."""
    return open_plain(path, flags)


def plainly_within(folder: Path) -> Callable[[str, int], int]:
    """An `opener` for `open()` that follows no link out of a folder."""
    return lambda path, flags: open_plain(path, flags, within=folder)


def read_plain(path: StrPath, limit: int = LARGEST_STREAM, *, within: Path | None = None) -> bytes:
    """The content of a plain file of at most `limit` bytes. Raises OSError, EFBIG for a larger one."""
    with plain_reader(path, within=within) as file:
        data = file.read(limit + 1) if os.fstat(file.fileno()).st_size <= limit else None
    if data is None or len(data) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit >> 20} MiB", os.fspath(path))
    return data


def temporary_beside(path: Path) -> Path:
    """A name beside `path` that nobody can have foreseen; to be opened by `create_new`."""
    return path.with_name(f".{path.name[:120]}.{os.getpid()}-{os.urandom(8).hex()}.tmp")


def create_new(path: StrPath, mode: int = FILE_MODE) -> int:
    """A descriptor of a file that was not there, not even as a link. Raises OSError."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)


def make_folders(path: Path) -> None:
    """Make a folder and those above it that are missing. Raises OSError."""
    for folder in reversed([path, *path.parents]):
        if not folder.is_dir():
            with suppress(FileExistsError):
                folder.mkdir(FOLDER_MODE)
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))


def _real(descriptor: int, path: StrPath) -> Path:
    """Where an open file lies; the kernel is asked, so that no link can be changed in between."""
    try:
        found = os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return Path(os.path.realpath(path))
    return Path(found) if found.startswith("/") else Path(os.path.realpath(path))
