"""From hostile bytes to plain lines: control sequences out, carriage returns and backspaces made frames.

Everything here works on whole pieces (bytes between two line ends or carriage returns), so that the result
does not depend on how the bytes were cut into blocks.
"""

from __future__ import annotations

import re

PIECE_LIMIT = 65536
"""Bytes kept of one piece; the rest of a longer one is skipped."""
LINE_LIMIT = 1000
"""Characters kept of one line in an excerpt or a message."""

# CSI, then string sequences that end on their line, then what is left. No body crosses a line end.
_ESCAPES = re.compile(
    rb"\x1b\[[0-?]{0,256}[ -/]{0,16}[@-~]"
    rb"|\x1b[\]PX^_][^\x07\x1b\r\n]{0,65536}(?:\x07|\x1b\\)"
    rb"|\x1b[ -/]{0,16}[0-~]?"
)
_BACKSPACES = re.compile(rb"\x08{2,}")
_OVERSTRUCK = re.compile(rb"[^\x08\r\n]\x08")
_DELETED = bytes(code for code in range(32) if code not in (9, 10, 13)) + b"\x7f"
_NOISY = re.compile(rb"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f]")
_CR_BEFORE_LF = re.compile(rb"(?<!\r)\r+\n")  # the look behind: a long run of them is tried once
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def clean(raw: bytes) -> bytes:
    r"""Bytes of complete pieces without control sequences; line ends are `\n`, frames end with `\r`.

    The number of `\n` is that of the input, so that line numbers stay true. A run of backspaces (Keras
    redraws its bar with it) ends a frame as a carriage return does; a single one takes back one character.
    """
    if _NOISY.search(raw):
        if b"\x1b" in raw:
            raw = _ESCAPES.sub(b"", raw)
        if b"\x08" in raw:
            raw = _OVERSTRUCK.sub(b"", _BACKSPACES.sub(b"\r", raw))
        raw = raw.translate(None, _DELETED)
    if b"\r" in raw:
        raw = _CR_BEFORE_LF.sub(b"\n", raw)
    return raw


def to_text(piece: bytes) -> str:
    """A cleaned piece as printable text; bytes that are no UTF-8 become U+FFFD."""
    return _UNPRINTABLE.sub("", piece.decode("utf-8", "replace").replace("\t", "    ")).rstrip()


def shorten(text: str, limit: int = LINE_LIMIT, around: int = 0) -> str:
    """At most `limit` characters of a line, those around the index `around`."""
    if len(text) <= limit:
        return text
    start = min(max(0, around - limit // 3), len(text) - limit)
    return text[start : start + limit]
