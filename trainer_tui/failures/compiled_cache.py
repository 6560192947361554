"""Compiled rules kept between starts, in the user's cache folder: bytes under a key, or nothing.

Compiling takes most of the time of a start. What is kept is only ever an acceleration: a file that is not
there, broken, cut off, somebody else's or writable by others is as good as none. Files are written beside
and moved into place, so that processes that start at once see a whole file or none.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import stat
import struct
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

_MAGIC = b"trainer-tui rules 1\n"
_LENGTH = struct.Struct("<Q")
_LARGEST = 1 << 28
_KEPT = 4
"""Files of other rules that are kept: projects with rules of their own must not drive each other out."""
_LEFT_BEHIND_S = 3600.0
"""Age after which a file that was never moved into place belongs to a process that died."""


def key_of(parts: Iterable[bytes]) -> str:
    """The name under which what these bytes describe is kept on this kind of machine."""
    digest = hashlib.blake2b(digest_size=20)
    for part in (*parts, platform.machine().encode(), _cpu_features()):
        digest.update(_LENGTH.pack(len(part)) + part)
    return digest.hexdigest()


def folder() -> Path | None:
    """Where the files stand: `$XDG_CACHE_HOME/trainer-tui` or `~/.cache/trainer-tui`; None without a home."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(base):
        return Path(base) / "trainer-tui"
    try:
        return Path.home() / ".cache" / "trainer-tui"
    except RuntimeError:
        return None


def load(key: str, count: int) -> list[bytes] | None:
    """The `count` parts that were saved under the key; None if there are none that can be trusted."""
    where = folder()
    if where is None or not _is_ours(where):
        return None
    try:
        with open(where / _name(key), "rb", opener=_open_plainly) as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode) or not _is_private(state):
                return None
            data = file.read(_LARGEST)
            os.utime(file.fileno())  # the files used last are those that stay
    except OSError:
        return None
    return _parts(data, key, count)


def save(key: str, parts: Sequence[bytes]) -> None:
    """Keep the parts under the key, if that is possible here."""
    where = folder()
    if where is None:
        return
    body = b"".join(_LENGTH.pack(len(part)) + part for part in parts)
    with contextlib.suppress(OSError):
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(where):
            return
        file, name = tempfile.mkstemp(prefix="rules-", suffix=".new", dir=where)
        try:
            with open(file, "wb") as opened:
                opened.write(_MAGIC + _digest(key, body) + body)
            os.replace(name, where / _name(key))
        except OSError:
            os.unlink(name)
            raise
        _tidy(where, key)


def _open_plainly(path: str, flags: int) -> int:
    """Opens no link, and does not wait for somebody at the other end of a pipe."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)


def _name(key: str) -> str:
    return f"rules-{key}.hsdb"


def _digest(key: str, body: bytes) -> bytes:
    return hashlib.blake2b(body, key=key.encode()).digest()


def _parts(data: bytes, key: str, count: int) -> list[bytes] | None:
    """The parts in a file's bytes. The engine itself does not notice every damage, and would crash on it."""
    start = len(_MAGIC) + hashlib.blake2b().digest_size
    body = data[start:]
    if data[:start] != _MAGIC + _digest(key, body):
        return None
    parts: list[bytes] = []
    at = 0
    while at < len(body):
        if len(body) - at < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(body, at)
        at += _LENGTH.size + length
        parts.append(body[at - length : at])
    return parts if len(parts) == count else None


def _is_ours(where: Path) -> bool:
    """True for a folder of ours into which nobody else may put files."""
    try:
        state = where.stat()
    except OSError:
        return False
    return stat.S_ISDIR(state.st_mode) and _is_private(state)


def _is_private(state: os.stat_result) -> bool:
    return state.st_uid == os.geteuid() and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _tidy(where: Path, key: str) -> None:
    """Removes what was used least lately, and what a process that died has left behind."""
    ages: list[tuple[float, Path]] = []
    now = (where / _name(key)).stat().st_mtime
    for path in where.glob("rules-*"):
        with contextlib.suppress(OSError):  # another process may just have removed or moved it
            changed = path.stat().st_mtime
            if path.suffix == ".hsdb" and path.name != _name(key):
                ages.append((changed, path))
            elif path.suffix == ".new" and now - changed > _LEFT_BEHIND_S:
                path.unlink()
    for _, path in sorted(ages, reverse=True)[_KEPT:]:
        with contextlib.suppress(OSError):
            path.unlink()


def _cpu_features() -> bytes:
    """The instructions of this CPU, as Linux lists them: code that was built for others could not run."""
    try:
        with open("/proc/cpuinfo", "rb") as file:
            head = file.read(16_384)
    except OSError:
        return platform.processor().encode()
    return next(
        (line.partition(b":")[2] for line in head.splitlines() if line.startswith((b"flags", b"Features"))),
        b"",
    )
