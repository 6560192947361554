"""Red flags in the training history: what a careful person would notice in the curves, and nothing else.

A row costs a few steps a column. The detectors look at the whole only now and then, at each row in the
beginning, later whenever the run has grown by a thirty-second, and at once when a value is out of its range.
A flag fires once an episode, and says when that is over.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from trainer_tui.failures.flags import columns
from trainer_tui.failures.flags.curve import Curve, tame
from trainer_tui.failures.flags.episodes import Episodes
from trainer_tui.failures.flags.finding import Snapshot
from trainer_tui.failures.flags.gradient import Gradient
from trainer_tui.failures.flags.nonfinite import NonFinite, where
from trainer_tui.failures.flags.pace import Pace
from trainer_tui.failures.flags.pair import Pair
from trainer_tui.failures.flags.table import HISTORY_DETECTORS
from trainer_tui.runs.flags import HISTORY_FLAGS, FlagSettings, tuned
from trainer_tui.runs.incident import Incident

MOST_COLUMNS = 200
"""Columns that are watched; what a script logs by layer must not fill our memory."""

_SELDOM = 256
"""Rows between two looks at most."""
_GROWTH = 32
_URGENT_EVERY = 16
_CLOSE = 8
"""Rows after a flag was raised that are each looked at: whether it lasts is worth knowing soon."""

_REST_ROWS = 10

_FLAGS = {flag.name: flag for flag in HISTORY_FLAGS}
_TIMES = ("duration", "clock", "speed")


class RedFlags:
    """Watches the rows of a training history as they come."""

    def __init__(self, settings: FlagSettings | None = None, main_metric: str = "val_loss") -> None:
        """`settings`: flag → False, True or parameters, as in `[flags]`. `main_metric`: smaller is better."""
        self._values = tuned(HISTORY_FLAGS, settings or {})
        defaults = tuned(HISTORY_FLAGS, {})
        self._of = {**defaults, **self._values}
        self._main_metric = main_metric
        self._next = 0
        self._rows = 0
        self._look_at = 1
        self._looked_at = 0
        self._close_until = 0
        self._curves: dict[str, Curve | Gradient | None] = {}
        self._watched: list[Curve] = []
        self._gradients: dict[str, Gradient] = {}
        self._pairs: dict[str, Pair] = {}
        self._pace = Pace()
        self._descends = True
        self._epochs = _Epochs()
        self._nonfinite = NonFinite(_FLAGS["nan-loss"], self._of["nan-loss"]["rows"])
        self._episodes = Episodes("history", _REST_ROWS)

    def feed(self, first_index: int, rows: Sequence[Mapping[str, float]]) -> list[Incident]:
        """What rows `first_index`, `first_index + 1`, ... show (0-based; rows seen before are skipped).

        A missing cell is a missing key; a NaN is a cell that really holds one. The same id again, with
        another fate, means that a suspected non-finite loss was confirmed or has recovered, or that the
        episode of a flag is over.
        """
        found: list[Incident] = []
        for index, row in enumerate(rows, first_index):
            if index >= self._next:
                self._next = index + 1
                self._row(index, row, found)
        return found

    def _row(self, index: int, row: Mapping[str, float], found: list[Incident]) -> None:
        self._rows += 1
        urgent = False
        curves = self._curves
        for name, value in row.items():
            curve = curves.get(name, self)
            if curve is None:
                continue
            if curve is self:
                curve = self._meet(name)
                if curve is None:
                    continue
            if isinstance(curve, Gradient):
                urgent |= curve.push(value)
            elif isinstance(curve, Curve):
                urgent |= self._cell(curve, value, index, row, found)
        if "epoch" in row:
            self._epochs.push(row["epoch"])
        for name, pair in self._pairs.items():
            val, train = row.get(name, math.nan), row.get(pair.training, math.nan)
            if math.isfinite(val) and math.isfinite(train):
                urgent |= pair.push(tame(val), tame(train))
        due = self._rows >= self._look_at
        if due or (urgent and self._rows - self._looked_at >= min(_URGENT_EVERY, self._rows // 512)):
            self._look(index, row, found)

    def _cell(
        self, curve: Curve, value: float, index: int, row: Mapping[str, float], found: list[Incident]
    ) -> bool:
        curve.rows += 1
        if not math.isfinite(value):
            curve.bad += 1
            if curve.kind == "loss" and "nan-loss" in self._values:
                incident = self._nonfinite.bad(curve, value, where(index, row))
                if incident is not None:
                    found.append(incident)
            return False
        if curve.bad:
            if curve.kind == "loss" and "nan-loss" in self._values:
                found.append(self._nonfinite.well(curve, value, where(index, row)))
            curve.bad = 0
        curve.push(value)
        if curve.kind in _TIMES:
            self._pace.push(curve, value)
        return value > curve.alarm

    def _meet(self, name: str) -> Curve | Gradient | None:
        """Take note of a new column."""
        if columns.tells_no_descent(name):
            self._descends = False
        kind = columns.kind_of(name, self._main_metric)
        made: Curve | Gradient | None = None
        if kind and len(self._watched) + len(self._gradients) < MOST_COLUMNS:
            if kind == "gradient":
                made = self._gradients[name] = Gradient(name, self._of["exploding-gradient"])
                made.below = self._of["vanishing-gradient"]["below"]
            else:
                made = Curve(name, kind)
                self._watched.append(made)
        self._curves[name] = made
        losses = [c.name for c in self._watched if c.kind == "loss"]
        for curve in self._watched:
            if curve.kind == "loss" and curve.validation and curve.name not in self._pairs:
                training = columns.partner(curve.name, losses)
                if training is not None:
                    self._pairs[curve.name] = Pair(training, self._of["overfitting"])
        return made

    def _look(self, index: int, row: Mapping[str, float], found: list[Incident]) -> None:
        self._looked_at = self._rows
        snap = self._scene()
        up = {name: list(HISTORY_DETECTORS[name](snap, values)) for name, values in self._detected()}
        at = where(index, row)
        news = list(self._episodes.judge(up, _FLAGS, self._rows, at))
        found += news
        if any(incident.fate == "suspected" for incident in news):
            self._close_until = self._rows + _CLOSE
        seldom = 1 if self._rows < self._close_until else min(_SELDOM, self._rows // _GROWTH)
        self._look_at = self._rows + max(1, seldom)

    def _detected(self) -> list[tuple[str, dict[str, float]]]:
        return [(name, values) for name, values in self._values.items() if name in HISTORY_DETECTORS]

    def _scene(self) -> Snapshot:
        rate = next((c for c in self._watched if c.kind == "rate"), None)
        shapes = {}
        for curve in self._watched:
            if curve.kind in _TIMES or not curve.pyramid.count:
                continue
            shape = curve.shape()
            if curve.kind == "loss":
                curve.alarm = max(shape.recent) + 4 * shape.noise
                if rate is not None and rate.last is not None and shape.idle <= shape.width:
                    curve.rate_at_best = rate.last
                    shape = curve.shape()
            shapes[curve.name] = shape
        unread = {
            c.name: c.rows for c in self._watched if c.kind in ("score", "main") and not c.pyramid.count
        }
        return Snapshot(
            rows=self._rows,
            shapes=shapes,
            gradients=self._gradients,
            pairs=self._pairs,
            pace=self._pace,
            main_metric=self._main_metric,
            descends=self._descends,
            by_step=self._epochs.by_step,
            unread=unread,
        )


class _Epochs:
    """Whether rows are epochs or steps: told by how often the epoch stays the same, or moves by a part."""

    def __init__(self) -> None:
        self._last = math.nan
        self._same = 0
        self._moved = 0

    def push(self, epoch: float) -> None:
        """The epoch of a row."""
        if abs(epoch - self._last) < 0.5:
            self._same += 1
        else:
            self._moved += 1
        self._last = epoch

    @property
    def by_step(self) -> bool:
        """True where rows are steps, or nobody says what they are."""
        return self._same >= self._moved
