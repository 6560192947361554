"""Lines and points as dots of braille characters: two dots wide and four high a cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer_tui.tui.plotting.traces import Floats, Piece

EMPTY = -1
"""Owner of a cell in which no curve has a dot."""

_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.uint8)
"""The bit of each dot, by row and column in its cell (Unicode, Braille Patterns)."""

DASHES: tuple[tuple[int, int], ...] = ((1, 1), (7, 12), (2, 6), (12, 16))
"""(dots drawn, of so many): solid, dashed, dotted, long dashes."""

DASH_SIGNS = ("──", "╌╌", "┄┄", "━╌")
"""What stands for each of them in the legend."""


@dataclass(frozen=True, slots=True)
class Window:
    """What part of the plane is shown; with a logarithmic axis `bottom` and `top` are decimal logarithms."""

    left: float
    right: float
    bottom: float
    top: float


class Raster:
    """The cells of a plot: `bits` are the dots of each, `owner` is the curve that was drawn there last."""

    def __init__(self, width: int, height: int, window: Window) -> None:
        self.width, self.height, self.window = width, height, window
        self.bits: NDArray[np.uint8] = np.zeros((height, width), dtype=np.uint8)
        self.owner: NDArray[np.int8] = np.full((height, width), EMPTY, dtype=np.int8)

    def draw(self, pieces: list[Piece], owner: int, dash: tuple[int, int] = (1, 1)) -> None:
        """Draw the pieces of one curve over what is there."""
        dots = np.zeros((4 * self.height, 2 * self.width), dtype=bool)
        for piece in pieces:
            x, y = self._to_dots(piece)
            if piece.points or len(x) == 1:
                _set(dots, x, y)
            else:
                _lines(dots, x, y)
        drawn, period = dash
        if drawn < period:
            dots[:, np.arange(dots.shape[1]) % period >= drawn] = False
        cells = dots.reshape(self.height, 4, self.width, 2).transpose(0, 2, 1, 3)
        layer = (cells * _BITS).sum(axis=(2, 3), dtype=np.uint8)
        self.bits |= layer
        self.owner[layer > 0] = owner

    def _to_dots(self, piece: Piece) -> tuple[Floats, Floats]:
        window = self.window
        x = _share(piece.x, window.left, window.right) * (2 * self.width - 1)
        y = (1.0 - _share(piece.y, window.bottom, window.top)) * (4 * self.height - 1)
        return x, y


def _share(values: Floats, low: float, high: float) -> Floats:
    """Where values lie between two others, as 0 to 1; halved, for the span may exceed the largest float."""
    span = high / 2 - low / 2
    with np.errstate(over="ignore", invalid="ignore"):
        return np.clip((values / 2 - low / 2) / (span or 1.0), -1e6, 1e6)


def _set(dots: NDArray[np.bool_], x: Floats, y: Floats) -> None:
    height, width = dots.shape
    inside = (x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5)
    dots[np.rint(y[inside]).astype(np.intp), np.rint(x[inside]).astype(np.intp)] = True


def _lines(dots: NDArray[np.bool_], x: Floats, y: Floats) -> None:
    """Connect the points; what leaves the picture is cut off first: a line costs no more than it shows."""
    height, width = dots.shape
    x0, y0, x1, y1 = x[:-1], y[:-1], x[1:], y[1:]
    dx, dy = x1 - x0, y1 - y0
    # Liang and Barsky, 1984: the part of each line, from `enter` to `leave`, that lies inside.
    enter, leave = np.zeros(len(dx)), np.ones(len(dx))
    for move, room in ((-dx, x0 + 0.49), (dx, width - 0.51 - x0), (-dy, y0 + 0.49), (dy, height - 0.51 - y0)):
        with np.errstate(divide="ignore", invalid="ignore"):
            at = room / move
        enter = np.where(move < 0, np.fmax(enter, at), enter)
        leave = np.where(move > 0, np.fmin(leave, at), leave)
        leave = np.where((move == 0) & (room < 0), -1.0, leave)
    seen = enter <= leave
    x0, y0, dx, dy, enter, leave = (v[seen] for v in (x0, y0, dx, dy, enter, leave))
    share = leave - enter
    steps = np.ceil(np.maximum(np.abs(dx), np.abs(dy)) * share).astype(np.intp) + 1
    line = np.repeat(np.arange(len(steps)), steps)
    number = np.arange(len(line)) - np.repeat(np.cumsum(steps) - steps, steps)
    at = enter[line] + share[line] * number / np.maximum(steps[line] - 1, 1)
    _set(dots, x0[line] + at * dx[line], y0[line] + at * dy[line])
