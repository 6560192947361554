"""The norm of the gradient: its own usual size, and what lies far outside it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from statistics import median

from trainer_tui.failures.flags import robust
from trainer_tui.failures.flags.curve import tame
from trainer_tui.failures.flags.finding import Finding, Snapshot
from trainer_tui.runs.flags import Values
from trainer_tui.runs.incident import Severity

BASE = 20
"""Rows from which the usual size is known."""

_SETTLED = 5
"""Finite rows before which non-finite ones are a loss scaler that still looks for its size."""

_RENEWED = 8
_GIVEN_UP = 200
"""After so many high rows in a row they are what is usual now."""

_SIGMAS = 5.0


class Gradient:
    """A gradient column, row by row."""

    def __init__(self, name: str, values: Values) -> None:
        """`values`: the parameters of exploding-gradient."""
        self.name = name
        self.rows = 0
        self.bad = 0
        """Non-finite rows, one after the other."""
        self.small = 0
        """Rows, one after the other, below what vanishing-gradient calls small."""
        self.last = math.nan
        self.first = math.nan
        self.middle = math.nan
        """The usual size: the median of the last rows that were not high."""
        self.high: deque[bool] = deque(maxlen=5)
        self.below = 0.0
        self._usual: deque[float] = deque(maxlen=64)
        self._values = values
        self._limit = math.inf
        self._streak = 0
        self._finite = 0

    @property
    def settled(self) -> bool:
        """Whether finite values are the rule."""
        return self._finite >= _SETTLED

    def push(self, value: float) -> bool:
        """Take in a row; True when it is worth a look at once."""
        self.rows += 1
        self.last = value
        if not math.isfinite(value):
            self.bad += 1
            return self.bad == self._values["rows"]
        self.bad = 0
        value = tame(value)
        self._finite += 1
        if math.isnan(self.first):
            self.first = value
        self.small = self.small + 1 if value < self.below else 0
        high = value > self._limit
        self.high.append(high)
        self._streak = self._streak + 1 if high else 0
        if self._streak > _GIVEN_UP:
            self._usual.clear()
            self._limit, self._streak = math.inf, 0
        if not high:
            self._usual.append(value)
            if len(self._usual) >= BASE and self.rows % _RENEWED == 0:
                self._renew()
        return high or self.small == 1

    def _renew(self) -> None:
        values = list(self._usual)
        self.middle = median(values)
        far = min(math.exp(min(_SIGMAS * robust.log_spread(values), 50.0)), self._values["burst"])
        self._limit = max(self._values["floor"], self.middle * max(self._values["ratio"], far))


def exploding(snap: Snapshot, values: Values) -> Iterable[Finding]:
    """Far above its usual size again and again, or once beyond any proportion; or not finite."""
    for gradient in snap.gradients.values():
        name, last = gradient.name, gradient.last
        if gradient.bad >= values["rows"] and (gradient.settled or gradient.bad >= BASE):
            message = f"{name} has been {last} for {gradient.bad} rows; the trainer may hide a NaN loss"
            yield Finding(f"{name}:non-finite", message, {"rows": gradient.bad})
            continue
        bursts = bool(gradient.high) and gradient.high[-1] and last > values["burst"] * gradient.middle
        again = sum(gradient.high) >= 3
        harmless = bool(snap.training) and all(_as_before(s.recent, s.noise) for s in snap.training)
        if again or (bursts and not harmless):
            times = robust.times_text(last, gradient.middle)
            message = f"{name} rose to {last:.4g}, {times} its median {gradient.middle:.4g}"
            facts = {"value": last, "median": gradient.middle}
            yield Finding(name, message, facts, "notice" if harmless or not snap.descends else None)


def vanishing(snap: Snapshot, values: Values) -> Iterable[Finding]:
    """Too small for long, in a model that has learnt nothing."""
    training = snap.training
    if any(shape.learnt() for shape in training):
        return
    for gradient in snap.gradients.values():
        if gradient.small >= values["rows"]:
            name, below = gradient.name, values["below"]
            message = f"{name} has been below {below:g} for {gradient.small} rows ({gradient.last:.3g})"
            # Without a loss nobody knows whether it converged: it once had gradients, and may be done.
            had = not training and gradient.first > 1000 * below
            severity: Severity | None = None if snap.descends and not had else "notice"
            yield Finding(name, message, {"value": gradient.last, "rows": gradient.small}, severity)


def _as_before(recent: tuple[float, ...], noise: float) -> bool:
    """Whether the loss of the last three rows is where it was before."""
    if len(recent) < 10:
        return False
    before, now = median(recent[-30:-3] or recent), median(recent[-3:])
    return now <= before + max(4 * noise, 0.05 * abs(before))
