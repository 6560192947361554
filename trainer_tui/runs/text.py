"""Making foreign bytes safe to show: logs, names and histories may hold anything, escape sequences too."""

from __future__ import annotations

import re

SEQUENCES = re.compile(
    r"\x1b(?:"
    r"\[[0-?]{0,64}[ -/]{0,8}[@-~]"  # CSI
    r"|[\]PX^_][^\x07\x1b]{0,4096}(?:\x07|\x1b\\|$)"  # OSC, DCS, SOS, PM, APC
    r"|[ -/]{0,8}[0-~]"  # two- and three-character sequences
    r")?"
    r"|\x9b[0-?]{0,64}[ -/]{0,8}[@-~]"
)
"""Terminal control sequences (ECMA-48), bounded, so that an unterminated one costs no more than itself."""

_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0))) | {0x09: "    "}
_BIDI = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C))
_LINE_ENDS = {0x2028: " ", 0x2029: " "}
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
"""What stands for a byte of a name that is not UTF-8; a terminal cannot be sent one."""

HARMLESS = _CONTROLS | _BIDI | _LINE_ENDS | _SURROGATES
"""For `str.translate`: what is left of controls and direction overrides once sequences are out."""


ESCAPED = {number: f"\\u{number:04x}" for number in (*range(0x7F, 0xA0), *_BIDI, *_LINE_ENDS)}
"""For `str.translate` of JSON, which escapes only the controls below a space: the text stays the same."""


def clean(text: str, limit: int = 4096) -> str:
    """`text` as one line of at most `limit` characters, without control sequences or direction overrides."""
    text = text[: limit * 4]
    if not text.isascii() or not text.isprintable():
        text = SEQUENCES.sub("", text).translate(HARMLESS)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def clean_lines(text: str, limit: int = 4096) -> str:
    """`clean` for each line of a longer text."""
    return "\n".join(clean(line, limit) for line in text.split("\n"))


def last_frame(line: bytes) -> bytes:
    """What a terminal would show of a line with carriage returns: its last frame (progress bars)."""
    if b"\r" not in line:
        return line
    frames = line.rstrip(b"\r").rsplit(b"\r", 1)
    return frames[-1]


def shown(line: bytes, limit: int = 4096) -> str:
    """A log line as it can be put on a screen."""
    return clean(last_frame(line)[: limit * 8].decode("utf-8", "replace"), limit)


def masked(url: str) -> str:
    """What of an address is no secret: the kind of service it leads to."""
    return f"{clean(url.partition('://')[0], 30)}://…"
