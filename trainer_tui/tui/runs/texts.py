"""The sentences of the Runs screen: how many runs there are, which are meant, why there is none."""

from __future__ import annotations

from collections.abc import Sequence

from trainer_tui.runs.catalog.summary import RunSummary
from trainer_tui.tui.headlines import Piece
from trainer_tui.tui.runs.reader import RunsPicture
from trainer_tui.tui.runs.rows import run_text

_SHOWN_NAMES = 6
"""Runs that a question names before it counts."""


def summary_line(picture: RunsPicture, marked: int) -> list[Piece]:
    """How many runs, how many of them live or failed, and what is still being read."""
    shown = f"{len(picture.rows):,} of {picture.total:,}" if picture.wish.words else f"{picture.total:,}"
    pieces: list[Piece] = [
        (f" {shown} run{'' if picture.total == 1 else 's'}  ", "plain"),
        (f"{picture.living:,} living  {picture.failed:,} failed", "dim"),
    ]
    if marked:
        pieces.append((f"  ◆ {marked} marked", "warning"))
    if picture.unread:
        pieces.append((f"  reading {picture.unread:,} more …", "dim"))
    if picture.problem:
        pieces.append((f"  ▲ {picture.problem}", "bad"))
    return pieces


def names_text(runs: Sequence[RunSummary]) -> str:
    """`model_3 #7 full, model_3 #8 full and 12 more`."""
    names = ", ".join(run_text(run, 60) for run in runs[:_SHOWN_NAMES])
    return names if len(runs) <= _SHOWN_NAMES else f"{names} and {len(runs) - _SHOWN_NAMES} more"


def why_empty(picture: RunsPicture) -> str:
    """What stands where no row does."""
    if picture.problem:
        return picture.problem
    if picture.wish.words and picture.total:
        return "no run has all of these words; esc shows all"
    return "no run yet"
