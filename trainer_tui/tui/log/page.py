"""What the Log screen shows at one moment: made by a thread of its own, drawn by the screen's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from trainer_tui.tui.log.rows import Row


@dataclass(frozen=True, slots=True)
class SearchState:
    """How far a search is."""

    text: str
    regex: bool = False
    total: int = 0
    number: int | None = None
    """Which match the cursor is on, from 1."""
    done: float = 1.0
    """Which part of the log was searched."""
    filtered: bool = False
    """Whether only the matching lines are shown."""


@dataclass(frozen=True, slots=True)
class Detail:
    """One line in full."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """The rows in sight, and where they are."""

    rows: tuple[Row, ...] = ()
    cursor: int = -1
    """Start of the line that keys act on."""
    selected: tuple[int, int] | None = None
    """First and last line (their starts) of the selection."""
    marks: frozenset[int] = frozenset()
    """Lines in sight at which an incident was seen."""
    following: bool = True
    wrap: bool = False
    fold: bool = True
    search: SearchState | None = None
    line: int | None = None
    """Number of the cursor's line, from 0; None while it is not indexed."""
    lines: int | None = None
    """Lines there are; None while they are not all counted."""
    indexed: float = 1.0
    offset: int = 0
    size: int = 0
    detail: Detail | None = None
    waiting: str = ""
    """Why there is nothing to show."""


@dataclass(frozen=True, slots=True)
class Said:
    """Something to tell once, or to put on the clipboard."""

    text: str
    severity: Literal["information", "warning", "error"] = "information"
    clipboard: str | None = field(default=None)
