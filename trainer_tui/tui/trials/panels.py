"""Small pictures in cells: a title, dots with an axis on the left and one below. Needs numpy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trainer_tui.tui.plotting.frame import y_ticks
from trainer_tui.tui.plotting.raster import Raster, Window
from trainer_tui.tui.plotting.traces import Floats, Piece

Segments = tuple[tuple[str, str], ...]
"""(text, style) pieces of a line.

Styles: tones, `title`, `star`, `best`, those of curves (`s0` …), their faint ones (`f0` …).
"""

STAR, POINT, DOT = "★", "●", "•"
SIGN_STYLES = {STAR: "star", POINT: "s0", DOT: "s1"}
_BLOCKS = "▁▂▃▄▅▆▇█"
LEAST_WIDTH, LEAST_HEIGHT = 16, 5


@dataclass(frozen=True, slots=True)
class Panel:
    """A picture as lines of text."""

    lines: tuple[Segments, ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """Points or lines of one style; later layers lie on top."""

    pieces: tuple[Piece, ...]
    style: str
    dash: tuple[int, int] = (1, 1)


@dataclass(frozen=True, slots=True)
class Plot:
    """What a picture shows."""

    title: str
    told: str
    window: Window
    layers: tuple[Layer, ...]
    x_name: str = ""
    x_ends: tuple[str, str] = ("", "")
    stars: tuple[tuple[float, float], ...] = ()
    """Where a ★ stands."""
    marks: tuple[tuple[float, float], ...] = ()
    """Where a sign stands that is larger than a dot."""
    sign: str = POINT
    bars: tuple[tuple[float, float], ...] = ()
    """(x, share from 0 to 1) of bars in a line of their own below the dots."""


def empty(title: str, why: str, width: int, height: int) -> Panel:
    """A picture that cannot be drawn, with the reason."""
    return Panel((titled(title, "", width), *(((line, "dim"),) for line in _wrapped(why, width, height - 1))))


def drawn(plot: Plot, width: int, height: int) -> Panel:
    """The plot in so many cells."""
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        return empty(plot.title, "no room", width, height)
    rows = height - 2 - bool(plot.bars)
    ticks = y_ticks(plot.window, False, max(3, rows // 2))
    gutter = min(9, max([len(label) for _, label in ticks], default=1))
    raster = Raster(width - gutter - 1, rows, plot.window)
    for number, layer in enumerate(plot.layers):
        raster.draw(list(layer.pieces), number, layer.dash)
    labels = {_row(value, plot.window, rows): label for value, label in ticks}
    signs = {_cell(x, y, plot.window, raster.width, rows): plot.sign for x, y in plot.marks}
    signs |= {_cell(x, y, plot.window, raster.width, rows): STAR for x, y in plot.stars}
    lines = [titled(plot.title, plot.told, width)]
    for row in range(rows):
        label = labels.get(row, "")[:gutter].rjust(gutter)
        axis = "┤" if row in labels else "│"
        lines.append(((label + axis, "dim"), *dots(raster, row, plot.layers, signs)))
    if plot.bars:
        lines.append(((" " * gutter + "│", "dim"), (_bars(plot, raster.width), "s1")))
    lines.append((((" " * gutter + "└" + _ends(plot, raster.width)), "dim"),))
    return Panel(tuple(lines))


def dots(raster: Raster, row: int, layers: Sequence[Layer], signs: Mapping[tuple[int, int], str]) -> Segments:
    """A row of the raster, with signs at some (column, row)."""
    bits, owners = raster.bits[row].tolist(), raster.owner[row].tolist()
    styles = [layers[owner].style if owner >= 0 else "plain" for owner in owners]
    texts = [chr(0x2800 + bit) if bit else " " for bit in bits]
    for (column, at), sign in signs.items():
        if at == row:
            texts[column], styles[column] = sign, SIGN_STYLES[sign]
    found: list[tuple[str, str]] = []
    start = 0
    for end in range(1, len(texts) + 1):
        if end == len(texts) or styles[end] != styles[start]:
            found.append(("".join(texts[start:end]), styles[start]))
            start = end
    return tuple(found)


def titled(title: str, told: str, width: int) -> Segments:
    """The first line of a picture."""
    title = title[:width]
    left = width - len(title) - 2
    if told and left >= 4:
        return (
            (title, "title"),
            ("  ", "plain"),
            (told if len(told) <= left else told[: left - 1] + "…", "dim"),
        )
    return ((title, "title"),)


def _bars(plot: Plot, width: int) -> str:
    cells = [" "] * width
    for x, share in plot.bars:
        column, _ = _cell(x, plot.window.bottom, plot.window, width, 1)
        cells[column] = _BLOCKS[round(7 * max(0.0, min(1.0, share)))]
    return "".join(cells)


def _ends(plot: Plot, width: int) -> str:
    left, right = plot.x_ends
    free = width - len(left) - len(right)
    if free < 2:
        return plot.x_name[:width].center(width)
    name = plot.x_name if len(plot.x_name) <= free - 2 else plot.x_name[: max(0, free - 3)] + "…" * (free > 5)
    return f"{left}{name.center(free)}{right}"


def _row(y: float, window: Window, rows: int) -> int:
    share = (y - window.bottom) / ((window.top - window.bottom) or 1.0)
    return round((1 - share) * (4 * rows - 1)) // 4


def _cell(x: float, y: float, window: Window, columns: int, rows: int) -> tuple[int, int]:
    share = (x - window.left) / ((window.right - window.left) or 1.0)
    column = round(share * (2 * columns - 1)) // 2
    return max(0, min(columns - 1, column)), max(0, min(rows - 1, _row(y, window, rows)))


def _wrapped(text: str, width: int, most: int) -> list[str]:
    from textwrap import wrap

    return wrap(text, max(8, width))[: max(0, most)]


def spread(values: Floats, margin: float = 0.04) -> tuple[float, float]:
    """From where to where an axis goes that shows all of these values."""
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if low == high:
        apart = abs(low) * 0.05 or 0.5
        return low - apart, high + apart
    apart = (high - low) * margin
    return low - apart, high + apart


def points(x: Floats, y: Floats) -> Piece:
    """Points that no line connects."""
    return Piece(x, y, points=True)


def line(*corners: tuple[float, float]) -> Piece:
    """A line through these corners."""
    return Piece(np.array([x for x, _ in corners], float), np.array([y for _, y in corners], float))


def is_wide(values: Floats) -> bool:
    """Whether an axis for these values had better be logarithmic: all positive, two decades or more."""
    return len(values) > 1 and float(values.min()) > 0 and float(values.max()) / float(values.min()) >= 100


def logs(values: Floats) -> Floats:
    """Decimal logarithms of positive values."""
    return np.asarray(np.log10(values), dtype=np.float64)


def figure(value: float) -> str:
    """A number at the end of an axis."""
    return f"{value:.3g}" if math.isfinite(value) else "–"
