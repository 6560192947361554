"""Colours of a log line: what SGR sequences say is kept, every other control is taken out.

The grammar is that of ECMA-48, section 8.3.117, with the colours of ITU T.416 as terminals write them
(`38;5;n`, `38;2;r;g;b`). Colours do not reach over the end of a line.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from trainer_tui.runs.text import HARMLESS, SEQUENCES

MOST_CHANGES = 2000
"""Changes of colour that are followed in one line; the rest of it keeps the last."""
_MOST_NUMBERS = 32
"""Numbers of one sequence that are read."""

RGB = 1 << 24
"""Added to a colour that is red, green and blue; without it a colour is one of the 256."""


@dataclass(frozen=True, slots=True)
class Sgr:
    """How text looks. None: as the terminal has it."""

    fore: int | None = None
    back: int | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False
    strike: bool = False


PLAIN = Sgr()

Span = tuple[int, int, Sgr]
"""Start, end (characters of the clean text) and look."""

_ON = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike"}
_OFF: dict[int, tuple[str, ...]] = {
    21: ("bold",),
    22: ("bold", "dim"),
    23: ("italic",),
    24: ("underline",),
    27: ("reverse",),
    29: ("strike",),
}


def parse(text: str, limit: int = 4096) -> tuple[str, tuple[Span, ...]]:
    """The text without any control sequence, at most `limit` characters, and where it has which look."""
    text = text[: limit * 8]
    if text.isascii() and text.isprintable():
        return _cut(text, limit), ()
    if "\x1b" not in text and "\x9b" not in text:
        return _cut(text.translate(HARMLESS), limit), ()
    pieces: list[str] = []
    spans: list[Span] = []
    look, at, length, changes = PLAIN, 0, 0, 0
    for match in SEQUENCES.finditer(text):
        piece = text[at : match.start()].translate(HARMLESS)
        at = match.end()
        length = _add(piece, look, pieces, spans, length)
        if length > limit:
            break
        sequence = match.group()
        if sequence.endswith("m") and sequence[:2] == "\x1b[" and changes < MOST_CHANGES:
            look, changes = _changed(look, sequence[2:-1]), changes + 1
    else:
        length = _add(text[at:].translate(HARMLESS), look, pieces, spans, length)
    return _cut("".join(pieces), limit), tuple(spans)


def _add(piece: str, look: Sgr, pieces: list[str], spans: list[Span], length: int) -> int:
    if not piece:
        return length
    pieces.append(piece)
    end = length + len(piece)
    if look != PLAIN:
        if spans and spans[-1][1] == length and spans[-1][2] == look:
            spans[-1] = (spans[-1][0], end, look)
        else:
            spans.append((length, end, look))
    return end


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _changed(look: Sgr, parameters: str) -> Sgr:
    """The look after one sequence; what is not understood changes nothing."""
    words = parameters.replace(":", ";").split(";", _MOST_NUMBERS)[:_MOST_NUMBERS]
    numbers = [int(word) if word.isdecimal() and len(word) < 5 else 0 if not word else -1 for word in words]
    at = 0
    while at < len(numbers):
        code = numbers[at]
        at += 1
        if code == 0:
            look = PLAIN
        elif code in _ON:
            look = replace(look, **{_ON[code]: True})
        elif code in _OFF:
            look = replace(look, **dict.fromkeys(_OFF[code], False))
        elif code in (38, 48):
            colour, at = _colour(numbers, at)
            if colour is not None:
                look = replace(look, fore=colour) if code == 38 else replace(look, back=colour)
        elif code == 39:
            look = replace(look, fore=None)
        elif code == 49:
            look = replace(look, back=None)
        elif 30 <= code <= 37 or 90 <= code <= 97:
            look = replace(look, fore=code - 30 if code < 90 else code - 82)
        elif 40 <= code <= 47 or 100 <= code <= 107:
            look = replace(look, back=code - 40 if code < 100 else code - 92)
    return look


def _colour(numbers: list[int], at: int) -> tuple[int | None, int]:
    """A colour behind 38 or 48, and where the numbers go on; None when it is none."""
    kind = numbers[at] if at < len(numbers) else -1
    if kind == 5:
        value = numbers[at + 1] if at + 1 < len(numbers) else -1
        return (value if 0 <= value < 256 else None), at + 2
    if kind == 2:
        parts = numbers[at + 1 : at + 4]
        fits = len(parts) == 3 and all(0 <= part < 256 for part in parts)
        return (RGB | parts[0] << 16 | parts[1] << 8 | parts[2] if fits else None), at + 4
    return None, at + 1
