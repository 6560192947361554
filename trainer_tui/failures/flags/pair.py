"""A validation loss against its training loss: overfitting, and training past the best.

At each scale the last 12 groups of rows are looked at, so that a fast and a slow rise are both seen. A rise
counts when it is steady, larger than the curve's noise and than any rise before it, above the curve's
bottom, and still there a window later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import fmean, median

from trainer_tui.failures.flags import robust
from trainer_tui.failures.flags.finding import Finding, Snapshot
from trainer_tui.failures.flags.pyramid import Pyramid
from trainer_tui.runs.flags import Values

BINS = 12
_THIRD = BINS // 3
_FINEST = 256
"""Scales finer than this part of the run are not looked at: what they show is weather."""

_STEADY = 0.8
_STEADY_AT_FIRST = 0.9
"""Kendall's tau of the validation groups, with a past to compare with and without one."""
_FALLING = 0.6
_NOISE_TIMES = 2.0
_PAST_TIMES = 2.0
_GAIN_SHARE = 0.02
_LATER = 1.0
"""After so many times its own length a rise must still be there."""


@dataclass(frozen=True, slots=True)
class Rise:
    """A rise of the validation loss, in the loss's own unit, over so many rows."""

    from_: float
    to: float
    rows: int


class Pair:
    """One validation loss and its training loss, row by row."""

    def __init__(self, training: str, values: Values) -> None:
        """`values`: the parameters of overfitting."""
        self.training = training
        self.val = Pyramid()
        self.train = Pyramid()
        self.rise: Rise | None = None
        """The rise that is settled, until the validation loss is well again."""
        self._values = values
        self._doubts: dict[int, tuple[Rise, int]] = {}
        self._start = 0.0

    def push(self, val: float, train: float) -> bool:
        """Take in one row; True when it settles that the validation loss rises."""
        self.val.push(val)
        self.train.push(train)
        count = self.val.count
        if count <= 5:
            self._start = max(self._start, val) if count > 1 else val
        if count < BINS:
            return False
        level = 0
        settled = False
        while count >= BINS << level and count % (1 << level) == 0:
            if BINS << level >= max(self._values["rows"], count * BINS // _FINEST):
                settled = self._watch(level) or settled
            level += 1
        if (self._doubts or self.rise) and count % max(4, count // 64) == 0 and self._is_well():
            self._doubts.clear()
            self.rise = None
        return settled

    def _watch(self, level: int) -> bool:
        if level not in self._doubts:
            if rise := self._rising(level):
                self._doubts[level] = (rise, self.val.count)
            return False
        rise, since = self._doubts[level]
        now = fmean(list(self.val.at(level))[-_THIRD:])
        later = self.val.count - since
        if now < rise.to - 0.25 * (rise.to - rise.from_):  # it only wandered, and came back
            del self._doubts[level]
        elif later >= rise.rows * _LATER:
            fresh = self.rise is None
            self.rise = Rise(rise.from_, now, rise.rows + later)
            return fresh
        return False

    def _rising(self, level: int) -> Rise | None:
        groups = list(self.val.at(level))
        up, down = groups[-BINS:], list(self.train.at(level))[-BINS:]
        rise = Rise(fmean(up[:_THIRD]), fmean(up[-_THIRD:]), BINS << level)
        height = rise.to - rise.from_
        if height <= 0 or fmean(down[-_THIRD:]) >= fmean(down[:_THIRD]):
            return None
        steady = _STEADY if len(groups) >= 2 * BINS else _STEADY_AT_FIRST
        if robust.trend(up) < steady or robust.trend(down) > -_FALLING:
            return None
        bottom = min(self._bottom(), _lowest(groups))
        gain = max(0.0, self._start - bottom)
        seen = (
            height > _NOISE_TIMES * max(robust.noise(up), robust.wander(groups))
            and height > _PAST_TIMES * _largest_rise(groups)
            and rise.to > bottom + max(self._values["share"] * abs(bottom), _GAIN_SHARE * gain)
            and fmean(down[:_THIRD]) - fmean(down[-_THIRD:]) > robust.noise(down)
        )
        return rise if seen else None

    def _bottom(self) -> float:
        _, groups = self.val.whole()
        return _lowest(groups)

    def _is_well(self) -> bool:
        bottom = self._bottom()
        return fmean(list(self.val.at(0))[-4:]) <= bottom + 0.005 * abs(bottom)


def overfitting(snap: Snapshot, values: Values) -> Iterable[Finding]:
    """A rise of the validation loss that has settled."""
    if not snap.descends:
        return
    for name, pair in snap.pairs.items():
        rise = pair.rise
        if rise is not None:
            unit = "rows" if snap.by_step else "epochs"
            span = f"{rise.from_:.4g} → {rise.to:.4g}"
            message = f"{name} up for {rise.rows} {unit} while {pair.training} falls ({span})"
            facts = {"training": pair.training, "from": rise.from_, "to": rise.to, "rows": rise.rows}
            yield Finding(name, message, facts)


def overtraining(snap: Snapshot, values: Values) -> Iterable[Finding]:
    """The best validation loss lies far back, and the training loss still falls."""
    if not snap.descends:
        return
    for name, pair in snap.pairs.items():
        rows = pair.val.count
        if rows < 2 * values["rows"]:
            continue
        width, val = pair.val.whole()
        train = pair.train.whole()[1]
        size = max(1, len(val) // 12)
        smooth = robust.means(val, size)
        best = min(smooth)
        at = smooth.index(best)
        idle = rows - (at + size) * width
        if idle < max(values["rows"], values["patience"] * rows):
            continue
        tail = val[-max(4, len(val) // 4) :]
        now, sigma = median(tail), max(robust.noise(val), robust.spread(tail), robust.wander(val))
        gain = max(0.0, pair._start - best)
        above = now - best
        fell = fmean(train[at : at + size]) - fmean(train[-size:])
        steady = len(tail) >= 4 and robust.trend(train[at:]) < -0.5
        least = max(values["margin"] * abs(best), _GAIN_SHARE / 2 * gain, 3 * sigma)
        if above > least and fell > 0 and steady:
            message = (
                f"{name} was best ({best:.4g}) about {idle} rows ago and is {now:.4g} now, "
                f"while {pair.training} still falls"
            )
            yield Finding(name, message, {"best": best, "now": now, "rows": idle, "training": pair.training})


def _lowest(groups: Sequence[float]) -> float:
    """The bottom: the lowest mean of a third of BINS groups."""
    return min(robust.means(groups, _THIRD)) if len(groups) >= _THIRD else min(groups)


def _largest_rise(groups: Sequence[float]) -> float:
    """The largest rise over BINS groups before the last such window; 0 if there was none."""
    total = [0.0, *accumulate(groups)]
    sums = [b - a for a, b in zip(total, total[_THIRD:], strict=False)]
    past = len(groups) - BINS
    rises = [sums[i + BINS - _THIRD] - sums[i] for i in range(past - BINS + 1)]
    return max(0.0, max(rises, default=0.0)) / _THIRD
