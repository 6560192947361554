"""Where the bytes of a log come from: a file, standard input, a compressed file (by its first bytes)."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sys
import zlib
from collections.abc import Callable
from typing import Protocol

_OPENERS: tuple[tuple[bytes, str, Callable[[io.BufferedReader], Readable]], ...]
BROKEN = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)
"""What reading a compressed file that is cut off or damaged raises."""
STANDARD_INPUT = "-"


class Readable(Protocol):
    """Something with bytes in it."""

    def read(self, size: int = -1, /) -> bytes:
        """At most so many bytes; none at the end."""
        ...


class UnknownCompressionError(Exception):
    """A compressed file that this Python cannot read: what to do about it."""


def open_log(file: str) -> io.BufferedReader:
    """The raw bytes of a file or of standard input. Raises OSError."""
    if file == STANDARD_INPUT:
        return open(sys.stdin.fileno(), "rb", closefd=False)
    return open(file, "rb")


def unpacked(raw: io.BufferedReader, file: str) -> Readable:
    """What is in the file: itself, or what was compressed into it.

    Raises UnknownCompressionError for zstd where this Python has no reader for it.
    """
    head = raw.peek(6)[:6] if not os.isatty(raw.fileno()) else b""
    for magic, name, opener in _OPENERS:
        if head.startswith(magic):
            try:
                return opener(raw)
            except ImportError:
                raise UnknownCompressionError(
                    f"{file}: it is compressed with {name}, which this Python cannot read: "
                    f"`{name} -dc {file} | trainer-tui scan -`"
                ) from None
    return raw


def _open_zstd(raw: io.BufferedReader) -> Readable:
    from importlib import import_module

    opened: Readable = import_module("compression.zstd").ZstdFile(raw)
    return opened


_OPENERS = (
    (b"\x1f\x8b", "gzip", lambda raw: gzip.GzipFile(fileobj=raw)),
    (b"\xfd7zXZ\x00", "xz", lzma.LZMAFile),
    (b"BZh", "bzip2", bz2.BZ2File),
    (b"\x28\xb5\x2f\xfd", "zstd", _open_zstd),
)
