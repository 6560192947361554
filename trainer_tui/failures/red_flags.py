"""Red flags in the training history: what a careful person would notice in the curves, and nothing else.

The names follow SageMaker Debugger's rules and AutoTrainer's symptoms where those exist; the thresholds are
chosen so that ordinary noisy curves stay silent. A flag fires once an episode: again only after the curve
was well.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Any

from trainer_tui.failures import curves
from trainer_tui.failures.overfitting import Pair
from trainer_tui.runs.incident import Incident, Severity

GRADIENT_COLUMNS = ("grad_norm", "gradient_norm", "gnorm", "grad_norm_total", "total_norm")

_KEPT = 64
_VALIDATION = re.compile(r"^(validation|valid|val|evaluation|eval|test|dev)[_/.]?")
_HINTS: dict[str, tuple[str, ...]] = {
    "nan-loss": (
        "The learning rate is too high, or warm-up is missing: divide it by ten.",
        "Exploding gradients: clip them, and look at grad_norm in the rows before.",
        "A division by zero, log of zero or a non-finite value in the data; in half precision an overflow.",
    ),
    "exploding-gradient": (
        "Clip the gradients, lower the learning rate, check the scale of inputs and targets.",
    ),
    "vanishing-gradient": (
        "Check that the loss is connected to the parameters, activations and initialisation.",
    ),
    "overfitting": (
        "Stop here and keep the checkpoint with the best validation loss.",
        "More data or augmentation, weight decay, dropout, a smaller model.",
    ),
    "oscillation": ("The learning rate is too high, or the batch too small.",),
    "loss-not-decreasing": (
        "The learning rate is far too low or too high, or the labels do not belong to the inputs.",
        "Try to overfit one single batch: if that fails, the model or the loss is wrong.",
    ),
    "plateau": ("Lower the learning rate, or stop: nothing has improved for long.",),
    "spike": ("A broken batch, or a learning rate near the edge: look at the data of that step.",),
    "frozen-metric": ("Nothing is being learnt, or the same number is being logged again.",),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Thresholds; counts are logged rows of the column concerned."""

    confirm_after: int = 3
    explode_ratio: float = 5.0
    explode_cap: float = 10.0
    vanish_below: float = 1e-7
    vanish_rows: int = 5
    start_rows: int = 50
    start_drop: float = 0.001
    plateau_rows: int = 100
    spike_ratio: float = 5.0
    spike_share: float = 0.1
    oscillation_rows: int = 20
    oscillation_turns: float = 0.9
    oscillation_swing: float = 0.5
    frozen_rows: int = 10


_LARGEST = 1e100


@dataclass(slots=True)
class _Column:
    name: str
    values: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    count: int = 0
    bad: int = 0
    bad_id: str = ""
    bad_message: str = ""
    last: float | None = None
    """The newest finite value, untamed."""
    first: list[float] = field(default_factory=list)
    best: float = math.inf
    best_at: int = 0
    has_fallen: bool = False
    same: int = 0
    small: int = 0
    baseline: float | None = None
    high: deque[bool] = field(default_factory=lambda: deque(maxlen=5))


def tame(value: float) -> float:
    """The value no further from zero than statistics can bear: sums and squares of it stay finite."""
    return min(max(value, -_LARGEST), _LARGEST) if math.isfinite(value) else value


