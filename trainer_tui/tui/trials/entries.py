"""Lines to read and to go through: some of them open into more."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from trainer_tui.tui.headlines import Piece
from trainer_tui.tui.pictures import Tone


@dataclass(frozen=True, slots=True)
class Entry:
    """One line, a text below it, and what enter shows."""

    head: tuple[Piece, ...] = ()
    text: str = ""
    """Wrapped below the head."""
    tone: Tone = "dim"
    indent: int = 4
    opens: tuple[tuple[Piece, ...], ...] = ()
    """Lines of a screen of its own; empty: there is no more."""
    title: str = ""
    """Of that screen."""


def entry(text: str = "", tone: Tone = "plain") -> Entry:
    """A line of one tone."""
    return Entry(((text, tone),))


def heading(text: str) -> Entry:
    """The name of what follows."""
    return Entry(((f"── {text} ", "plain"), ("─" * 300, "dim")))


@dataclass(frozen=True, slots=True)
class Laid:
    """Entries as lines of one width."""

    lines: tuple[tuple[Piece, ...], ...]
    owners: tuple[int, ...]
    """The entry of each line."""


def laid(entries: Sequence[Entry], width: int) -> Laid:
    """The lines of the entries: heads cut, texts wrapped."""
    lines: list[tuple[Piece, ...]] = []
    owners: list[int] = []
    for number, each in enumerate(entries):
        found = [_cut(each.head, width)] if each.head else []
        room = max(12, width - each.indent)
        found += [((" " * each.indent + line, each.tone),) for line in textwrap.wrap(each.text, room)]
        lines += found
        owners += [number] * len(found)
    return Laid(tuple(lines), tuple(owners))


def _cut(pieces: Sequence[Piece], width: int) -> tuple[Piece, ...]:
    found: list[Piece] = []
    left = width
    for text, tone in pieces:
        if len(text) > left:
            ruler = text[:1] == "─"
            found.append((text[:left] if ruler else text[: max(0, left - 1)] + "…", tone))
            break
        found.append((text, tone))
        left -= len(text)
    return tuple(found)


def bar(share: float, width: int) -> str:
    """A bar of so many cells, its rest light."""
    done = max(0, min(width, round(share * width)))
    return "█" * done + "░" * (width - done)
