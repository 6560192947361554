"""The program's own standard streams: closed ones, encodings without our signs, readers that leave."""

from __future__ import annotations

import codecs
import os
import sys

from trainer_tui.runs.text import clean_lines

READER_LEFT = 141
"""Exit code when the reader of our output has left (`| head`): that of a program ended by SIGPIPE."""

_PLAIN = {
    "✔": "+",
    "✘": "x",
    "○": "o",
    "●": "*",
    "▲": "!",
    "·": ".",
    "–": "-",
    "—": "--",
    "→": "->",
    "…": "...",
    "×": "x",
}
"""What stands for our signs where the locale has none of them."""


class ReaderGoneError(Exception):
    """Nobody reads our output any more. Nothing is wrong, and nothing more can be said."""


def prepare_streams() -> None:
    """Make the three standard streams usable, whatever we were started with.

    A descriptor that is closed would be given to the next file we open, a lock perhaps, and then be taken
    from it by a child's own standard streams; so closed ones are opened on nothing.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 - it stays open as long as we live
    codecs.register_error("trainer-tui", _replace)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(1 if name == "stdout" else 2, "w", closefd=False))  # noqa: SIM115
        reconfigure = getattr(getattr(sys, name), "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="trainer-tui")


def is_unicode() -> bool:
    """Whether standard output takes every character."""
    return (sys.stdout.encoding or "ascii").lower().replace("-", "").startswith("utf")


def put(text: str) -> None:
    """Write a text to standard output at once. Raises ReaderGoneError when nobody reads it."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise ReaderGoneError from None


def put_bytes(data: bytes) -> None:
    """Write bytes to standard output at once, to a terminal as text without control sequences.

    Raises ReaderGoneError when nobody reads them.
    """
    if sys.stdout.isatty():
        put(clean_lines(data.decode("utf-8", "replace")))
        return
    put("")
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise ReaderGoneError from None


def silence_output() -> None:
    """Send what is left for standard output nowhere: Python would complain of it at its exit."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.close(nothing)


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    """Plain signs for ours, escapes for the rest (a file name that is no text, say)."""
    assert isinstance(error, UnicodeEncodeError)
    escaped = (_PLAIN.get(sign) or _escape(sign) for sign in error.object[error.start : error.end])
    return "".join(escaped), error.end


def _escape(sign: str) -> str:
    return sign.encode("ascii", "backslashreplace").decode("ascii")
