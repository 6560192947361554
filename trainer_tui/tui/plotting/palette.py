"""The colours of curves, for every kind of theme; dashes and letters say the same without them."""

from __future__ import annotations

from collections.abc import Mapping

from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.style import Style

_DARK = ("#6BD18A", "#FF8FB1", "#B79CFF", "#FF9E64", "#E5E06C", "#8FA8FF")
_LIGHT = ("#1B6E36", "#A3195B", "#6A2FB5", "#B33A00", "#6B6400", "#00606B")
_ANSI = ("green", "magenta", "blue", "red", "bright_cyan", "bright_yellow")

_FAINT = 0.42
"""How much of its colour a curve keeps behind its moving average."""


def curve_colours(variables: Mapping[str, str], dark: bool) -> list[str]:
    """The colour of each curve in turn, as style sheets name it; the first are train and validation."""
    first = [variables["train-line"], variables["val-line"]]
    plain = any(name.startswith("ansi_") for name in first)
    return [*first, *([f"ansi_{name}" for name in _ANSI] if plain else _DARK if dark else _LIGHT)]


def curve_styles(variables: Mapping[str, str], dark: bool) -> list[tuple[Style, Style]]:
    """(style, faint style) of each curve in turn."""
    names = [name.removeprefix("ansi_") for name in curve_colours(variables, dark)]
    background = variables.get("background", "")
    return [(Style(color=name), _faint(name, background)) for name in names]


def _faint(name: str, background: str) -> Style:
    colour = Color.parse(name)
    if colour.triplet is None or not background.startswith("#"):
        return Style(color=name, dim=True)
    behind = Color.parse(background[:7]).triplet or ColorTriplet(0, 0, 0)
    mixed = (round(b + (c - b) * _FAINT) for c, b in zip(colour.triplet, behind, strict=True))
    return Style(color=Color.from_triplet(ColorTriplet(*mixed)))
