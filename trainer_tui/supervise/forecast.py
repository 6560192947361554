"""What the full run will take, told from the quick one before the hours are spent."""

from __future__ import annotations

from collections.abc import Sequence

from trainer_tui.runs.clock import duration_text
from trainer_tui.runs.history import History
from trainer_tui.runs.plan import WatchPlan
from trainer_tui.runs.state import Forecast, RunState
from trainer_tui.runs.telemetry import TelemetryReader
from trainer_tui.runs.units import bytes_text

_MARGIN = 1.25
"""A ratio seen before is believed within this factor."""


def forecast(
    plan: WatchPlan,
    quick: RunState,
    history: History | None,
    telemetry: TelemetryReader | None,
    pairs: Sequence[tuple[RunState, RunState]] = (),
) -> Forecast | None:
    """Duration (seconds) and peak memory (bytes) of the full run; None when the quick run says nothing.

    `pairs`: (quick, full) of earlier watches of the same model, newest last; what their durations did is the
    best guide. Without any, the time spent training grows with the iterations at least, with iterations and
    data at most; start and end cost what they cost.
    """
    took = _active(quick)
    if not took:
        return None
    memory_low, memory_high = _memory(plan, quick, telemetry, pairs)
    known = [after / before for q, full in pairs if (before := _active(q)) and (after := _active(full))]
    if known:
        expected = took * known[-1]
        return Forecast(
            expected / _MARGIN,
            expected * _MARGIN,
            memory_low,
            memory_high,
            f"the last full run took {known[-1]:.1f} times its quick run",
        )
    training = _training_seconds(history, took)
    fixed = took - training
    low = fixed + training / plan.scale
    high = fixed + training / (plan.scale * plan.data_fraction)
    return Forecast(
        low,
        high,
        memory_low,
        memory_high,
        f"{duration_text(training)} of training at {plan.scale:.0%} of the iterations "
        f"and {plan.data_fraction:.0%} of the data",
    )


def forecast_text(seen: Forecast) -> str:
    """`26 s to 2:01, 0.4 to 2.4 GiB`."""
    text = f"about {duration_text(seen.seconds_low)} to {duration_text(seen.seconds_high)}"
    if seen.memory_low and seen.memory_high:
        text += f", {bytes_text(seen.memory_low)} to {bytes_text(seen.memory_high)} of memory"
    return text


def warning(plan: WatchPlan, seen: Forecast, memory: float | None) -> str:
    """A sentence when the full run will probably miss its window or not fit into `memory` bytes."""
    if memory and seen.memory_low and seen.memory_low > memory:
        wanted = bytes_text(seen.memory_low)
        return f"the full run will probably need {wanted} of memory at least; there are {bytes_text(memory)}"
    window = f"{duration_text(plan.min_s)} to {duration_text(plan.max_s)}"
    if seen.seconds_high < plan.min_s:
        at_most = duration_text(seen.seconds_high)
        return f"the full run will probably end after {at_most} at the latest; required are {window}"
    if seen.seconds_low > plan.max_s:
        at_least = duration_text(seen.seconds_low)
        return f"the full run will probably take {at_least} at least; required are {window}"
    return ""


def _training_seconds(history: History | None, took: float) -> float:
    if history is None or "time_s" not in history.columns:
        return took
    spent = sum(v for v in history.columns["time_s"] if v == v)
    return min(took, spent) if spent > 0 else took


def _memory(
    plan: WatchPlan,
    quick: RunState,
    telemetry: TelemetryReader | None,
    pairs: Sequence[tuple[RunState, RunState]],
) -> tuple[float | None, float | None]:
    """Bytes at least and at most: none of the quick run's memory grows with the data, or all does."""
    # The kernel tells the largest process alone, telemetry the whole job between its peaks.
    seen = [_peak(quick), telemetry.peak("job_rss") if telemetry else None]
    peak = max((value for value in seen if value), default=None)
    if peak is None:
        return None, None
    grew = [after / before for q, full in pairs if (before := _peak(q)) and (after := _peak(full))]
    if grew:
        return peak * grew[-1] / _MARGIN, peak * grew[-1] * _MARGIN
    first = telemetry.series("job_rss", telemetry.rows)[:3] if telemetry else []
    base = min((v for v in first if v > 0), default=peak / 2)
    return peak, base + (peak - base) / plan.data_fraction if peak > base else peak


def _active(state: RunState) -> float:
    """Seconds it ran, without those it was held."""
    return max(0.0, (state.duration_s or 0.0) - state.paused_s)


def _peak(state: RunState) -> float | None:
    peak = (state.exit or {}).get("max_rss_bytes")
    return float(peak) if peak else None
