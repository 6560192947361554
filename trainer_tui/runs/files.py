"""Writing without losing: documents are replaced atomically, streams are appended a whole line at a time."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from trainer_tui.runs.plain import (
    FILE_MODE,
    LARGEST_DOCUMENT,
    create_new,
    open_plain,
    plain_reader,
    read_plain,
    temporary_beside,
)

DEEPEST = 50
"""Levels of a document; what walks through deeper ones would use up Python's stack."""

NOT_JSON = (ValueError, RecursionError)
"""What `json.loads` raises for bytes that are no JSON, too deeply nested ones included."""

_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
"""What a file system without `flock` says."""

_PIECE = 16 << 20
"""Bytes of a stream that are taken at once."""


def replace_atomic(path: Path, data: bytes, *, fsync: bool = True, mode: int = FILE_MODE) -> None:
    """Give `path` this content in one step: whoever reads sees the old file or the new one, whole.

    `mode`: who may read it, less what the umask takes away.
    Raises OSError and leaves the old file untouched when the disk is full or the folder cannot be written.
    """
    temporary = temporary_beside(path)
    try:
        descriptor = create_new(temporary, mode)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            if fsync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and str(error.filename) == str(temporary):
            # Nobody asked for that file: it is the folder that is not there, or refuses.
            error.filename, error.filename2 = str(path.parent), None
        raise
    if fsync:
        _sync_folder(path.parent)


def replace_json(path: Path, document: Any, *, fsync: bool = True, mode: int = FILE_MODE) -> None:
    """`replace_atomic` of a JSON document."""
    text = json.dumps(document, indent=2, ensure_ascii=False, default=str)
    replace_atomic(path, text.encode() + b"\n", fsync=fsync, mode=mode)


def parsed(data: bytes) -> Any:
    """`json.loads` of a document of ours. Raises `NOT_JSON`, also for one that is nested too deeply."""
    document = json.loads(data)
    if data.count(b"[") + data.count(b"{") > DEEPEST and is_deep(document):
        raise ValueError(f"nested more than {DEEPEST} levels deep")
    return document


def is_deep(value: Any) -> bool:
    """Whether lists and tables stand more than `DEEPEST` levels deep in a value."""
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list | tuple)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return any(isinstance(inner, dict | list | tuple) for inner in level)


def read_json(path: Path) -> dict[str, Any] | None:
    """The JSON object in `path`; None when it is absent or not (yet) one.

    A link that leads out of its folder is not followed.
    """
    try:
        document = parsed(read_plain(path, LARGEST_DOCUMENT, within=path.parent))
    except (OSError, *NOT_JSON):
        return None
    return document if isinstance(document, dict) else None


class LineAppender:
    """Appends whole lines to one file, and keeps those that the disk refuses until it takes them.

    What a full disk took of a line is taken back. A line that a crash tore in half is closed with a newline
    first, so that it can never swallow the next one. Lines wait in memory, at most `keep` of them; `waiting`
    says how many.
    """

    def __init__(self, path: Path, *, keep: int = 10_000) -> None:
        self.path = path
        self._keep = keep
        self._waiting: list[bytes] = []
        self._torn: bool | None = None
        self.problem: OSError | None = None

    @property
    def waiting(self) -> int:
        """Lines the disk has not taken yet."""
        return len(self._waiting)

    def append(self, line: bytes) -> bool:
        """Append one line (without its newline); False when it has to wait, `problem` says why."""
        self._waiting.append(line)
        del self._waiting[: -self._keep]
        return self.flush()

    def flush(self) -> bool:
        """Write what waits, in order; False when some still has to."""
        if not self._waiting:
            return True
        try:
            descriptor = open_plain(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW)
            try:
                self._write_waiting(descriptor)
            finally:
                os.close(descriptor)
        except OSError as problem:
            self.problem = problem
            return False
        self.problem = None
        return True

    def _write_waiting(self, descriptor: int) -> None:
        if self._torn is None or self._torn:
            self._torn = not _ends_with_newline(descriptor)
        while self._waiting:
            line = (b"\n" if self._torn else b"") + self._waiting[0] + b"\n"
            written = os.write(descriptor, line)
            if written < len(line):
                self._torn = not _take_back(descriptor, written) or self._torn
                raise OSError(errno.ENOSPC, "no space left on device", str(self.path))
            self._torn = False
            self._waiting.pop(0)


