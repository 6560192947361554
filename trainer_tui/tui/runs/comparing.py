"""Two runs beside each other, as lines for the screen. Pure functions."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from trainer_tui.runs.catalog.compare import Comparison, Difference
from trainer_tui.tui.headlines import Piece
from trainer_tui.tui.pictures import Tone

SECTIONS = ("Result", "Configuration", "Code", "Environment")
"""In the order in which they answer the question."""

_CHANGE = 9
"""Cells for `-40.7 %`."""

_NAME_MOST = 28
_SIDE_MOST = 48
"""So that the eye finds what belongs together on a wide screen."""

_PATCH_TONES: tuple[tuple[str, Tone], ...] = (
    ("+++", "dim"), ("---", "dim"), ("@@", "warning"), ("+", "good"), ("-", "bad"),
)  # fmt: skip
_NOTHING = "alike"


def comparison_lines(comparison: Comparison, width: int) -> tuple[list[list[Piece]], tuple[int, ...]]:
    """The lines at this width, and at which of them each of `SECTIONS` begins."""
    tables = {
        "Result": comparison.result,
        "Configuration": comparison.configuration,
        "Environment": comparison.environment,
    }
    lines: list[list[Piece]] = []
    starts = []
    for title in SECTIONS:
        if lines:
            lines.append([("", "plain")])
        starts.append(len(lines))
        if title == "Code":
            lines.append(_heading(title, width))
            lines += _patch(comparison, width)
        else:
            lines += _table(title, tables[title], comparison, width)
    return lines, tuple(starts)


def _heading(title: str, width: int) -> list[Piece]:
    return [(f"── {title} ", "plain"), ("─" * max(0, width - len(title) - 4), "dim")]


def _table(title: str, rows: Sequence[Difference], comparison: Comparison, width: int) -> list[list[Piece]]:
    lines = [_heading(title, width)]
    if not rows:
        return [*lines, [(f"  {_NOTHING}", "dim")]]
    name = min(_NAME_MOST, max(12, *(cell_len(row.name) for row in rows)), width // 3)
    side = max(6, min(_SIDE_MOST, (width - name - _CHANGE - 8) // 2))
    lines.append([_cell("", name), _cell(comparison.left, side, "dim"), _cell(comparison.right, side, "dim")])
    for row in rows:
        if max(cell_len(row.left), cell_len(row.right)) <= side and cell_len(row.name) <= name:
            lines.append(_beside(row, name, side))
        else:
            lines += _stacked(row, width)
    return lines


def _beside(row: Difference, name: int, side: int) -> list[Piece]:
    tone: Tone = "dim" if row.left == row.right else "plain"
    return [
        _cell(row.name, name, "dim"),
        _cell(row.left or "–", side, tone),
        _cell(row.right or "–", side, tone),
        (row.change, "warning"),
    ]


def _stacked(row: Difference, width: int) -> list[list[Piece]]:
    """Long values below each other, whole."""
    lines: list[list[Piece]] = [[(f"  {row.name}  ", "dim"), (row.change, "warning")]]
    if row.left == row.right:
        return [*lines, *_wrapped("  = ", row.left, "dim", width)]
    return [*lines, *_wrapped("  - ", row.left, "bad", width), *_wrapped("  + ", row.right, "good", width)]


def _wrapped(sign: str, text: str, tone: Tone, width: int) -> list[list[Piece]]:
    found = textwrap.wrap(text, max(10, width - 6), break_on_hyphens=False) or ["–"]
    return [[(sign if at == 0 else "    ", tone), (part, "plain")] for at, part in enumerate(found)]


def _patch(comparison: Comparison, width: int) -> list[list[Piece]]:
    lines: list[list[Piece]] = [
        [(line, next((tone for sign, tone in _PATCH_TONES if line.startswith(sign)), "plain"))]
        for line in comparison.patch.splitlines()
    ]
    notes: list[list[Piece]] = [[(f"  {note}", "warning")] for note in comparison.notes]
    return [*lines, *notes] if lines or notes else [[(f"  {_NOTHING}", "dim")]]


def _cell(text: str, width: int, tone: Tone = "plain") -> Piece:
    shown = text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"
    return f"  {set_cell_size(shown, width)}", tone
