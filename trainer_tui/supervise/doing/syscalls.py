"""System calls that a thread can sit in for long: their numbers, and which of them wait for what.

Numbers: `arch/x86/entry/syscalls/syscall_64.tbl` and `include/uapi/asm-generic/unistd.h` of Linux.
"""

from __future__ import annotations

import platform

_X86_64 = {
    0: "read", 1: "write", 2: "open", 7: "poll", 16: "ioctl", 17: "pread64", 18: "pwrite64", 19: "readv",
    20: "writev", 23: "select", 26: "msync", 34: "pause", 35: "nanosleep", 40: "sendfile", 42: "connect",
    43: "accept", 44: "sendto", 45: "recvfrom", 46: "sendmsg", 47: "recvmsg", 56: "clone", 58: "vfork",
    61: "wait4", 65: "semop", 72: "fcntl", 73: "flock", 74: "fsync", 75: "fdatasync", 128: "rt_sigtimedwait",
    130: "rt_sigsuspend", 162: "sync", 202: "futex", 208: "io_getevents", 219: "restart_syscall",
    220: "semtimedop", 230: "clock_nanosleep", 232: "epoll_wait", 247: "waitid", 257: "openat",
    270: "pselect6", 271: "ppoll", 281: "epoll_pwait", 288: "accept4", 299: "recvmmsg",
    326: "copy_file_range",
}  # fmt: skip

_ARM64 = {
    4: "io_getevents", 22: "epoll_pwait", 25: "fcntl", 29: "ioctl", 32: "flock", 56: "openat", 63: "read",
    64: "write", 65: "readv", 66: "writev", 67: "pread64", 68: "pwrite64", 71: "sendfile", 72: "pselect6",
    73: "ppoll", 81: "sync", 82: "fsync", 83: "fdatasync", 95: "waitid", 98: "futex", 101: "nanosleep",
    115: "clock_nanosleep", 128: "restart_syscall", 133: "rt_sigsuspend", 137: "rt_sigtimedwait",
    192: "semtimedop", 193: "semop", 202: "accept", 203: "connect", 206: "sendto", 207: "recvfrom",
    211: "sendmsg", 212: "recvmsg", 220: "clone", 227: "msync", 242: "accept4", 243: "recvmmsg", 260: "wait4",
    285: "copy_file_range",
}  # fmt: skip

_COMMON = {426: "io_uring_enter", 435: "clone3", 441: "epoll_pwait2", 449: "futex_waitv", 455: "futex_wait"}

_NAMES = {"x86_64": {**_X86_64, **_COMMON}, "aarch64": {**_ARM64, **_COMMON}}

FIRST_IS_FD = frozenset(
    (
        *("read", "write", "pread64", "pwrite64", "readv", "writev", "ioctl", "sendfile", "copy_file_range"),
        *("connect", "accept", "accept4", "sendto", "recvfrom", "sendmsg", "recvmsg", "recvmmsg"),
        *("fcntl", "flock", "fsync", "fdatasync"),
    )
)
"""Calls whose first argument is the descriptor they wait on."""

POLLS = frozenset(("poll", "ppoll"))
SELECTS = frozenset(("select", "pselect6"))
EPOLLS = frozenset(("epoll_wait", "epoll_pwait", "epoll_pwait2"))
FUTEXES = frozenset(("futex", "futex_wait", "futex_waitv"))
SLEEPS = frozenset(("nanosleep", "clock_nanosleep"))
SPAWNS = frozenset(("clone", "clone3", "vfork"))
"""They wait, in state D, until the child has begun to run its program."""

CHILD_WAITS = frozenset(("wait4", "waitid")) | SPAWNS
FLUSHES = frozenset(("fsync", "fdatasync", "sync", "msync"))
FILE_LOCKS = frozenset(("flock", "fcntl"))


def syscall_name(number: int, machine: str = "") -> str:
    """The name of a system call on this machine; `syscall N` for those not in the table."""
    names = _NAMES.get(machine or platform.machine(), {})
    return names.get(number, f"syscall {number}")
