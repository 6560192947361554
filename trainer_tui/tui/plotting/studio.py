"""Draws what is wished for: chooses the columns, keeps what is costly, frames, thins out, rasters."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import numpy as np

from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.text import clean
from trainer_tui.tui.curves import spans_magnitudes
from trainer_tui.tui.histories import Ledger, Page
from trainer_tui.tui.plotting.choice import axis_of, choice, x_name
from trainer_tui.tui.plotting.frame import Frame, as_logarithms, frame_of
from trainer_tui.tui.plotting.marks import Mark, marks_of, placed
from trainer_tui.tui.plotting.picture import LETTERS, MOST_CURVES, CurvesPicture, Drawn, Wish, centres
from trainer_tui.tui.plotting.raster import DASHES, Raster
from trainer_tui.tui.plotting.traces import (
    Floats,
    Ints,
    Piece,
    Trace,
    XAxis,
    column,
    in_window,
    nearest,
    smoothed,
    trace_of,
    x_values,
)


@dataclass(slots=True)
class _Kept:
    """What is known of a trace without its points: those stay in the history where all of them are finite."""

    version: tuple[int, int]
    starts: Ints
    rows: Ints | None
    points: tuple[Floats, Floats] | None
    extent: tuple[float, float]
    weight: float = 0.0
    average: Floats | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    """One curve inside a window of x."""

    drawn: Drawn
    pieces: list[Piece]
    raw: list[Piece]
    """Before smoothing; empty without."""
    extent: tuple[float, float]


class Studio:
    """Draws pictures; for use by one thread."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, XAxis], _Kept] = {}
        self._log: tuple[object, bool] = (None, False)

    def draw(self, wish: Wish, ledgers: list[Ledger], reading: float = 1.0) -> CurvesPicture:
        """The picture of a wish; `reading`: the part of the files that was read."""
        begun = time.perf_counter()
        pages = [ledger.page() for ledger in ledgers]
        picture = choice(wish, ledgers, pages)
        if reading < 1:
            picture = replace(picture, hints=(f"reading {reading:.0%} …",))
        if picture.waiting or wish.width < 2 or wish.height < 2:
            return picture
        axis = axis_of(wish.axis, pages)
        self._forget(ledgers, picture.chosen)
        extent = self._extent(ledgers, pages, picture, axis)
        if extent is None:
            return replace(picture, axis=axis, waiting=_nothing(picture))
        left, right = _span(wish, extent)
        lines = [
            line
            for number, (ledger, page) in enumerate(zip(ledgers, pages, strict=True))
            for line in self._lines(wish, ledger, page, picture.chosen, axis, (left, right), number)
        ][:MOST_CURVES]
        log = self._is_log(wish, picture.chosen, lines)
        frame = frame_of([*(p for n in lines for p in (*n.pieces, *n.raw))], (left, right), log, wish.view)
        named = next(filter(None, (x_name(page, axis) for page in pages)), "row")
        marks = [mark for ledger in ledgers for mark in _marks(ledger, axis)]
        picture = replace(
            picture,
            window=frame.window,
            extent=extent,
            axis=axis,
            x_name=clean(named, 20),
            log=log,
            at=tuple(centres(frame.window, wish.width).tolist()),
            marks=tuple(sorted(marks, key=lambda mark: mark.x)),
            hints=(*picture.hints, *_no_axis(wish.axis, axis), *frame.hints),
        )
        return replace(self._raster(picture, lines, frame), took_s=time.perf_counter() - begun)

    # ------------------------------------------------------------------ traces

    def _trace(self, ledger: Ledger, page: Page, name: str, axis: XAxis) -> tuple[Trace, _Kept] | None:
        """A column's trace. Its arrays may be views: hold the ledger's lock until they are gone."""
        if name not in page.history.columns:
            return None
        x = x_values(page.history, axis)
        if x is None:
            return None
        y = column(page.history, name)
        key = (str(ledger.run.path), name, axis)
        kept = self._kept.get(key)
        if kept is None or kept.version != page.version:
            trace = trace_of(x[0], y)
            extent = _extent_of(trace, x[0])
            points = None if trace.rows is None else (trace.x, trace.y)
            kept = self._kept[key] = _Kept(page.version, trace.starts, trace.rows, points, extent)
        xs, ys = kept.points or (x[0], y)
        return Trace(xs, ys, kept.starts, kept.rows), kept

    def _extent(
        self, ledgers: list[Ledger], pages: list[Page], picture: CurvesPicture, axis: XAxis
    ) -> tuple[float, float] | None:
        low, high = math.inf, -math.inf
        for ledger, page in zip(ledgers, pages, strict=True):
            for name in picture.chosen:
                with ledger.lock:
                    found = self._trace(ledger, page, name, axis)
                    if found is not None:
                        low, high = min(low, found[1].extent[0]), max(high, found[1].extent[1])
                    del found
        return (low, high) if low <= high else None

    def _lines(
        self,
        wish: Wish,
        ledger: Ledger,
        page: Page,
        chosen: tuple[str, ...],
        axis: XAxis,
        span: tuple[float, float],
        number: int,
    ) -> list[_Line]:
        lines = []
        for at, name in enumerate(chosen):
            index = number * len(chosen) + at
            if index >= MOST_CURVES:
                break
            drawn = Drawn(LETTERS[index], clean(name, 40), _run_name(ledger.run, wish.runs), index)
            with ledger.lock:
                lines.append(self._line(wish, ledger, page, name, axis, span, drawn))
        return lines

    def _line(
        self,
        wish: Wish,
        ledger: Ledger,
        page: Page,
        name: str,
        axis: XAxis,
        span: tuple[float, float],
        drawn: Drawn,
    ) -> _Line:
        found = self._trace(ledger, page, name, axis)
        if found is None or not len(found[0].x):
            why = "no such column" if name not in page.history.columns else "no value yet"
            if found is None and name in page.history.columns:
                why = f"no {axis} in this run"
            return _Line(replace(drawn, missing=why), [], [], (0.0, 0.0))
        trace, kept = found
        y = trace.y
        if wish.smooth > 0:
            if kept.average is None or kept.weight != wish.smooth:
                kept.average, kept.weight = smoothed(trace.y, wish.smooth), wish.smooth
            y = kept.average
        raw = in_window(trace, trace.y, *span, wish.width) if wish.smooth > 0 else []
        pieces = in_window(trace, y, *span, wish.width)
        near = nearest(trace, np.linspace(*span, wish.width))
        drawn = replace(
            drawn,
            last=float(trace.y[-1]),
            bad_from=_bad_from(trace, page, name, axis),
            x=tuple(np.where(near >= 0, trace.x[near], math.nan).tolist()),
            y=tuple(np.where(near >= 0, y[near], math.nan).tolist()),
            raw=tuple(np.where(near >= 0, trace.y[near], math.nan).tolist()),
        )
        return _Line(drawn, pieces, raw, kept.extent)

    def _forget(self, ledgers: list[Ledger], chosen: tuple[str, ...]) -> None:
        paths = {str(ledger.run.path) for ledger in ledgers}
        for key in [k for k in self._kept if k[0] not in paths or k[1] not in chosen]:
            del self._kept[key]

    # ------------------------------------------------------------------ drawing

    def _is_log(self, wish: Wish, chosen: tuple[str, ...], lines: list[_Line]) -> bool:
        if wish.log is not None:
            return wish.log
        # Decided once for what is shown: zooming in must not turn the axis into another one.
        shown = (tuple(run.path for run in wish.runs), chosen)
        if self._log[0] != shown:
            values = [piece.y for line in lines for piece in line.pieces]
            self._log = (shown, bool(values) and spans_magnitudes(np.concatenate(values)))
        return self._log[1]

    def _raster(self, picture: CurvesPicture, lines: list[_Line], frame: Frame) -> CurvesPicture:
        wish, log = picture.wish, picture.log
        raster = Raster(wish.width, wish.height, frame.window)
        for line in lines:
            raster.draw(as_logarithms(line.raw) if log else line.raw, 2 * line.drawn.number + 1)
        curves = []
        for line in lines:
            drawn = line.drawn
            pieces = as_logarithms(line.pieces) if log else line.pieces
            raster.draw(pieces, 2 * drawn.number, DASHES[drawn.number % len(DASHES)])
            curves.append(replace(drawn, end=_end(pieces, frame, wish)))
        return replace(picture, bits=raster.bits, owner=raster.owner, curves=tuple(curves))


