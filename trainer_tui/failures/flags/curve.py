"""One column of a history as it grows, and the picture of it that the detectors judge."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

from trainer_tui.failures.flags import robust
from trainer_tui.failures.flags.columns import Kind, is_validation, is_whole_loss
from trainer_tui.failures.flags.pyramid import KEPT, Pyramid

_LARGEST = 1e100
_FIRST = 5
_SURE = 3
"""Rows before which nothing counts as learnt."""


def tame(value: float) -> float:
    """The value no further from zero than statistics can bear: sums and squares of it stay finite."""
    return min(max(value, -_LARGEST), _LARGEST)


class Curve:
    """A column, row by row; only finite values come in."""

    __slots__ = (
        "alarm", "bad", "clock", "first", "kind", "last", "learnt", "longest", "name", "pyramid",
        "rate_at_best", "recent", "rows", "same", "validation", "whole_loss",
    )  # fmt: skip

    def __init__(self, name: str, kind: Kind) -> None:
        self.name = name
        self.kind: Kind = kind
        self.validation = is_validation(name)
        self.whole_loss = kind == "loss" and is_whole_loss(name)
        self.rows = 0
        """Cells, finite or not."""
        self.bad = 0
        """Non-finite cells in a row."""
        self.last: float | None = None
        """The newest finite value, untamed."""
        self.first: list[float] = []
        self.same = 0
        """How often the newest value has been repeated."""
        self.longest = 0
        """The longest repetition of an earlier value."""
        self.recent: deque[float] = deque(maxlen=KEPT)
        self.pyramid = Pyramid()
        self.alarm = math.inf
        """A value above this is worth a look at once."""
        self.rate_at_best = math.nan
        """The learning rate when the loss was at its best."""
        self.clock = math.nan
        self.learnt = 0.0
        """The largest share of its size that the curve has ever surely come down."""

    def push(self, value: float) -> None:
        """Take in the next finite value."""
        if value == self.last:
            self.same += 1
        elif self.last is not None:
            if self.same > self.longest:
                self.longest = self.same
            self.same = 0
        self.last = value
        value = tame(value)
        if len(self.first) < _FIRST:
            self.first.append(value)
        self.recent.append(value)
        self.pyramid.push(value)

    def shape(self) -> Shape:
        """The picture as it is now; at least one value must have come."""
        width, groups = self.pyramid.whole()
        recent = list(self.recent)
        size = max(1, len(groups) // 12)
        smooth = robust.means(groups, size) if len(groups) > size else groups or recent
        best = min(smooth)
        noise = robust.noise(recent)
        margin = max(1e-3 * abs(max(smooth) - best), 2 * robust.noise(groups) / size**0.5)
        best_at = next(i for i, value in enumerate(smooth) if value <= best + margin)
        assert self.last is not None
        start = median(self.first)
        scale = max(abs(start), abs(best))
        # A curve that is lowest at its very beginning has not fallen, however high its first rows climb.
        lowest_first = smooth[0] == best
        fall = 0.0 if lowest_first else max(self.first[0], start) - best
        if fall > 4 * noise and scale and self.pyramid.count >= _SURE:
            self.learnt = max(self.learnt, fall / scale)
        return Shape(
            name=self.name,
            kind=self.kind,
            validation=self.validation,
            whole_loss=self.whole_loss,
            rows=self.pyramid.count,
            first=self.first[0],
            start=start,
            now=median(recent[-8:]),
            level=fmean(recent[-10:]),
            best=best,
            best_row=min(self.pyramid.count, (best_at + size) * width),
            noise=noise,
            width=width,
            groups=tuple(groups),
            recent=tuple(recent),
            last=self.last,
            same=self.same,
            longest=self.longest,
            rate_at_best=self.rate_at_best,
            fallen=self.learnt,
            gain=0.0 if lowest_first else max(0.0, start - best),
        )


@dataclass(frozen=True, slots=True)
class Shape:
    """A column at one moment, in the column's own unit; rows are counted from 1."""

    name: str
    kind: Kind
    validation: bool
    whole_loss: bool
    rows: int
    first: float
    start: float
    """Median of the first five rows: one wild first row does not make it."""
    now: float
    """Median of the last eight rows."""
    level: float
    """Mean of the last ten rows."""
    best: float
    """The lowest mean of a twelfth of the whole curve."""
    best_row: int
    noise: float
    width: int
    groups: tuple[float, ...]
    """The whole curve in at most 64 groups of `width` rows."""
    recent: tuple[float, ...]
    last: float
    same: int
    longest: int
    rate_at_best: float
    fallen: float
    gain: float
    """How far the curve has come down from its start."""

    @property
    def scale(self) -> float:
        """The size of what the curve is about, for shares of it."""
        return max(abs(self.start), abs(self.best))

    @property
    def idle(self) -> int:
        """Rows since the best."""
        return self.rows - self.best_row

    def learnt(self, share: float = 0.02) -> bool:
        """Whether the curve ever fell by more than a share of its size, out of its noise."""
        return self.fallen > share

    def rising(self, rows: int) -> bool:
        """Whether the last rows climb, noise aside."""
        window = self.recent[-2 * rows :]
        if len(window) < 2 * rows:
            return False
        steps = [b - a for a, b in pairwise(window[rows - 1 :])]
        climb = window[-1] - min(window[rows - 1 :])
        return (
            median(window[rows:]) > median(window[:rows])
            and robust.trend(window[rows:]) >= 0.6
            and max(steps) < 0.75 * climb  # a jump is a spike, or a restart
        )
