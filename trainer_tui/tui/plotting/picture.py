"""What the Curves screen asks for and what it gets: plain data that no thread changes any more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer_tui.runs.layout import RunFolder
from trainer_tui.tui.plotting.marks import Mark
from trainer_tui.tui.plotting.raster import Window
from trainer_tui.tui.plotting.traces import Floats, XAxis

MOST_CURVES = 16
"""More at once nobody can tell apart."""

LETTERS = "abcdefghijklmnop"


@dataclass(frozen=True, slots=True)
class View:
    """The part of the plane that the user chose; None: as much as there is."""

    left: float | None = None
    right: float | None = None
    bottom: float | None = None
    top: float | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What to draw."""

    runs: tuple[RunFolder, ...] = ()
    columns: tuple[str, ...] | None = None
    """None: train and validation of the main metric."""
    axis: XAxis = "step"
    log: bool | None = None
    """None: logarithmic where a linear axis would press most of the curves flat."""
    smooth: float = 0.0
    view: View = View()
    width: int = 0
    height: int = 0
    """Cells of the plot itself, without its axes."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One curve of a picture."""

    letter: str
    label: str
    run: str
    """Which run it is of; empty where only one is shown."""
    number: int
    """Which colour and dash it has."""
    last: float | None = None
    """The newest value."""
    x: tuple[float, ...] = ()
    """Of the point nearest to the middle of each column of cells; NaN where there is none."""
    y: tuple[float, ...] = ()
    """The value of that point."""
    raw: tuple[float, ...] = ()
    """The same before smoothing."""
    bad_from: float | None = None
    """The x from which on it is not finite any more."""
    missing: str = ""
    """Why there is no curve."""
    end: tuple[int, int] | None = None
    """(row, column) of the cell where it ends."""


_UNIT = Window(0.0, 1.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class CurvesPicture:
    """The cells of a plot with everything that stands around it."""

    wish: Wish = Wish()
    names: tuple[str, ...] = ()
    """All columns of the shown runs that hold numbers, those of the main metric first."""
    chosen: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    """Columns that belong on one plot."""
    curves: tuple[Drawn, ...] = ()
    bits: NDArray[np.uint8] | None = None
    owner: NDArray[np.int8] | None = None
    """By cell: twice the number of the curve, one more where it is the curve before smoothing; -1: none."""
    window: Window = _UNIT
    extent: tuple[float, float] = (0.0, 1.0)
    """Least and greatest x of the shown curves."""
    x_name: str = "epoch"
    axis: XAxis = "step"
    log: bool = False
    at: tuple[float, ...] = ()
    """The x in the middle of each column of cells."""
    marks: tuple[Mark, ...] = ()
    rows: int = 0
    problems: int = 0
    hints: tuple[str, ...] = ()
    """What is not drawn, and why."""
    waiting: str = ""
    """Why there is nothing to draw."""
    took_s: float = 0.0


def column_of(picture: CurvesPicture, x: float) -> int:
    """The column of cells in which an x lies; may be outside."""
    window, width = picture.window, picture.wish.width
    span = window.right - window.left
    return round((x - window.left) / span * (width - 1)) if span > 0 else 0


def centres(window: Window, width: int) -> Floats:
    """The x in the middle of each column of cells."""
    return np.linspace(window.left, window.right, width)
