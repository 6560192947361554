"""What a target of the fuzzer is, and what targets share: a scratch folder, pieces, and claims."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

SMALL, LARGE = 4 << 10, 64 << 10


@dataclass(frozen=True, slots=True)
class Target:
    """One way into the product for bytes from outside."""

    name: str
    seeds: Callable[[], Sequence[bytes]]
    """Real files, made by the product or after the documented format."""
    call: Callable[[bytes], object]
    """Takes one input; what it raises beyond `allowed` is a finding, a broken claim too."""
    words: tuple[bytes, ...] = ()
    allowed: tuple[type[Exception], ...] = ()
    """The errors that its documentation names."""
    share: float = 1.0
    """Of all inputs, relative to the others: less for what touches the disk much."""
    most: int = SMALL
    """Bytes of the longest input."""
    limit_s: float = 1.0
    """CPU seconds that one input may take."""


class BrokenError(AssertionError):
    """A claim about a parser that is not true of this input."""


def holds(claim: bool, what: str) -> None:
    """Raise BrokenError unless the claim is true."""
    if not claim:
        raise BrokenError(what)


def pieces(data: bytes, most: int = 6) -> Iterator[bytes]:
    """The bytes in some pieces; the same bytes are always cut at the same places."""
    chance = Random(zlib.crc32(data))
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(most)))
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        yield data[start:end]


def chance_of(data: bytes) -> Random:
    """Chance that is the same for the same bytes."""
    return Random(zlib.crc32(data) ^ 0x5EED)


@cache
def _folder_of(pid: int) -> Path:
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="fuzz-", dir=memory if os.access(memory, os.W_OK) else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def scratch(name: str = "") -> Path:
    """A folder of this process, or a path in it; in memory where the system has such a place."""
    folder = _folder_of(os.getpid())
    return folder / name if name else folder


def file_of(name: str, data: bytes) -> Path:
    """A file with this content in the scratch folder."""
    path = scratch(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def plain_text(text: str, limit: int) -> None:
    """Claim that a terminal may be sent this text: one line, bounded, without controls and overrides."""
    holds(len(text) <= limit, f"{len(text)} characters, {limit} are allowed")
    holds(not any(_is_control(character) for character in text), f"a control is left: {text[:80]!r}")


def _is_control(character: str) -> bool:
    code = ord(character)
    return (
        code < 0x20
        or 0x7F <= code < 0xA0
        or 0x202A <= code < 0x202F
        or 0x2066 <= code < 0x206A
        or code in (0x200E, 0x200F, 0x061C, 0x2028, 0x2029)
        or 0xD800 <= code < 0xE000
    )
