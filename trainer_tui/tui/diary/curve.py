"""A small curve of the main metric around an incident, as text: it must not cost the editor its keys."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from trainer_tui.runs.history import History
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.text import clean
from trainer_tui.tui.headlines import Piece
from trainer_tui.tui.plotting.marks import row_of_incident
from trainer_tui.tui.plotting.raster import Raster, Window
from trainer_tui.tui.plotting.traces import Piece as Stroke
from trainer_tui.tui.plotting.traces import column, in_window, trace_of, x_values

BEFORE, AFTER = 80, 20
"""Rows that are shown before and after the incident."""

_COLUMNS = 120
"""Cells that the curve is thinned out to."""


@dataclass(frozen=True, slots=True)
class CurveWindow:
    """Some rows of one metric."""

    name: str
    step: str
    pieces: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]
    """(x, y) of each unbroken piece, finite."""
    left: float
    right: float
    at: float | None = None
    """Where the incident is."""


def metric_of(history: History, main: str, incident: Incident | None) -> str | None:
    """The column to show: the one the incident is about, else the main one, else a loss, else the first."""
    names = history.metrics()
    about = incident.facts.get("column") if incident is not None else None
    for name in (about, main):
        if name in names:
            return str(name)
    return next((name for name in names if "loss" in name.lower()), names[0] if names else None)


def curve_around(
    history: History, main: str, incident: Incident | None, reached: dict[str, int]
) -> CurveWindow | None:
    """The rows around an incident, the last ones where nothing tells its row; None without any.

    Hold the history's lock: it looks at the columns as they are.
    """
    name = metric_of(history, main, incident)
    found = x_values(history, "step") or x_values(history, "row")
    if name is None or found is None or not history.rows:
        return None
    row = row_of_incident(history, incident, reached) if incident is not None else None
    stop = history.rows if row is None else min(history.rows, row + AFTER + 1)
    start = max(0, stop - BEFORE - AFTER) if row is None else max(0, row - BEFORE)
    x, y = np.array(found[0][start:stop]), np.array(column(history, name)[start:stop])
    known = x[np.isfinite(x)]
    if not len(known):
        return None
    left, right = float(known.min()), float(known.max())
    pieces = in_window(trace_of(x, y), y[np.isfinite(x) & np.isfinite(y)], left, right, _COLUMNS)
    at = float(x[row - start]) if row is not None and math.isfinite(x[row - start]) else None
    drawn = tuple((tuple(piece.x.tolist()), tuple(piece.y.tolist())) for piece in pieces)
    return CurveWindow(clean(name, 40), clean(found[1], 20), drawn, left, right, at)


def curve_rows(curve: CurveWindow, width: int, height: int) -> list[list[Piece]]:
    """The curve in so many cells, its scale on the left and its steps below; `▲` marks the incident."""
    values = [value for _, ys in curve.pieces for value in ys]
    if not values:
        return [[(f"{curve.name}: no finite value there", "dim")]]
    low, high = min(values), max(values)
    top, bottom = f"{high:.4g}", f"{low:.4g}"
    margin = max(len(top), len(bottom)) + 1
    columns = max(4, width - margin)
    flat = high == low
    window = Window(curve.left, curve.right, low - 1 if flat else low, high + 1 if flat else high)
    raster = Raster(columns, height, window)
    raster.draw([_piece(xs, ys) for xs, ys in curve.pieces], 0)
    rows: list[list[Piece]] = [[(curve.name, "good")]]
    for y, bits in enumerate(raster.bits.tolist()):
        label = top if y == 0 else bottom if y == height - 1 else ""
        dots = "".join(chr(0x2800 + bit) if bit else " " for bit in bits)
        rows.append([(label.rjust(margin - 1) + " ", "dim"), (dots, "plain")])
    rows.append([(" " * margin + _axis(curve, columns), "dim")])
    return rows


def _piece(xs: tuple[float, ...], ys: tuple[float, ...]) -> Stroke:
    return Stroke(np.array(xs), np.array(ys))


def _axis(curve: CurveWindow, columns: int) -> str:
    """The steps below the curve: the first, the last, and the incident's under its mark."""
    left, right = f"{curve.step} {curve.left:.10g}", f"{curve.right:.10g}"
    if curve.at is None or curve.right <= curve.left:
        return left.ljust(max(0, columns - len(right))) + right
    at = round((curve.at - curve.left) / (curve.right - curve.left) * (columns - 1))
    mark = f"▲ {curve.at:.10g}" if at + len(f"▲ {curve.at:.10g}") <= columns else f"{curve.at:.10g} ▲"
    place = at if mark.startswith("▲") else max(0, at - len(mark) + 1)
    row = left.ljust(place)[:place] if place > len(left) + 1 else " " * place
    row += mark
    if len(row) + len(right) + 2 <= columns:
        row = row.ljust(columns - len(right)) + right
    return row