def _run_name(run: RunFolder, runs: tuple[RunFolder, ...]) -> str:
    """`#7 full`, or with its model where runs of several are compared; one run alone needs no name."""
    if len(runs) < 2:
        return ""
    short = f"#{run.number} {run.phase}"
    return short if len({other.model for other in runs}) == 1 else clean(f"{run.model} {short}", 40)


def _end(pieces: list[Piece], frame: Frame, wish: Wish) -> tuple[int, int] | None:
    """The cell in which a curve leaves the picture on its right."""
    window = frame.window
    for piece in reversed(pieces):
        inside = np.flatnonzero(
            (piece.x >= window.left)
            & (piece.x <= window.right)
            & (piece.y >= window.bottom)
            & (piece.y <= window.top)
        )
        if len(inside):
            x, y = float(piece.x[inside[-1]]), float(piece.y[inside[-1]])
            across = (x - window.left) / ((window.right - window.left) or 1.0)
            down = (window.top / 2 - y / 2) / ((window.top / 2 - window.bottom / 2) or 1.0)
            return round(down * (wish.height - 1)), round(across * (wish.width - 1))
    return None


def _extent_of(trace: Trace, x: Floats) -> tuple[float, float]:
    """Least and greatest x, of rows without a value too: that a curve breaks off has to be seen."""
    if not len(trace.x):
        return math.inf, -math.inf
    known = x if trace.rows is None else x[np.isfinite(x)]
    return float(known.min()), float(known.max())


