"""What is behind the descriptors a thread waits on: whose pipe, which peer, which file, whose lock."""

from __future__ import annotations

import os
import re
import struct
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import pairwise

import psutil

from trainer_tui.supervise.doing import syscalls
from trainer_tui.supervise.doing.kernel import SyscallNow, memory_at, process_now
from trainer_tui.supervise.doing.snapshot import Growth, Handle, HandleKind

MOST_FDS = 16
"""Descriptors of one wait that are resolved."""

MOST_OPEN = 512
"""Open files of one process that are looked through."""

_F_SETLKW, _F_OFD_SETLKW = 7, 38
_WRITE_MODES = 0o3
_LOCK_LINE = re.compile(r"^\d+: (-> )?\w+\s+\w+\s+\w+\s+(-?\d+) [0-9a-f]+:[0-9a-f]+:(\d+) ")


def waited_on(pid: int, call: SyscallNow, family: Iterable[int]) -> tuple[Handle, ...]:
    """What this system call of a process waits on. `family`: the pids among which pipe ends are sought."""
    fds = [fd for fd in _fds(pid, call) if fd >= 0][:MOST_FDS]
    return tuple(found for fd in fds if (found := handle(pid, fd, family, call.name)) is not None)


def handle(pid: int, fd: int, family: Iterable[int], call: str = "") -> Handle | None:
    """What a descriptor of a process is; None when it cannot be seen."""
    try:
        target = os.readlink(f"/proc/{pid}/fd/{fd}")
    except OSError:
        return None
    if target.startswith("socket:"):
        return Handle(fd, "socket", _peer(pid, fd) or target)
    if target.startswith("pipe:"):
        return Handle(fd, "pipe", target, tuple(_other_ends(pid, fd, target, family)))
    kind: HandleKind = "file"
    if target.startswith(("/dev/pts/", "/dev/tty", "/dev/console")):
        kind = "terminal"
    elif not target.startswith("/") or target.startswith("/dev/"):
        kind = "other"
    holders = _lock_holders(pid, fd) if call in syscalls.FILE_LOCKS else []
    return Handle(fd, kind, target, tuple(holders))


Positions = dict[tuple[int, str], tuple[int, bool]]
"""(descriptor, path) → (position, written to)."""


def positions(pid: int) -> Positions:
    """The position in each regular file that a process has open.

    Standard output and error are left out: a chatty log is no progress.
    """
    try:
        fds = sorted(map(int, os.listdir(f"/proc/{pid}/fd")))[:MOST_OPEN]
    except OSError:
        return {}
    logs = {_target(pid, fd) for fd in (1, 2)}
    found: Positions = {}
    for fd in fds:
        path = _target(pid, fd)
        if not path.startswith("/") or path.startswith(("/dev/", "/proc/", "/sys/")) or path in logs:
            continue
        about = _fdinfo(pid, fd)
        if "pos" in about:
            written = int(about.get("flags", "0"), 8) & _WRITE_MODES != 0
            # Its size would need a question to the file system, which may be the one that hangs.
            found[fd, path] = (int(about["pos"]), written)
    return found


def growth(looks: Sequence[Positions]) -> tuple[Growth, ...]:
    """The files that moved on between the looks, the fastest first; one opened for writing began at 0."""
    moved: dict[tuple[int, str], int] = defaultdict(int)
    newest: Positions = {}
    for before, after in pairwise(looks):
        for key, (at, written) in after.items():
            moved[key] += max(0, at - before.get(key, (0 if written else at, written))[0])
        newest |= after
    found = [Growth(path, moved[fd, path], at, written) for (fd, path), (at, written) in newest.items()]
    return tuple(sorted((g for g in found if g.bytes), key=lambda g: -g.bytes)[:8])


def _fds(pid: int, call: SyscallNow) -> list[int]:
    name, arguments = call.name, call.arguments
    if not arguments:
        return []
    if name in syscalls.FIRST_IS_FD:
        if name == "fcntl" and arguments[1] not in (_F_SETLKW, _F_OFD_SETLKW):
            return []
        return [arguments[0] & 0xFFFFFFFF]
    for names, read in _LISTS.items():
        if name in names:
            return read(pid, arguments)
    return []


