"""An archive whose bytes depend on its content alone, with a manifest to hold it against.

Names in order, times and permissions fixed: the same files give the same archive. Files go through in pieces,
so a log of any size costs no memory; of one that still grows, what is there at the start.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

MANIFEST = "manifest.json"
FORMAT = 1

_PIECE = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a ZIP file can name."""


@dataclass(frozen=True, slots=True)
class Item:
    """One file of an archive: a path that is streamed, or bytes."""

    name: str
    content: Path | bytes
    masked: bool = False
    """Whether secrets in it were hidden."""


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
        for piece in _pieces(item.content, size):
            out.write(piece)
            digest.update(piece)
            count += len(piece)
    return Packed(item.name, count, digest.hexdigest(), item.masked)


def _pieces(content: Path | bytes, size: int) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb", buffering=0) as file:
        while size > 0 and (piece := file.read(min(_PIECE, size))):
            size -= len(piece)
            yield piece


def faults_of(path: Path) -> list[str]:
    """What in an archive is not as its manifest says, a sentence each; empty when it is whole.

    Raises OSError when it cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read(MANIFEST))
            known = {each["name"]: each for each in manifest["files"]}
            names = set(archive.namelist()) - {MANIFEST}
            found = [f"{name} is missing" for name in sorted(known.keys() - names)]
            found += [f"{name} is not in the manifest" for name in sorted(names - known.keys())]
            for name in sorted(names & known.keys()):
                if _digest(archive, name) != known[name]["sha256"]:
                    found.append(f"{name} is not what was packed")
            return found
    except (zipfile.BadZipFile, EOFError) as error:
        return [f"{os.path.basename(path)} is damaged: {error}"]
    except (KeyError, TypeError, ValueError):
        return [f"{os.path.basename(path)} has no manifest of ours"]


def _digest(archive: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    try:
        with archive.open(name) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
    except (zipfile.BadZipFile, EOFError, OSError):
        return ""
    except Exception as error:  # zlib.error, which is no OSError
        if type(error).__module__ != "zlib":
            raise
        return ""
    return digest.hexdigest()
