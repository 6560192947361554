"""From tables of numbers to curves: which belong together, what of them is drawn, where their gaps are."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from tsdownsample import MinMaxDownsampler

from trainer_tui.report.blocks import Chart, Line, Mark
from trainer_tui.runs.catalog.sparkline import best_of, more_is_better, sparkline
from trainer_tui.runs.history import TIME_COLUMNS, History
from trainer_tui.runs.text import clean

Floats = NDArray[np.float64]

POINTS = 600
"""Points of a curve on the page, about; a printed line has no more."""

MOST_LINES = 4
MOST_CHARTS = 9

_JUDGED = re.compile(r"loss|err|mse|mae|perplexity|ppl|rhat|nll", re.I)
"""Names of columns of which less is better; of a learning rate or a norm nothing is."""

_SPLITS = ("train", "training", "val", "valid", "validation", "eval", "dev", "test")

_FEW, _DWARFS, _OFF = 20, 6.0, 1e4
"""From so many values on: what is so many times the median asks for a logarithmic axis, or is on none."""


def groups(metrics: Sequence[str], main: str) -> list[list[str]]:
    """Metrics for one chart each, `train_loss` beside `val_loss`: the main one's first, then losses."""
    found: dict[str, list[str]] = {}
    for name in metrics:
        found.setdefault(_stem(name).lower(), []).append(name)
    whole = [part for names in found.values() for part in _parts(names)]

    def rank(names: list[str]) -> int:
        return 0 if main in names else 1 if any("loss" in name.lower() for name in names) else 2

    return sorted(whole, key=rank)


def metric_chart(history: History, names: Sequence[str], marks: Sequence[Mark], main: str) -> Chart | None:
    """The chart of some columns over the steps; None when none of them has a finite value."""
    x = np.array(history.steps(), dtype=np.float64)
    values = {name: np.array(history.columns[name], dtype=np.float64) for name in names}
    drawn, log, note = _axis(list(values.values()))
    lines = []
    for (name, raw), y in zip(values.items(), drawn, strict=True):
        line = _line(name, x, y, raw)
        if line is not None:
            lines.append(line)
    if not lines:
        return None
    broken = [words for name, raw in values.items() if (words := _broken(name, x, raw, history.step_column))]
    note = "; ".join([*([note] if note else []), *broken])
    title = clean(_stem(names[0]) if len(names) > 1 else names[0], 60)
    step = clean(history.step_column or "row", 30)
    judged = any(name == main or _JUDGED.search(name) or more_is_better(name) for name in names)
    return Chart(title, tuple(lines), step, log=log, marks=tuple(marks), note=note, judged=judged)


def machine_line(name: str, x: Sequence[float], y: Sequence[float]) -> Line | None:
    """A curve of the machine over seconds; None without a finite value."""
    values = np.array(y, dtype=np.float64)
    return _line(name, np.array(x, dtype=np.float64), values, values)


def plottable(history: History) -> list[str]:
    """The metrics that hold a number at all; a clock or a counter of rows is none."""
    return [
        name
        for name in history.metrics()
        if name.lower() not in TIME_COLUMNS and any(map(math.isfinite, history.columns[name]))
    ]


def _parts(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), MOST_LINES):
        yield names[start : start + MOST_LINES]


def _stem(name: str) -> str:
    """`loss` of `train_loss` and of `val/loss`."""
    head, mark, rest = name.partition("/") if "/" in name else name.partition("_")
    return rest if mark and rest and head.lower() in _SPLITS else name


def _axis(columns: list[Floats]) -> tuple[list[Floats], bool, str]:
    """The values as they are drawn, whether on a logarithmic axis, and what is left out."""
    everything = np.concatenate(columns)
    finite = everything[np.isfinite(everything)]
    if len(finite) < _FEW:
        return columns, False, ""
    middle = float(np.median(np.abs(finite)))
    note = ""
    if middle > 0 and float(np.abs(finite).max()) > _OFF * middle:
        most = _OFF * middle
        columns = [np.where(np.abs(column) > most, np.nan, column) for column in columns]
        count = int((np.abs(finite) > most).sum())
        finite = finite[np.abs(finite) <= most]
        note = f"{count:,} value{'s' if count > 1 else ''} beyond {most:.3g} not drawn"
    log = bool(finite.min() > 0 and finite.max() > _DWARFS * np.median(finite))
    return columns, log, note


def _broken(name: str, x: Floats, y: Floats, step: str | None) -> str:
    """Where a column that had values is not a number to its end."""
    finite = np.flatnonzero(np.isfinite(y))
    if not len(finite) or finite[-1] + 1 >= len(y):
        return ""
    if not len(y) - 1 - finite[-1] > _usual_gap(finite):
        return ""
    return f"{clean(name, 60)} has no finite value from {clean(step or 'row', 30)} {x[finite[-1] + 1]:g} on"


def _line(name: str, x: Floats, y: Floats, raw: Floats) -> Line | None:
    good = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if not len(good):
        return None
    gaps = np.diff(good)
    # A column that is logged every tenth row is one line; steps that go back begin a new one.
    cuts = np.flatnonzero((gaps > 2 * _usual_gap(good)) | (np.diff(x[good]) < 0)) + 1
    parts = np.split(good, cuts[:POINTS])
    pieces = []
    for part in parts:
        kept = part[_thin(y[part], max(4, POINTS * len(part) // len(good)))]
        pieces.append(tuple(zip(x[kept].tolist(), y[kept].tolist(), strict=True)))
    values = raw.tolist()
    best = best_of(values, name)
    finite = [value for value in values if math.isfinite(value)]
    return Line(
        clean(name, 60),
        tuple(pieces),
        first=finite[0],
        last=finite[-1],
        best=best[0] if best else None,
        best_at=float(x[best[1]]) if best and math.isfinite(x[best[1]]) else None,
        spark=sparkline(values),
    )


def _usual_gap(good: NDArray[np.int64]) -> float:
    return float(np.median(np.diff(good))) if len(good) > 1 else 1.0


def _thin(y: Floats, points: int) -> NDArray[np.int64]:
    """Indexes of the lowest and highest of each stretch, and of both ends."""
    if len(y) <= points:
        return np.arange(len(y))
    thin = MinMaxDownsampler().downsample  # type: ignore[no-untyped-call]
    kept = thin(np.ascontiguousarray(y), n_out=max(4, points - points % 2)).astype(np.int64)
    return np.unique(np.concatenate(([0], kept, [len(y) - 1])))