class RedFlags:
    """Watches the rows of a training history as they come."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._next = 0
        self._columns: dict[str, _Column] = {}
        self._pairs: dict[str, Pair] = {}
        self._active: set[str] = set()
        self._episodes: dict[str, int] = {}

    def feed(self, first_index: int, rows: Sequence[Mapping[str, float]]) -> list[Incident]:
        """Flags raised by rows `first_index`, `first_index + 1`, ... (0-based; rows seen before are skipped).

        A missing cell is a missing key; a NaN is a cell that really holds one. The same id again, with
        another fate, means that a suspected non-finite loss was confirmed or has recovered.
        """
        found: list[Incident] = []
        for index, row in enumerate(rows, first_index):
            if index >= self._next:
                self._next = index + 1
                self._row(index, row, found)
        return found

    def _row(self, index: int, row: Mapping[str, float], found: list[Incident]) -> None:
        at = _where(index, row)
        for name, value in row.items():
            if is_loss(name):
                column = self._columns.setdefault(name, _Column(name))
                self._finite(column, value, at, found)
                if math.isfinite(value):
                    column.last = value
                    self._loss(column, tame(value), at, found)
            elif name.lower() in GRADIENT_COLUMNS:
                column = self._columns.setdefault(name, _Column(name))
                self._gradient(column, tame(value), at, found)
        for validation, training in pairs_of(row):
            if math.isfinite(row[validation]) and math.isfinite(row[training]):
                tamed = {**row, validation: tame(row[validation]), training: tame(row[training])}
                self._overfit(validation, training, tamed, at, found)

    # ---- non-finite

    def _finite(self, column: _Column, value: float, at: dict[str, Any], found: list[Incident]) -> None:
        name = column.name
        if math.isfinite(value):
            if column.bad:
                message = f"{name} is finite again {_at(at)}: {value:.4g}"
                found.append(
                    self._nan(column, "recovered", message, {**at, "value": value, "rows": column.bad})
                )
                column.bad = 0
            return
        column.bad += 1
        if column.bad == 1:
            nth = self._episodes[name] = self._episodes.get(name, 0) + 1
            column.bad_id = f"history:nan:{name}" + (f":{at['row']}" if nth > 1 else "")
            last = f", after {column.last:.4g}" if column.last is not None else ""
            message = column.bad_message = f"{name} is {value} {_at(at)}{last}"
            found.append(self._nan(column, "suspected", message, {**at, "value": str(value)}))
        elif column.bad == self._limits.confirm_after:
            message = f"{column.bad_message}, and stays non-finite"
            found.append(
                self._nan(column, "confirmed", message, {**at, "value": str(value), "rows": column.bad})
            )

    def _nan(self, column: _Column, fate: Any, message: str, facts: dict[str, Any]) -> Incident:
        return Incident(
            id=column.bad_id, severity="error", kind="nan-loss", message=message, fate=fate, source="history",
            rule="non-finite", hypotheses=_HINTS["nan-loss"], facts={"column": column.name, **facts},
        )  # fmt: skip

    # ---- one loss column

    def _loss(self, column: _Column, value: float, at: dict[str, Any], found: list[Incident]) -> None:
        limits, name = self._limits, column.name
        before = list(column.values)
        column.same = column.same + 1 if before and value == before[-1] else 0
        column.count += 1
        column.values.append(value)
        if len(column.first) < 5:
            column.first.append(value)
        start = fmean(column.first)
        recent = list(column.values)[-10:]
        level = fmean(recent)
        margin = max(1e-3 * abs(level), curves.noise(column.values))
        if len(recent) == 10 and level < column.best - margin:
            column.best, column.best_at = level, column.count
        column.has_fallen = column.has_fallen or (
            column.count > 5 and level < start - limits.start_drop * abs(start)
        )

        if len(before) >= 10:
            middle = median(before[-30:])
            apart = 10 * curves.noise(before[-30:])
            spiked = value > limits.spike_ratio * middle > 0 and value - middle > apart
            self._flag(
                "spike",
                name,
                spiked and value > limits.spike_share * start,
                at,
                found,
                f"{name} jumped to {value:.4g} {_at(at)}, {_times(value, middle)} its median {middle:.4g}",
                {"value": value, "median": middle},
            )
        frozen = column.same >= limits.frozen_rows - 1
        self._flag(
            "frozen-metric", name, frozen, at, found,
            f"{name} has been exactly {value:.6g} for {column.same + 1} rows",
            {"value": value, "rows": column.same + 1}, "notice" if column.has_fallen else "warning",
        )  # fmt: skip
        training = not is_validation(name)
        stuck = training and column.count >= limits.start_rows and not column.has_fallen and not frozen
        self._flag(
            "loss-not-decreasing", name, stuck, at, found,
            f"{name} has not fallen in its first {column.count} rows ({start:.4g} → {level:.4g})",
            {"start": start, "now": level, "rows": column.count},
        )  # fmt: skip
        idle = column.count - column.best_at
        flat = column.has_fallen and idle >= max(limits.plateau_rows, column.count // 2)
        self._flag(
            "plateau", name, flat, at, found,
            f"{name} has not improved for {idle} rows (best {column.best:.4g})",
            {"best": column.best, "rows": idle}, "notice",
        )  # fmt: skip
        window = list(column.values)[-limits.oscillation_rows :]
        swings = (
            len(window) == limits.oscillation_rows
            and curves.swing(window) >= limits.oscillation_swing
            and curves.alternation(window) >= limits.oscillation_turns
        )
        low, high = min(window), max(window)
        self._flag(
            "oscillation", name, swings, at, found,
            f"{name} swings between {low:.4g} and {high:.4g} over the last {len(window)} rows",
            {"low": low, "high": high, "rows": len(window)},
        )  # fmt: skip

    # ---- gradients

    def _gradient(self, column: _Column, value: float, at: dict[str, Any], found: list[Incident]) -> None:
        limits, name = self._limits, column.name
        finite = math.isfinite(value)
        column.bad = 0 if finite else column.bad + 1
        self._flag(
            "exploding-gradient", f"{name}:non-finite", column.bad >= limits.confirm_after, at, found,
            f"{name} has been {value} for {column.bad} rows; the trainer may hide a non-finite loss",
            {"rows": column.bad},
        )  # fmt: skip
        if not finite:
            return
        column.small = column.small + 1 if value < limits.vanish_below else 0
        self._flag(
            "vanishing-gradient", name, column.small >= limits.vanish_rows, at, found,
            f"{name} has been below {limits.vanish_below:g} for {column.small} rows ({value:.3g})",
            {"value": value, "rows": column.small},
        )  # fmt: skip
        if len(column.values) >= 10:
            middle = column.baseline if column.baseline is not None else median(list(column.values)[-50:])
            high = value > limits.explode_ratio * middle and value > limits.explode_cap
            column.high.append(high)
            # One high row is a hard batch; three of five, or one beyond any proportion, is an explosion.
            exploding = sum(column.high) >= 3 or (high and value > 100 * middle)
            self._flag(
                "exploding-gradient",
                name,
                exploding,
                at,
                found,
                f"{name} rose to {value:.4g} {_at(at)}, {_times(value, middle)} its median {middle:.4g}",
                {"value": value, "median": middle},
            )
            column.baseline = middle if high else None
            if high:
                return  # the baseline stays that of the rows before
        column.values.append(value)

    # ---- validation against training

    def _overfit(
        self,
        validation: str,
        training: str,
        row: Mapping[str, float],
        at: dict[str, Any],
        found: list[Incident],
    ) -> None:
        pair = self._pairs.setdefault(validation, Pair())
        rise = pair.feed(row[validation], row[training])
        if pair.well:
            self._active.discard(f"overfitting:{validation}")
        if rise is not None:
            unit = "epochs" if "epoch" in row else "rows"
            span = f"{rise.from_:.4g} → {rise.to:.4g}"
            message = f"{validation} up for {rise.rows} {unit} while {training} falls ({span})"
            facts = {"training": training, "from": rise.from_, "to": rise.to, "rows": rise.rows}
            self._flag("overfitting", validation, True, at, found, message, facts)

    # ---- episodes

    def _flag(
        self, kind: str, column: str, raised: bool, at: dict[str, Any], found: list[Incident],
        message: str, facts: dict[str, Any], severity: Severity = "warning",
    ) -> None:  # fmt: skip
        """Reports a flag when it goes up."""
        key = f"{kind}:{column}"
        if not raised:
            self._active.discard(key)
            return
        if key in self._active:
            return
        self._active.add(key)
        found.append(
            Incident(
                id=f"history:{key}:{at['row']}",
                severity=severity,
                kind=kind,
                message=message,
                source="history",
                rule=kind,
                hypotheses=_HINTS[kind],
                facts={"column": column, **at, **facts},
            )
        )


def is_loss(name: str) -> bool:
    """True for columns that hold a loss: loss, train_loss, val_loss, *_loss, loss_*."""
    name = name.lower()
    return name == "loss" or name.endswith(("_loss", "/loss", ".loss")) or name.startswith("loss_")


def is_validation(name: str) -> bool:
    """True for columns measured on held-out data."""
    return name.lower().startswith(("val", "eval", "test", "dev"))


def pairs_of(row: Mapping[str, float]) -> list[tuple[str, str]]:
    """(validation column, training column) of the losses in a row."""
    pairs = []
    for name in row:
        if is_loss(name) and is_validation(name):
            rest = _VALIDATION.sub("", name.lower()) or "loss"
            candidates = (f"train_{rest}", f"train/{rest}", f"training_{rest}", rest, "train_loss", "loss")
            training = next((other for other in candidates if other in row and other != name), None)
            if training is not None:
                pairs.append((name, training))
    return pairs


def _where(index: int, row: Mapping[str, float]) -> dict[str, Any]:
    at: dict[str, Any] = {"row": index}
    for name in ("epoch", "step"):
        if name in row and math.isfinite(row[name]):
            at[name] = row[name]
    return at


def _at(at: dict[str, Any]) -> str:
    if "epoch" in at:
        return f"at epoch {at['epoch']:g}"
    return f"at step {at['step']:g}" if "step" in at else f"in row {at['row'] + 1}"


def _times(value: float, middle: float) -> str:
    return f"{value / middle:.0f} times" if middle else "far above"
