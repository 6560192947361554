"""How tones look: one table for every pane; `themes` has the colours behind it."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

from trainer_tui.tui.pictures import Tone

TONE_STYLES: dict[Tone, str] = {
    "plain": "",
    "dim": "$text-muted",
    "good": "$text-success",
    "warning": "$text-warning bold",
    "bad": "$text-error bold",
    "blind": "$blind bold",
}


def styled(pieces: Iterable[tuple[str, Tone]]) -> Content:
    """Pieces as content; no markup is read in them."""
    return Content.assemble(*((text, TONE_STYLES[tone]) for text, tone in pieces))


def lines(rows: Iterable[Iterable[tuple[str, Tone]]]) -> Content:
    """One line a row."""
    return Content("\n").join([styled(row) for row in rows])
