"""Numbers of a chart in words: what the legend and the tables say of each curve."""

from __future__ import annotations

from trainer_tui.report import ticks
from trainer_tui.report.blocks import Chart, Line


def value_text(chart: Chart, value: float | None) -> str:
    """A value with the unit of its axis; a dash where there is none."""
    if value is None:
        return "–"
    return f"{value:.5g}" if chart.y_unit == "number" else ticks.y_label(chart, round(value, 1))


def best_text(chart: Chart, line: Line) -> str:
    """`0.0213 at epoch 1450`."""
    at = "" if line.best_at is None else f" at {chart.x_name} {ticks.x_label(chart, line.best_at)}"
    return value_text(chart, line.best) + at


def reach_text(chart: Chart, line: Line) -> str:
    """`lowest 1.2, highest 8.5`, of a curve of which neither is better. Thinning keeps both."""
    values = [y for piece in line.pieces for _, y in piece]
    low, high = value_text(chart, min(values)), value_text(chart, max(values))
    return f"lowest {low}, highest {high}"


def legend_text(chart: Chart, line: Line) -> str:
    """What stands beside a curve's name."""
    told = f"best {best_text(chart, line)}" if chart.judged else reach_text(chart, line)
    return f"last {value_text(chart, line.last)}, {told}"