def _take_back(descriptor: int, count: int) -> bool:
    """Cut off the `count` bytes just written; False when they are not the last ones any more or have to stay.

    Half a row of a table would otherwise be read as a row, and a request that lacks nothing but its newline
    would be obeyed as soon as somebody writes the next one.
    """
    end = os.lseek(descriptor, 0, os.SEEK_CUR)
    if os.fstat(descriptor).st_size != end:
        return False  # another process has appended meanwhile
    try:
        os.ftruncate(descriptor, end - count)
    except OSError:
        return False
    return True


def _ends_with_newline(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"


def complete_lines(data: bytes) -> tuple[list[bytes], int]:
    """The complete lines of `data` without their newlines, and how many bytes they take up."""
    end = data.rfind(b"\n") + 1
    return data[:end].split(b"\n")[:-1], end


def read_records(path: Path) -> list[dict[str, Any]]:
    """Every JSON object of a JSON-lines file, none where there is no such file; torn and foreign lines are
    passed over.

    Raises OSError when it cannot be read: who took that for an empty file would begin anew.
    """
    try:
        data = read_plain(path, within=path.parent)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return list(parse_records(complete_lines(data)[0]))


def read_new_lines(path: Path, offset: int) -> tuple[list[bytes], int]:
    """The complete lines from `offset` on, as far as one piece reaches, and how many bytes they take up.

    Raises OSError, FileNotFoundError before there is a file.
    """
    with plain_reader(path, within=path.parent) as file:
        file.seek(offset)
        data = file.read(_PIECE)
    lines, used = complete_lines(data)
    if not used and len(data) == _PIECE:
        return [], len(data)  # no line of ours is that long
    return lines, used


def parse_records(lines: list[bytes]) -> Iterator[dict[str, Any]]:
    """The JSON objects among `lines`."""
    for line in lines:
        try:
            record = parsed(line)
        except NOT_JSON:
            continue
        if isinstance(record, dict):
            yield record


def try_lock(path: Path) -> int | None:
    """A descriptor that holds an exclusive lock on `path`, or None when somebody else holds it.

    The lock belongs to the open file: whoever inherits the descriptor keeps it, and the kernel drops it with
    the last holder, however that one dies. Raises OSError, also where the file system has no locks.
    """
    descriptor = open_plain(path, os.O_RDWR | os.O_CREAT)
    try:
        for _ in range(10):
            if _lock_now(descriptor, fcntl.LOCK_EX):
                return descriptor
            time.sleep(0.01)  # `is_locked` of an onlooker holds the lock for a moment
    except OSError as error:
        os.close(descriptor)
        if error.errno in _NO_LOCKS:
            why = "this file system has no locks, and without them two supervisors could start one run twice"
            raise OSError(error.errno, why, str(path)) from error
        raise
    os.close(descriptor)
    return None


def _lock_now(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_locked(path: Path) -> bool | None:
    """Whether some process holds the lock on `path`; None where the file system cannot tell."""
    try:
        descriptor = open_plain(path)
    except FileNotFoundError:
        return False
    except OSError:
        return None
    try:
        # A shared lock is refused by a holder, and two observers at once do not refuse each other.
        return not _lock_now(descriptor, fcntl.LOCK_SH)
    except OSError:
        return None
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """Hold the lock on `path`, waiting for it; where the file system has no locks, go on without.

    Yields a descriptor of the file, open for reading and writing.
    """
    descriptor = open_plain(path, os.O_RDWR | os.O_CREAT)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    # Not every folder can be opened and not every file system can sync one; the rename itself has happened.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
