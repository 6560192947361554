"""The pictures of an evaluation: ROC, PR, reliability; of a regression, predicted and residuals."""

from __future__ import annotations

import numpy as np

from trainer_tui.runs.trainings.evaluation_sheet import CurveSheet, EvaluationSheet, PartSheet
from trainer_tui.tui.plotting.raster import Window
from trainer_tui.tui.plotting.traces import Piece
from trainer_tui.tui.trials.panels import Layer, Panel, Plot, drawn, empty, figure, line, points, spread

DOTTED = (1, 4)

_UNIT = Window(0.0, 1.0, 0.0, 1.0)


def pictures(
    sheet: EvaluationSheet, part: str, label: str, cells: tuple[tuple[int, int], ...], first: int = 0
) -> tuple[Panel, ...]:
    """As many pictures as there are places for them, each (width, height); from the `first` one on."""
    found = sheet.parts.get(part)
    if found is None:
        return ()
    kinds = (predicted, residuals) if sheet.task == "regression" else (roc, pr, reliability)
    return tuple(
        kinds[(first + number) % len(kinds)](found, part, label, width, height)
        for number, (width, height) in enumerate(cells[: len(kinds)])
    )


def count_of(sheet: EvaluationSheet | None) -> int:
    """How many pictures there are."""
    return 2 if sheet is not None and sheet.task == "regression" else 3


def classes_of(sheet: EvaluationSheet, part: str) -> tuple[str, ...]:
    """The classes that have curves of their own."""
    found = sheet.parts.get(part)
    return tuple(curve.label for curve in found.roc) if found is not None else ()


def roc(part: PartSheet, name: str, label: str, width: int, height: int) -> Panel:
    """True against false positive rate; dotted: what a coin would do."""
    curve = _curve(part.roc, label)
    if curve is None:
        return empty("ROC curve", f"{name} has none", width, height)
    told = f"{name}, {curve.label}, AUC {_area(curve):.3f}"
    diagonal = Layer((line((0, 0), (1, 1)),), "dim", DOTTED)
    plot = Plot(
        "ROC curve", told, _UNIT, (diagonal, Layer((_piece(curve),), "s0")), "false positive rate", ("0", "1")
    )
    return drawn(plot, width, height)


def pr(part: PartSheet, name: str, label: str, width: int, height: int) -> Panel:
    """Precision against recall; dotted: the share of the positives, which a coin would have."""
    curve = _curve(part.pr, label)
    if curve is None:
        return empty("PR curve", f"{name} has none", width, height)
    layers = [Layer((_piece(curve),), "s0")]
    told = f"{name}, {curve.label}"
    if part.positives is not None:
        level = part.positives
        layers.insert(0, Layer((line((0, level), (1, level)),), "dim", DOTTED))
        told += f", {level:.0%} positive"
    plot = Plot("PR curve", told, _UNIT, tuple(layers), "recall", ("0", "1"))
    return drawn(plot, width, height)


def reliability(part: PartSheet, name: str, label: str, width: int, height: int) -> Panel:
    """The share that came true against the mean score of each bin, with the rows of each bin below."""
    del label
    bins = sorted(part.reliability, key=lambda one: one.predicted)
    if not bins:
        return empty("Reliability", f"{name} has none: too few rows, or no probabilities", width, height)
    error = part.metrics.get("calibration_error")
    rows = sum(one.count for one in bins)
    told = f"{name}, " + (f"error {error:.3f}, " if error is not None else "") + f"{rows:,} rows"
    x = np.array([one.predicted for one in bins])
    y = np.array([one.observed for one in bins])
    layers = (
        Layer((line((0, 0), (1, 1)),), "dim", DOTTED),
        Layer((Piece(x, y),), "f0"),
    )
    most = max(one.count for one in bins) or 1
    least = min(one.count for one in bins)
    counts = f"{least} to {most} rows a bin" if least != most else f"{most} rows a bin"
    plot = Plot(
        "Reliability",
        told,
        _UNIT,
        layers,
        f"mean score, {counts}",
        ("0", "1"),
        bars=tuple((one.predicted, one.count / most) for one in bins),
        marks=tuple((one.predicted, one.observed) for one in bins),
    )
    return drawn(plot, width, height)


def predicted(part: PartSheet, name: str, label: str, width: int, height: int) -> Panel:
    """Predicted against true values; dotted: what would be right."""
    del label
    title = "Predicted"
    if not part.points:
        return empty(title, f"{name} has no predictions to show", width, height)
    pairs = np.array(part.points)
    low, high = spread(pairs.ravel())
    layers = (
        Layer((line((low, low), (high, high)),), "dim", DOTTED),
        Layer((points(pairs[:, 0], pairs[:, 1]),), "s0"),
    )
    told = f"{name}, {len(pairs)} of {part.rows:,} rows" if part.rows > len(pairs) else name
    ends = (figure(low), figure(high))
    return drawn(Plot(title, told, Window(low, high, low, high), layers, "true", ends), width, height)


def residuals(part: PartSheet, name: str, label: str, width: int, height: int) -> Panel:
    """What is predicted too much, against what is predicted."""
    del label
    title = "Residuals"
    if not part.points:
        return empty(title, f"{name} has no predictions to show", width, height)
    pairs = np.array(part.points)
    x, y = pairs[:, 1], pairs[:, 1] - pairs[:, 0]
    left, right = spread(x)
    reach = float(np.abs(y).max()) * 1.05 or 1.0
    layers = (
        Layer((line((left, 0.0), (right, 0.0)),), "dim", DOTTED),
        Layer((points(x, y),), "s0"),
    )
    told = f"{name}, predicted − true"
    ends = (figure(left), figure(right))
    return drawn(
        Plot(title, told, Window(left, right, -reach, reach), layers, "predicted", ends), width, height
    )


def _curve(curves: tuple[CurveSheet, ...], label: str) -> CurveSheet | None:
    return next((curve for curve in curves if curve.label == label), curves[0] if curves else None)


def _piece(curve: CurveSheet) -> Piece:
    pairs = np.array(curve.points)
    return Piece(pairs[:, 0], pairs[:, 1])


def _area(curve: CurveSheet) -> float:
    pairs = np.array(curve.points)
    return float(np.trapezoid(pairs[:, 1], pairs[:, 0]))
