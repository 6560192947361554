"""The themes of the dashboard, and which of them to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.theme import Theme

from trainer_tui.runs.plain import LARGEST_DOCUMENT, read_plain

if TYPE_CHECKING:
    from textual.app import App

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
        "text-muted": "#5A6671",
        "train-line": "#0B5CAD",
        "val-line": "#B35C00",
        "text-error": "#B3261E",
        "text-success": "#1B6E36",
        "text-warning": "#8A5A00",
        "border-blurred": "#B9BDB5",
    },
)
CONTRAST = Theme(
    name="trainer-contrast",
    primary="#7FC8FF",
    secondary="#B9D8EE",
    warning="#FFD75F",
    error="#FF9A9A",
    success="#8CFFAC",
    accent="#FFC77A",
    foreground="#FFFFFF",
    background="#000000",
    surface="#000000",
    panel="#202020",
    dark=True,
    variables={
        "blind": "#EBC4FF",
        "text-muted": "#D0D0D0",
        "train-line": "#7FE0FF",
        "val-line": "#FFD75F",
        "text-error": "#FFB0B0",
        "text-success": "#A8FFC0",
        "text-warning": "#FFE28A",
        "border-blurred": "#A0A0A0",
    },
)
CONTRAST_LIGHT = Theme(
    name="trainer-contrast-light",
    primary="#003C80",
    secondary="#1E3A50",
    warning="#5A3A00",
    error="#8A0000",
    success="#004D1A",
    accent="#5C3000",
    foreground="#000000",
    background="#FFFFFF",
    surface="#FFFFFF",
    panel="#E4E4E4",
    dark=False,
    variables={
        "blind": "#55006E",
        "text-muted": "#303030",
        "train-line": "#003C80",
        "val-line": "#8A3A00",
        "text-error": "#8A0000",
        "text-success": "#004D1A",
        "text-warning": "#5A3A00",
        "border-blurred": "#505050",
    },
)
OURS: tuple[Theme, ...] = (DARK, LIGHT, CONTRAST, CONTRAST_LIGHT)


@dataclass(frozen=True, slots=True)
class Choice:
    """One theme that can be chosen."""

    setting: str
    """What `[screen] theme` calls it."""
    theme: str
    label: str


CHOICES: tuple[Choice, ...] = (
    Choice("dark", DARK.name, "dark"),
    Choice("light", LIGHT.name, "light"),
    Choice("contrast", CONTRAST.name, "high contrast, dark"),
    Choice("contrast-light", CONTRAST_LIGHT.name, "high contrast, light"),
    Choice("16", "ansi-dark", "the terminal's own 16 colours, dark"),
    Choice("16-light", "ansi-light", "the terminal's own 16 colours, light"),
)


def theme_for(environment: Mapping[str, str], chosen: str = "", setting: str = "auto") -> str:
    """The theme to begin with: the variable's, the user's last choice, that of the settings, the terminal's.

    `chosen`: the name of a theme; `setting`: what stands in `[screen] theme`. Unknown ones are passed over.
    """
    if wanted := environment.get("TEXTUAL_THEME"):
        return wanted
    by_setting = {choice.setting: choice.theme for choice in CHOICES}
    if chosen in by_setting.values():
        return chosen
    if setting in by_setting:
        return by_setting[setting]
    # COLORFGBG is "foreground;background"; 7 and 15 are the light ones (rxvt, konsole and others set it).
    light = environment.get("COLORFGBG", "").rpartition(";")[2] in ("7", "15")
    rich = environment.get("COLORTERM") in ("truecolor", "24bit") or "256color" in environment.get("TERM", "")
    if not rich:
        return "ansi-light" if light else "ansi-dark"
    return LIGHT.name if light else DARK.name


def theme_setting(root: Path, environment: Mapping[str, str]) -> str:
    """What the settings say of the theme; `auto` where they say nothing, or something unknown.

    Read by itself: who comes back to a run waits for no check of all settings.
    """
    if wanted := environment.get("TRAINER_TUI_SCREEN__THEME"):
        return wanted
    try:
        text = read_plain(root / "trainer.toml", LARGEST_DOCUMENT).decode("utf-8-sig")
        if "screen" not in text:
            return "auto"
        import tomllib  # the first frame waits for it only where there is something to read

        table = tomllib.loads(text).get("screen")
    except (OSError, ValueError, RecursionError):
        return "auto"
    return str(table.get("theme", "auto")) if isinstance(table, dict) else "auto"


def register(app: App[Any]) -> None:
    """Make our themes known to an app."""
    for theme in OURS:
        app.register_theme(theme)


def wear(app: App[Any], name: str) -> None:
    """Use a theme from now on; the dark one, where there is none of this name."""
    first = name if name in app.available_themes else DARK.name
    if app.theme == first:
        # The library took it from TEXTUAL_THEME before our themes were known to it; setting the same name
        # again would change nothing.
        app.theme = LIGHT.name if first != LIGHT.name else DARK.name
    app.theme = first
