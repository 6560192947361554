"""What a page is made of. Texts are plain: only those who write a format turn them into its markup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tone = Literal["plain", "dim", "good", "warning", "bad"]
"""What a text means; a sign or a word beside it says the same without colour."""


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what they are, e.g. `duration`, `2 h 10 min`."""

    rows: tuple[tuple[str, str], ...]
    code: bool = False
    """Whether the values are to be read letter by letter: commands, paths."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table; cells that are numbers stand to the right."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    """What was left out of it."""


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a list, with the sign that says how it stands."""

    sign: str
    text: str
    tone: Tone = "plain"
    more: str = ""
    """What to do about it."""


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Lines as they stand: an excerpt of a log, a patch."""

    text: str
    kind: Literal["text", "diff"] = "text"


@dataclass(frozen=True, slots=True)
class Prose:
    """Markdown that a person wrote."""

    markdown: str


@dataclass(frozen=True, slots=True)
class Line:
    """One curve, thinned out."""

    name: str
    pieces: tuple[tuple[tuple[float, float], ...], ...]
    """(x, y) of each piece between gaps."""
    first: float | None = None
    last: float | None = None
    best: float | None = None
    best_at: float | None = None
    spark: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """Where in a chart something happened."""

    x: float
    tone: Tone
    label: str
    """The sign that stands at its head, and in the list of incidents."""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """Curves over one axis."""

    title: str
    lines: tuple[Line, ...]
    x_name: str
    x_unit: Literal["number", "seconds"] = "number"
    y_unit: Literal["number", "bytes", "percent"] = "number"
    log: bool = False
    marks: tuple[Mark, ...] = ()
    y_range: tuple[float, float] | None = None
    """Where the axis is to reach from and to; else what the curves need."""
    note: str = ""
    """What cannot be seen in it."""
    judged: bool = True
    """Whether a smaller or larger value is better: of a metric, not of a machine."""


@dataclass(frozen=True, slots=True)
class Group:
    """Blocks with a heading of their own, kept on one printed page where they fit."""

    title: str
    blocks: tuple[Block, ...]
    tone: Tone = "plain"
    sign: str = ""


Block = Text | Facts | Table | Items | Listing | Prose | Chart | Group


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page; those without blocks are left out."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page, its outcome first."""

    title: str
    sign: str
    tone: Tone
    outcome: str
    """`passed`, `nan-loss`, `running`."""
    sentence: str
    as_of: str
    """When it was read, of a watch that is not over; else empty."""
    figures: tuple[tuple[str, str], ...]
    """What the reader wants to know first: label and number."""
    sections: tuple[Section, ...]
    footer: str = ""
