r"""Progress bars in logs: frames that `\r` parts, and lines that are nothing but a bar."""

from __future__ import annotations

import re

from trainer_tui.runs.logs.file import RawLine

_LOOK_AT = 512
"""Bytes of a line that are looked at."""

_BAR = re.compile(
    rb"\d{1,3}%\|[^|\n]{0,200}\|"  # tqdm
    rb"|\d+/\d+ \[[=>.#\- ]{4,200}\]|\d+/\d+ [\xe2\x94\x80-\xe2\x95\xbf ]{9,600}"  # Keras, old and new
    rb"|(?:\xe2\x94\x81){4}|(?:\xe2\x96\x88){4}|(?:\xe2\x95\xb8)"  # rich, pip, and blocks of others
    rb"|\[[=#]{3,200}[>.\- ]{0,200}\] {0,4}\d"
    rb"|\[\d\d:\d\d(?::\d\d)?<[^\]\n]{1,40}(?:it|s|B)/(?:s|it)"
)
_DONE = re.compile(rb"100%\||(?<!\d)(\d+)/\1 [\[\xe2]|\[[=#]{3,200}\] {0,4}100%")


def is_bar(line: bytes) -> bool:
    """Whether a line (or frame) is the picture of a progress bar."""
    return _BAR.search(line[:_LOOK_AT]) is not None


def is_done(bar: bytes) -> bool:
    """Whether a bar stands at its end: what follows it is another bar."""
    return _DONE.search(bar[:_LOOK_AT]) is not None


def frames(line: RawLine) -> tuple[bytes, ...]:
    r"""What a line showed one after the other, oldest first; a line without `\r` has one frame.

    Of a line longer than is read, its head and the frames of its end.
    """
    data = line.tail or line.head
    if b"\r" not in data:
        return (line.head,)
    parts = data.rstrip(b"\r").split(b"\r")
    if line.tail:
        parts = parts[1:] or [b""]  # the first one was cut somewhere in its middle
    kept = [part for part in parts if part]
    return tuple(kept) or (b"",)


def newest_frame(line: RawLine) -> bytes:
    """What a terminal would show of the line now."""
    data = line.tail or line.head
    if b"\r" not in data:
        return line.head
    data = data.rstrip(b"\r")
    place = data.rfind(b"\r")
    return data[place + 1 :] if place >= 0 or not line.tail else line.head
