"""A log or a diary on its way into a bundle: its secrets hidden, piece by piece, everything else as it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import BinaryIO

from trainer_tui.runs.secrets import masked_text

_PIECE = 1 << 20
_LONGEST_KEY = 64 << 10


def masked_pieces(file: BinaryIO, size: int, known: Collection[str]) -> Iterator[bytes]:
    """The first `size` bytes of a file, cut between lines. `known`: values that are secrets of its run."""
    while size > 0 and (piece := file.read(min(_PIECE, size))):
        size -= len(piece)
        piece += (rest := file.readline(min(_LONGEST_KEY, size)) if size > 0 else b"")
        size -= len(rest)
        if _is_cut(piece) and size > 0:  # a private key goes over many lines
            piece += (rest := file.read(min(_LONGEST_KEY, size)))
            size -= len(rest)
        text = piece.decode("utf-8", "surrogateescape")
        yield masked_text(text, known).encode("utf-8", "surrogateescape")


def _is_cut(piece: bytes) -> bool:
    begin = piece.rfind(b"PRIVATE KEY-----")
    return begin > 0 and b"-----END" not in piece[max(0, begin - 80) :] and len(piece) - begin < _LONGEST_KEY
