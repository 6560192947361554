"""An archive whose bytes depend on its content alone, with a manifest to hold it against.

Names in order, times and permissions fixed: the same files give the same archive. Files go through in pieces,
so a log of any size costs no memory; of one that still grows, what is there at the start.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from trainer_tui.runs.plain import plain_reader

MANIFEST = "manifest.json"
FORMAT = 1

_PIECE = 1 << 20
_LARGEST_MANIFEST = 64 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a ZIP file can name."""


@dataclass(frozen=True, slots=True)
class Item:
    """One file of an archive: a path that is streamed, or bytes."""

    name: str
    content: Path | bytes
    masked: bool = False
    """Whether secrets in it were hidden."""
    change: Callable[[BinaryIO, int], Iterator[bytes]] | None = None
    """What is made of a path's content: of the open file and how many bytes of it, pieces."""


@dataclass(frozen=True, slots=True)
class Packed:
    """What the manifest says of one file."""

    name: str
    bytes: int
    sha256: str
    masked: bool = False


def pack(target: BinaryIO, items: Iterable[Item], about: dict[str, Any]) -> list[Packed]:
    """Write an archive with its manifest last; `about` goes into the manifest.

    Raises OSError when a file cannot be read or the archive cannot be written.
    """
    packed = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for item in sorted(items, key=lambda item: item.name):
            packed.append(_put(archive, item))
        manifest = {"format": FORMAT, **about, "files": [asdict(each) for each in packed]}
        text = json.dumps(manifest, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        _put(archive, Item(MANIFEST, text.encode("utf-8", "surrogateescape")))
    return packed


def _put(archive: zipfile.ZipFile, item: Item) -> Packed:
    info = zipfile.ZipInfo(item.name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 3
    info.external_attr = 0o100644 << 16
    digest, count = hashlib.sha256(), 0
    size = len(item.content) if isinstance(item.content, bytes) else item.content.stat().st_size
    info.file_size = size
    with archive.open(info, "w") as out:
        for piece in _pieces(item, size):
            out.write(piece)
            digest.update(piece)
            count += len(piece)
    return Packed(item.name, count, digest.hexdigest(), item.masked)


def _pieces(item: Item, size: int) -> Iterator[bytes]:
    content, change = item.content, item.change
    if isinstance(content, bytes):
        yield content
        return
    with plain_reader(content, within=content.parent) as file:
        if change is not None:
            yield from change(file, size)
            return
        while size > 0 and (piece := file.read(min(_PIECE, size))):
            size -= len(piece)
            yield piece


def faults_of(path: Path) -> list[str]:
    """What in an archive is not as its manifest says, a sentence each; empty when it is whole.

    Raises OSError when it cannot be read.
    """
    try:
        with plain_reader(path) as file, zipfile.ZipFile(file) as archive:
            found = list(_foreign(archive.infolist(), os.fstat(file.fileno()).st_size))
            if found:
                return found
            manifest = json.loads(_bounded(archive, MANIFEST))
            known = {str(each["name"]): each for each in manifest["files"]}
            names = set(archive.namelist()) - {MANIFEST}
            found = [f"{name} is missing" for name in sorted(known.keys() - names)]
            found += [f"{name} is not in the manifest" for name in sorted(names - known.keys())]
            for name in sorted(names & known.keys()):
                if _digest(archive, name) != known[name]["sha256"]:
                    found.append(f"{name} is not what was packed")
            return found
    except (zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError) as error:
        return [f"{os.path.basename(path)} is damaged: {error}"]
    except (KeyError, TypeError, ValueError, RecursionError, NotImplementedError, RuntimeError):
        return [f"{os.path.basename(path)} has no manifest of ours"]


def _foreign(entries: list[zipfile.ZipInfo], size: int) -> Iterator[str]:
    """What none of our archives has, however it is packed."""
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        parts = name.split("/")
        mode = entry.external_attr >> 16
        strange = name != entry.orig_filename or "\\" in name or ":" in parts[0]
        if strange or not {"", ".", ".."}.isdisjoint(parts):
            yield f"{name!r} leads out of the archive, or is no name for a file in one"
        elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            yield f"{name!r} is no plain file"
        elif name in seen:
            yield f"{name!r} is in it twice"
        seen.add(name)
    if sum(entry.compress_size for entry in entries) > size:
        yield "its files overlap: it would unpack to far more than it can hold"


def _bounded(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as file:
        data = file.read(_LARGEST_MANIFEST + 1)
    if len(data) > _LARGEST_MANIFEST:
        raise ValueError("too large for a manifest")
    return data


def _digest(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    try:
        with archive.open(name) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
    except (zipfile.BadZipFile, EOFError, OSError, zlib.error, lzma.LZMAError):
        return ""
    return digest.hexdigest()
