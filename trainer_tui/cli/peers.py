"""Whose process is at the other end of a connection within this machine, by `/proc/net/tcp` of Linux."""

from __future__ import annotations

import ipaddress
import os
import sys
from typing import Literal

Stranger = Literal["no", "yes", "unknown"]

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_ESTABLISHED = "01"
"""In any other state its process has let go of it, and the kernel says root in place of the owner."""

_MAPPED = b"\0" * 10 + b"\xff\xff"
"""What stands before an IPv4 address in an IPv6 socket."""

Address = tuple[str, int]


def is_stranger(peer: Address, own: Address, user: int | None = None) -> Stranger:
    """Whether another account than ours (or root) is connected from `peer` to `own`.

    `unknown`: from another machine, or no table tells.
    """
    found = owner_of(peer, own)
    if found is None:
        return "unknown"
    return "no" if found in (0, os.geteuid() if user is None else user) else "yes"


def owner_of(peer: Address, own: Address) -> int | None:
    """The account whose process holds the other end; -1: nobody does any more, None: that is not told."""
    ends = _bytes(peer[0]), _bytes(own[0])
    if None in ends or not ipaddress.ip_address(peer[0].partition("%")[0]).is_loopback:
        return None
    wanted = (*ends, peer[1], own[1])
    readable = False
    for table in _TABLES:
        try:
            with open(table, encoding="ascii") as file:
                lines = file.readlines()[1:]
        except OSError:
            continue
        readable = True
        for line in lines:
            words = line.split()
            if _ends(words[1], words[2]) == wanted and words[3] == _ESTABLISHED:
                return int(words[7])
    return -1 if readable else None


def _ends(local: str, remote: str) -> tuple[bytes, bytes, int, int]:
    (one, port), (other, other_port) = local.split(":"), remote.split(":")
    return _words(one), _words(other), int(port, 16), int(other_port, 16)


def _words(text: str) -> bytes:
    """An address, which the kernel prints in words of four bytes of its own order."""
    raw = bytes.fromhex(text)
    if sys.byteorder == "little":
        raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    return raw if len(raw) == 16 else _MAPPED + raw


def _bytes(address: str) -> bytes | None:
    try:
        packed = ipaddress.ip_address(address.partition("%")[0]).packed
    except ValueError:
        return None
    return packed if len(packed) == 16 else _MAPPED + packed
