"""What `evaluation.json` says: metrics of each part with intervals, curves, and the comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trainer_tui.runs.text import clean
from trainer_tui.runs.trainings.plainly import count, number, numbers, points, rows, table, text, texts

PARTS = ("train", "validation", "test")

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class CurveSheet:
    """A ROC or PR curve of one class."""

    label: str
    points: Points


@dataclass(frozen=True, slots=True)
class BinSheet:
    """A point of the reliability diagram."""

    predicted: float
    observed: float
    count: int


@dataclass(frozen=True, slots=True)
class PartSheet:
    """How good the model is on one part."""

    rows: int
    metrics: Mapping[str, float | None]
    intervals: Mapping[str, tuple[float, float]]
    reasons: Mapping[str, str]
    units: Mapping[str, str]
    roc: tuple[CurveSheet, ...] = ()
    pr: tuple[CurveSheet, ...] = ()
    reliability: tuple[BinSheet, ...] = ()
    points: Points = ()
    """A regression: (true, predicted)."""
    confusion: tuple[tuple[int, ...], ...] = ()
    """[true][predicted] counts."""
    positives: float | None = None
    """Share of the positive class among the rows, of a binary task."""


@dataclass(frozen=True, slots=True)
class ThresholdSheet:
    """From where on a score is positive."""

    value: float
    rule: str
    found_on: str


@dataclass(frozen=True, slots=True)
class DifferenceSheet:
    """One metric of the new model and the one before it."""

    new: float
    old: float
    interval: tuple[float, float] | None
    better_share: float | None


@dataclass(frozen=True, slots=True)
class ComparisonSheet:
    """The model against the previous best."""

    paired: bool
    why: str
    rows: int
    against: str
    """Which training that was, where it is told."""
    differences: Mapping[str, DifferenceSheet]


@dataclass(frozen=True, slots=True)
class EvaluationSheet:
    """The evaluation of a training."""

    task: str
    metric: str
    unit: str
    classes: tuple[str, ...]
    threshold: ThresholdSheet | None
    parts: Mapping[str, PartSheet] = field(default_factory=dict)
    """In the order of `PARTS`, those that were evaluated."""
    comparison: ComparisonSheet | None = None
    test_refused: str = ""


def evaluation_of(document: Mapping[str, Any]) -> EvaluationSheet:
    """The sheet in `evaluation.json`."""
    parts = table(document.get("parts"))
    return EvaluationSheet(
        text(document.get("task"), 20),
        text(document.get("metric"), 60),
        text(document.get("unit"), 20),
        texts(document.get("classes"), 60),
        _threshold(table(document.get("threshold"))),
        {name: _part(parts[name]) for name in PARTS if table(parts.get(name))},
        _comparison(table(document.get("comparison"))),
        text(document.get("test_refused")),
    )


def _threshold(said: Mapping[str, Any]) -> ThresholdSheet | None:
    value = number(said.get("value"))
    if value is None:
        return None
    return ThresholdSheet(value, text(said.get("rule"), 30), text(said.get("found_on"), 30))


def _part(said: Mapping[str, Any]) -> PartSheet:
    confusion = tuple(tuple(count(n) for n in rows(line)) for line in rows(said.get("confusion")))
    square = all(len(line) == len(confusion) for line in confusion)
    return PartSheet(
        count(said.get("rows")),
        {clean(str(k), 60): number(v) for k, v in table(said.get("metrics")).items()},
        {clean(str(k), 60): pair for k, v in table(said.get("intervals")).items() if (pair := _interval(v))},
        {clean(str(k), 60): text(v) for k, v in table(said.get("reasons")).items()},
        {clean(str(k), 60): text(v, 20) for k, v in table(said.get("units")).items()},
        _curves(said.get("roc")),
        _curves(said.get("pr")),
        tuple(found for each in rows(said.get("reliability")) if (found := _bin(table(each)))),
        points(said.get("points")),
        confusion if square else (),
        _positives(said),
    )


def _positives(said: Mapping[str, Any]) -> float | None:
    """The share of the second of two classes, from the table of classes."""
    per_class: list[int] = [count(table(each).get("rows")) for each in rows(said.get("per_class"))]
    total = sum(per_class)
    return per_class[1] / total if len(per_class) == 2 and total else None


def _interval(value: Any) -> tuple[float, float] | None:
    said = table(value)
    low, high = number(said.get("low")), number(said.get("high"))
    return (low, high) if low is not None and high is not None else None


def _curves(value: Any) -> tuple[CurveSheet, ...]:
    found = []
    for each in rows(value):
        said = table(each)
        pairs = [[x, y] for x, y in zip(rows(said.get("x")), rows(said.get("y")), strict=False)]
        found.append(CurveSheet(text(said.get("label"), 60), points(pairs)))
    return tuple(curve for curve in found if curve.points)


def _bin(said: Mapping[str, Any]) -> BinSheet | None:
    known = numbers(said)
    if "predicted" not in known or "observed" not in known:
        return None
    return BinSheet(known["predicted"], known["observed"], count(said.get("count")))


def _comparison(said: Mapping[str, Any]) -> ComparisonSheet | None:
    if not said:
        return None
    differences = {}
    for name, value in table(said.get("differences")).items():
        each = table(value)
        new, old = number(each.get("new")), number(each.get("old"))
        if new is not None and old is not None:
            share = number(each.get("better_share"))
            differences[clean(str(name), 60)] = DifferenceSheet(
                new, old, _interval(each.get("interval")), share
            )
    return ComparisonSheet(
        said.get("paired") is not False,
        text(said.get("why")),
        count(said.get("rows")),
        text(said.get("against") or said.get("with"), 100),
        differences,
    )
