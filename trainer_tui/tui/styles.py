"""How tones look: one table for every pane, themes with the colours behind it."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content
from textual.theme import Theme

from trainer_tui.tui.pictures import Tone

TONE_STYLES: dict[Tone, str] = {
    "plain": "",
    "dim": "$text-muted",
    "good": "$text-success",
    "warning": "$text-warning bold",
    "bad": "$text-error bold",
    "blind": "$blind bold",
}

VARIABLES = {"blind": "ansi_magenta", "train-line": "ansi_cyan", "val-line": "ansi_yellow"}
"""Colours of ours that a theme may set; these are what the terminal's own palette gives."""

DARK = Theme(
    name="trainer-dark",
    primary="#5AA9E6",
    secondary="#6C8EA8",
    warning="#F2B84B",
    error="#FF6B6B",
    success="#6BD18A",
    accent="#E0A458",
    foreground="#DCE3EA",
    background="#10151B",
    surface="#161C24",
    panel="#1E2731",
    dark=True,
    variables={
        "blind": "#D79BFF",
        "text-muted": "#8896A4",
        "train-line": "#5AC8FA",
        "val-line": "#F2B84B",
        "text-error": "#FF8080",
        "text-success": "#7FDB9B",
        "text-warning": "#F5C66B",
        "border-blurred": "#33414F",
    },
)
LIGHT = Theme(
    name="trainer-light",
    primary="#0B5CAD",
    secondary="#4A6A85",
    warning="#8A5A00",
    error="#B3261E",
    success="#1B6E36",
    accent="#8A4B00",
    foreground="#1B232B",
    background="#FBFBF8",
    surface="#F3F3EE",
    panel="#E7E8E2",
    dark=False,
    variables={
        "blind": "#7A1FA2",
        "text-muted": "#5E6B76",
        "train-line": "#0B5CAD",
        "val-line": "#B35C00",
        "text-error": "#B3261E",
        "text-success": "#1B6E36",
        "text-warning": "#8A5A00",
        "border-blurred": "#B9BDB5",
    },
)


def styled(pieces: Iterable[tuple[str, Tone]]) -> Content:
    """Pieces as content; no markup is read in them."""
    return Content.assemble(*((text, TONE_STYLES[tone]) for text, tone in pieces))


def lines(rows: Iterable[Iterable[tuple[str, Tone]]]) -> Content:
    """One line a row."""
    return Content("\n").join([styled(row) for row in rows])


def theme_for(environment: dict[str, str]) -> str:
    """The theme to begin with: what the user asked for, else what the terminal can show."""
    if wanted := environment.get("TEXTUAL_THEME"):
        return wanted
    # COLORFGBG is "foreground;background"; 7 and 15 are the light ones (rxvt, konsole and others set it).
    light = environment.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")
    rich = environment.get("COLORTERM") in ("truecolor", "24bit") or "256color" in environment.get("TERM", "")
    if not rich:
        return "ansi-light" if light else "ansi-dark"
    return LIGHT.name if light else DARK.name
