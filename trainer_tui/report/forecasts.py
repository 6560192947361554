"""What the quick run promised of the full one, beside what came."""

from __future__ import annotations

from collections.abc import Callable

from trainer_tui.report.blocks import Block, Table, Text
from trainer_tui.report.charts import peak_job_bytes
from trainer_tui.report.facts import WatchFacts
from trainer_tui.runs.clock import duration_text
from trainer_tui.runs.state import RunState
from trainer_tui.runs.text import clean
from trainer_tui.runs.units import bytes_text


def came_true(watch: WatchFacts) -> list[Block]:
    """Duration and memory: forecast, measured, and how they go together."""
    quick, full = watch.last_of("quick"), watch.last_of("full")
    seen = quick.state.forecast if quick is not None else None
    if seen is None:
        return []
    state = full.state if full is not None else None
    took = _active(state) if state is not None and state.started else None
    # A run that was broken off says nothing of how long the whole would have been.
    whole = state is not None and state.over and state.reason in ("passed", "gate-failed")
    peak = peak_job_bytes(full) if full is not None else None
    rows = [_row("duration", seen.seconds_low, seen.seconds_high, took, whole, duration_text)]
    if seen.memory_low is not None and seen.memory_high is not None:
        rows.append(_row("peak memory", seen.memory_low, seen.memory_high, peak, whole, bytes_text))
    blocks: list[Block] = [
        Table(("", "forecast", "came", ""), tuple(rows)),
        Text(f"Basis: {clean(seen.basis, 300)}.", "dim"),
    ]
    warnings = [
        e for e in (quick.events if quick is not None else ()) if e["kind"] == "forecast" and e.get("warning")
    ]
    return [*blocks, *(Text(f"▲ {clean(str(event['warning']), 300)}", "warning") for event in warnings[-1:])]


def _row(
    name: str, low: float, high: float, came: float | None, whole: bool, tell: Callable[[float], str]
) -> tuple[str, str, str, str]:
    promised = tell(low) if tell(low) == tell(high) else f"{tell(low)} to {tell(high)}"
    if came is None:
        return name, promised, "–", "no full run yet"
    return name, promised, tell(came), _verdict(low, high, came, whole)


def _verdict(low: float, high: float, came: float, whole: bool) -> str:
    if came > high:
        return f"{came / high:.2g} times the most that was expected" if high > 0 else "more than expected"
    if not whole:
        return "the run did not come to its end"
    if came < low:
        return f"{came / low:.2g} times the least that was expected"
    return "as expected"


def _active(state: RunState) -> float | None:
    """Seconds it ran, without those it was held."""
    return None if state.duration_s is None else max(0.0, state.duration_s - state.paused_s)
