"""A chart as inline SVG: lines, axes, marks. Its colours come from the style sheet of the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape

from trainer_tui.report import ticks
from trainer_tui.report.blocks import Chart, Line, Mark

WIDTH, HEIGHT = 460, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 12, 18, 34
_DASHES = ("", "6 3", "2 2.5", "9 3 2 3")
_LEAST_APART = 11.0
"""Units between the signs of two marks."""
_X_TICKS, _Y_TICKS = 6, 5


@dataclass(frozen=True, slots=True)
class Frame:
    """From values to places in the picture."""

    x_low: float
    x_high: float
    y_low: float
    y_high: float
    log: bool

    def x(self, value: float) -> float:
        """Units from the left."""
        part = (value - self.x_low) / (self.x_high - self.x_low)
        return _LEFT + part * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        """Units from the top; what lies beyond the axis stands at its end."""
        low, high = self.y_low, self.y_high
        if self.log:
            low, high, value = math.log10(low), math.log10(high), math.log10(max(value, self.y_low))
        part = min(1.0, max(0.0, (value - low) / (high - low)))
        return HEIGHT - _BOTTOM - part * (HEIGHT - _TOP - _BOTTOM)


def svg(chart: Chart) -> str:
    """The picture. A chart without a point is an empty text."""
    frame = frame_of(chart)
    if frame is None:
        return ""
    parts = [
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{_alt(chart)}">',
        *_grid(chart, frame),
        *(_curve(line, number, frame) for number, line in enumerate(chart.lines)),
        *_marks(chart.marks, frame),
        "</svg>",
    ]
    return "\n".join(parts)


def frame_of(chart: Chart) -> Frame | None:
    """The axes: from the smallest to the largest value there is, with a little air."""
    points = [point for line in chart.lines for piece in line.pieces for point in piece]
    if not points:
        return None
    xs = [x for x, _ in points] + [mark.x for mark in chart.marks if math.isfinite(mark.x)]
    ys = [y for _, y in points]
    x_low, x_high = _apart(min(xs), max(xs))
    low, high = chart.y_range or (min(ys), max(ys))
    log = chart.log and low > 0
    if log:
        low, high = (low / 1.1, high * 1.1) if high > low else (low / 2, high * 2)
    else:
        low, high = _apart(low, high)
        if chart.y_range is None:
            air = (high - low) * 0.04
            # A quantity that is never negative has an axis that is not either.
            low, high = (low - air if min(ys) < 0 or low > air else min(low, 0.0)), high + air
    return Frame(x_low, x_high, low, high, log)


def dash_of(number: int) -> str:
    """The dashes of a curve, by its place: they tell curves apart where there is no colour."""
    return _DASHES[number % len(_DASHES)]


def swatch(number: int) -> str:
    """A short piece of a curve, for the legend."""
    dash = dash_of(number)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<svg class="swatch" viewBox="0 0 24 6" aria-hidden="true">'
        f'<path class="line c{number % 4}" d="M0 3H24"{dashed}/></svg>'
    )


def _apart(low: float, high: float) -> tuple[float, float]:
    """Two values with something between them."""
    if high > low:
        return low, high
    by = abs(low) * 0.05 or 0.5
    return low - by, high + by


def _grid(chart: Chart, frame: Frame) -> Iterable[str]:
    pick: Callable[[float, float, int], list[float]] = ticks.linear
    if frame.log:
        pick = ticks.decades
    elif chart.y_unit == "bytes":
        pick = ticks.powers_of_two
    bottom, right = HEIGHT - _BOTTOM, WIDTH - _RIGHT
    for value in pick(frame.y_low, frame.y_high, _Y_TICKS):
        y = frame.y(value)
        yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{right}"/>'
        label = escape(ticks.y_label(chart, value))
        yield f'<text class="tick" x="{_LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">{label}</text>'
    pick = ticks.seconds if chart.x_unit == "seconds" else ticks.linear
    for value in pick(frame.x_low, frame.x_high, _X_TICKS):
        x = frame.x(value)
        yield f'<path class="axis" d="M{x:.1f} {bottom}v4"/>'
        label = escape(ticks.x_label(chart, value))
        yield f'<text class="tick" x="{x:.1f}" y="{bottom + 15}" text-anchor="middle">{label}</text>'
    yield f'<path class="axis" d="M{_LEFT} {bottom}H{right}"/>'
    middle = (_LEFT + right) / 2
    name = escape(chart.x_name)
    yield f'<text class="tick" x="{middle:.0f}" y="{HEIGHT - 4}" text-anchor="middle">{name}</text>'


def _curve(line: Line, number: int, frame: Frame) -> str:
    path = "".join(_path(piece, frame) for piece in line.pieces if len(piece) > 1)
    dash = dash_of(number)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    drawn = f'<path class="line c{number % 4}" d="{path}"{dashed}/>' if path else ""
    lonely = "".join(
        f'<circle class="dot c{number % 4}" cx="{frame.x(x):.1f}" cy="{frame.y(y):.1f}" r="2"/>'
        for piece in line.pieces
        if len(piece) == 1
        for x, y in piece
    )
    return drawn + lonely


def _path(piece: tuple[tuple[float, float], ...], frame: Frame) -> str:
    """`M12.5 80.1L13 79.9`, places that fall onto the one before them left out."""
    found: list[str] = []
    for x, y in piece:
        place = f"{frame.x(x):.1f} {frame.y(y):.1f}"
        if not found or found[-1] != place:
            found.append(place)
    return "M" + "L".join(found if len(found) > 1 else found * 2)


def _marks(marks: Iterable[Mark], frame: Frame) -> Iterable[str]:
    """A line for each mark; where signs would overlap, that of the earlier mark in the list stands."""
    taken: list[tuple[float, float]] = []
    for mark in marks:
        if not math.isfinite(mark.x):
            continue
        x = frame.x(mark.x)
        title = f"<title>{escape(mark.text)}</title>" if mark.text else ""
        yield (f'<path class="mark {mark.tone}" d="M{x:.1f} {_TOP}V{HEIGHT - _BOTTOM}">{title}</path>')
        room = _LEAST_APART * max(1.0, len(mark.label) / 2)
        if all(abs(x - other) >= (room + its) / 2 for other, its in taken):
            taken.append((x, room))
            at = f'x="{x:.1f}" y="{_TOP - 4}" text-anchor="middle"'
            yield f'<text class="sign {mark.tone}" {at}>{escape(mark.label)}</text>'


def _alt(chart: Chart) -> str:
    """The picture in words, for who cannot see it."""
    names = ", ".join(line.name for line in chart.lines)
    return escape(f"{chart.title}: {names} over {chart.x_name}")