def _bad_from(trace: Trace, page: Page, name: str, axis: XAxis) -> float | None:
    """The x from which on a column that had values holds none that is finite."""
    row = trace.row(len(trace.x) - 1) + 1
    if row >= page.history.rows or not page.blanks[name].find(0, row) >= 0:
        return None
    x = x_values(page.history, axis)
    return float(x[0][row]) if x is not None and math.isfinite(x[0][row]) else None


def _no_axis(wished: XAxis, axis: XAxis) -> tuple[str, ...]:
    names = {"time": "elapsed_s, time_s or timestamp", "step": "epoch or step"}
    return () if wished == axis else (f"no column {names[wished]} in this history",)


def _marks(ledger: Ledger, axis: XAxis) -> list[Mark]:
    page = ledger.page()
    with ledger.lock:
        attempt = ledger.request.attempt if ledger.request else 1
        marks = marks_of(page.history, ledger.incidents, ledger.reached, attempt)
        x = x_values(page.history, axis)
        result = placed(marks, x[0]) if x is not None else []
        del x
    return result


def _span(wish: Wish, extent: tuple[float, float]) -> tuple[float, float]:
    view = wish.view
    left = extent[0] if view.left is None else view.left
    right = extent[1] if view.right is None else view.right
    if left >= right:
        room = max(abs(left) * 1e-6, 0.5)
        left, right = left - room, left + room
    return left, right


def _nothing(picture: CurvesPicture) -> str:
    names = ", ".join(clean(name, 30) for name in picture.chosen[:4])
    return f"{names}: no finite value in {picture.rows:,} rows"
