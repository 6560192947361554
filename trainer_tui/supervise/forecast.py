"""What the full run will take, told from the quick one before the hours are spent."""

from __future__ import annotations

from collections.abc import Sequence

from trainer_tui.runs.clock import duration_text
from trainer_tui.runs.history import History
from trainer_tui.runs.plan import WatchPlan
from trainer_tui.runs.state import Forecast, RunState
from trainer_tui.runs.telemetry import TelemetryReader

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
    took = quick.duration_s
    if not took:
        return None
    memory = _memory(plan, quick, telemetry)
    known = [(full.duration_s or 0) / q.duration_s for q, full in pairs if q.duration_s and full.duration_s]
    if known:
        expected = took * known[-1]
        return Forecast(
            expected / _MARGIN,
            expected * _MARGIN,
            memory,
            f"the last full run took {known[-1]:.1f} times its quick run",
        )
    training = _training_seconds(history, took)
    fixed = took - training
    low = fixed + training / plan.scale
    high = fixed + training / (plan.scale * plan.data_fraction)
    return Forecast(
        low,
        high,
        memory,
        f"{duration_text(training)} of training at {plan.scale:.0%} of the iterations "
        f"and {plan.data_fraction:.0%} of the data",
    )


def window_warning(plan: WatchPlan, seen: Forecast) -> str:
    """A sentence when the full run will probably miss its required window; empty when it may fit."""
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


def _memory(plan: WatchPlan, quick: RunState, telemetry: TelemetryReader | None) -> float | None:
    peak = (quick.exit or {}).get("max_rss_bytes")
    if not peak:
        return None
    first = telemetry.series("job_rss", telemetry.rows)[:3] if telemetry else []
    base = min((v for v in first if v > 0), default=peak / 2)
    return float(base + (peak - base) / plan.data_fraction) if peak > base else float(peak)