def _polled(pid: int, arguments: tuple[int, ...]) -> list[int]:
    data = memory_at(pid, arguments[0], 8 * min(arguments[1], MOST_FDS))
    return [entry[0] for entry in struct.iter_unpack("ihh", data[: len(data) // 8 * 8])]


def _selected(pid: int, arguments: tuple[int, ...]) -> list[int]:
    found: set[int] = set()
    for address in arguments[1:3]:
        if address:
            bits = int.from_bytes(memory_at(pid, address, 128), "little")
            found |= {fd for fd in range(min(arguments[0], 1024)) if bits >> fd & 1}
    return sorted(found)


def _epolled(pid: int, arguments: tuple[int, ...]) -> list[int]:
    lines = _read(f"/proc/{pid}/fdinfo/{arguments[0]}").splitlines()
    return [int(line.split()[1]) for line in lines if line.startswith("tfd:")]


_LISTS: dict[frozenset[str], Callable[[int, tuple[int, ...]], list[int]]] = {
    syscalls.POLLS: _polled,
    syscalls.SELECTS: _selected,
    syscalls.EPOLLS: _epolled,
}


def _peer(pid: int, fd: int) -> str:
    """`10.0.0.3:29500`, `listens on …`, a unix socket's path; empty when it is not known."""
    try:
        found = next((c for c in psutil.Process(pid).net_connections("all") if c.fd == fd), None)
    except (psutil.Error, OSError):
        return ""
    if found is None:
        return ""
    if isinstance(found.raddr, str) or isinstance(found.laddr, str):
        return f"unix socket {found.raddr or found.laddr}".strip()
    if found.raddr:
        return f"{found.raddr.ip}:{found.raddr.port}"
    return f"listens on {found.laddr.ip}:{found.laddr.port}" if found.laddr else ""


def _other_ends(pid: int, fd: int, target: str, family: Iterable[int]) -> list[str]:
    """Who writes into a pipe that this process reads from, or the other way round."""
    ours = _mode(pid, fd)
    seek = partial(_has_end, target=target, reading=ours & 1 == 1)
    near = [other for other in family if other != pid and seek(other)]
    if not near:
        mine = os.getuid()
        near = [p for p in _pids_of(mine) if p != pid and seek(p)][:4]
    return [f"{now.pid} ({now.name})" for p in near if (now := process_now(p)) is not None]


def _has_end(pid: int, target: str, reading: bool) -> bool:
    try:
        fds = os.listdir(f"/proc/{pid}/fd")[:MOST_OPEN]
    except OSError:
        return False
    return any(_target(pid, int(fd)) == target and (_mode(pid, int(fd)) & 1 == 0) == reading for fd in fds)


def _pids_of(user: int) -> Iterable[int]:
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == user:
                    yield int(name)
            except OSError:
                continue


def _lock_holders(pid: int, fd: int) -> list[str]:
    """Who holds a lock on the file behind a descriptor."""
    try:
        # Kernels before 5.14 do not tell it; asking the file system may then wait for it.
        inode = int(_fdinfo(pid, fd).get("ino") or os.stat(f"/proc/{pid}/fd/{fd}").st_ino)
    except OSError:
        return []
    found = []
    for line in _read("/proc/locks").splitlines():
        match = _LOCK_LINE.match(line)
        if match is None or match[1] or int(match[3]) != inode or int(match[2]) in (pid, -1):
            continue
        now = process_now(int(match[2]))
        found.append(f"{match[2]} ({now.name})" if now else match[2])
    return found


def _mode(pid: int, fd: int) -> int:
    return int(_fdinfo(pid, fd).get("flags", "0"), 8) & _WRITE_MODES


def _fdinfo(pid: int, fd: int) -> dict[str, str]:
    lines = (line.partition(":") for line in _read(f"/proc/{pid}/fdinfo/{fd}").splitlines())
    return {name: value.strip() for name, _, value in lines}


def _target(pid: int, fd: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/fd/{fd}")
    except OSError:
        return ""


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(256 << 10).decode(errors="replace")
    except OSError:
        return ""
