"""Giving back what the allocator holds unused: columns that grow and tables that are compiled leave holes."""

from __future__ import annotations

import ctypes

EVERY_S = 60.0
"""What lives for days gives back so often."""


def give_back_memory() -> None:
    """Let the system have what the allocator holds unused; where there is no such call nothing happens."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc
    if trim is not None:
        trim(0)
