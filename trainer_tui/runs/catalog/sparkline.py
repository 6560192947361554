"""A curve in one line of blocks, and the best value of a metric. Pure functions over plain numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

WIDTH = 24
"""Blocks of a curve that is kept; `narrowed` gives one of fewer."""

BLOCKS = "▁▂▃▄▅▆▇█"
BROKEN = "×"
"""Where the value was NaN or infinite."""

_RISING = re.compile(
    r"(?:^|[_./ -])"
    r"(?:acc|accuracy|auc|auroc|f1|r2|precision|recall|reward|return|score|bleu|rouge|iou|dice|map|psnr|ssim)"
    r"(?:$|[_./ @\d-])",
    re.I,
)
"""Names of metrics of which more is better; of every other one, less is."""


def more_is_better(metric: str) -> bool:
    """Whether the best value of a metric is its largest, as its name says."""
    return _RISING.search(metric) is not None and "loss" not in metric.lower()


def best_of(values: Sequence[float], metric: str) -> tuple[float, int] | None:
    """The best finite value and its place; None when there is none."""
    pick = max if more_is_better(metric) else min
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return None
    best = pick(finite)
    return best, values.index(best)


def sparkline(values: Sequence[float]) -> str:
    """The values as at most `WIDTH` blocks between their smallest and largest; the last one is there."""
    count = len(values)
    shown = values if count <= WIDTH else [values[(i + 1) * count // WIDTH - 1] for i in range(WIDTH)]
    finite = [value for value in shown if math.isfinite(value)]
    if not finite:
        return BROKEN * len(shown)
    low, high = min(finite), max(finite)
    # Halved, for the difference of two doubles may be none.
    span = high / 2 - low / 2
    return "".join(
        _block((v / 2 - low / 2) / span if span else 0.5) if math.isfinite(v) else BROKEN for v in shown
    )


def _block(fraction: float) -> str:
    return BLOCKS[round(7 * fraction)]


def narrowed(line: str, width: int) -> str:
    """A line of blocks in fewer cells; a broken place is never lost."""
    count = len(line)
    if count <= width:
        return line
    cells = []
    for i in range(width):
        part = line[i * count // width : (i + 1) * count // width]
        cells.append(BROKEN if BROKEN in part else part[-1])
    return "".join(cells)
