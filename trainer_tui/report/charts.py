"""The curves of a run and of its machine, with the incidents where they happened."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trainer_tui.report.blocks import Block, Chart, Line, Mark, Text, Tone
from trainer_tui.report.facts import RunFacts
from trainer_tui.report.series import MOST_CHARTS, groups, machine_line, metric_chart, plottable
from trainer_tui.runs.clock import parse_utc
from trainer_tui.runs.history import History
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.plan import MAIN_METRIC
from trainer_tui.runs.telemetry import gpu_column
from trainer_tui.runs.text import clean
from trainer_tui.runs.units import counted

MOST_MARKS = 40
"""Marks in one chart; more would be a wall."""

_ORDER = {"error": 0, "warning": 1}
_TONES: dict[str, Tone] = {"error": "bad", "warning": "warning", "notice": "dim"}


def numbered(run: RunFacts) -> list[tuple[str, Incident]]:
    """The incidents of a run, numbered as in its charts: the cause of its end first, notices last."""
    cause = run.state.failure
    told = sorted(
        run.state.incidents, key=lambda incident: (incident != cause, _ORDER.get(incident.severity, 2))
    )
    return [(str(number), incident) for number, incident in enumerate(told, 1)]


def tone_of(incident: Incident) -> Tone:
    """Of an incident: what training survived is not shouted."""
    return "dim" if incident.fate == "recovered" else _TONES.get(incident.severity, "dim")


def metric_charts(run: RunFacts) -> list[Block]:
    """The charts of a run's metrics, the main one first."""
    history = run.history
    plan = run.request.plan if run.request is not None else None
    marks = _metric_marks(run)
    charts: list[Block] = []
    main = plan.main_metric if plan is not None else MAIN_METRIC
    together = groups(plottable(history), main)
    for names in together[:MOST_CHARTS]:
        chart = metric_chart(history, names, marks, main)
        if chart is not None:
            charts.append(chart)
    if len(together) > MOST_CHARTS:
        left = [clean(name, 40) for names in together[MOST_CHARTS:] for name in names]
        named = f"{', '.join(left[:12])}{', …' if len(left) > 12 else ''}"
        charts.append(
            Text(f"{counted(len(left), 'more column is', 'more columns are')} not drawn: {named}", "dim")
        )
    if history.problems:
        first = history.problems[0]
        told = (
            f"{counted(len(history.problems), 'place', 'places')} of the history could not be read as written"
        )
        charts.append(Text(f"{told}; the first in line {first.line}: {clean(first.what, 200)}", "dim"))
    return charts


def machine_charts(run: RunFacts) -> list[Block]:
    """CPU, memory, GPUs and disk over the time of a run."""
    table = run.machine
    x = table.columns.get("elapsed_s")
    if not table.rows or x is None:
        return []
    marks = _machine_marks(run)
    found: list[Block] = []

    def add(
        title: str, columns: Sequence[tuple[str, Sequence[float] | None]], unit: str, top: float | None
    ) -> None:
        lines = [machine_line(name, x, values) for name, values in columns if values is not None]
        drawn = tuple(line for line in lines if line is not None)
        if drawn:
            found.append(_machine_chart(title, drawn, unit, top, marks))

    columns = table.columns
    cores = _largest(columns.get("cpu_count"))
    job = columns.get("job_cpu_percent")
    share = [value / cores for value in job] if job is not None and cores else None
    add("CPU", (("machine", columns.get("cpu_percent")), ("job", share)), "percent", 100.0)
    add("Memory", (("machine", columns.get("ram_used")), ("job", columns.get("job_rss"))), "bytes", None)
    indexes = _gpus(table)
    add("GPU load", [(f"GPU {n}", columns.get(gpu_column(n, "util"))) for n in indexes], "percent", 100.0)
    add("GPU memory", [(f"GPU {n}", columns.get(gpu_column(n, "mem_used"))) for n in indexes], "bytes", None)
    add(
        "GPU temperature (°C)",
        [(f"GPU {n}", columns.get(gpu_column(n, "temp"))) for n in indexes],
        "number",
        None,
    )
    return found


def peak_job_bytes(run: RunFacts) -> float | None:
    """Memory at its highest: what telemetry saw of the whole job, or the kernel of its largest process."""
    told = (run.state.exit or {}).get("max_rss_bytes")
    seen = [_largest(run.machine.columns.get("job_rss")), told if isinstance(told, int | float) else None]
    return max((float(value) for value in seen if value), default=None)


def _machine_chart(
    title: str, lines: tuple[Line, ...], unit: str, top: float | None, marks: tuple[Mark, ...]
) -> Chart:
    return Chart(
        title,
        lines,
        "time since the start",
        x_unit="seconds",
        y_unit="percent" if unit == "percent" else "bytes" if unit == "bytes" else "number",
        y_range=(0.0, top) if top is not None else None,
        marks=marks,
        judged=False,
    )


def _gpus(table: History) -> list[int]:
    found: list[int] = []
    while gpu_column(len(found), "mem_total") in table.columns:
        found.append(len(found))
    return found[:8]


def _metric_marks(run: RunFacts) -> tuple[Mark, ...]:
    steps = run.history.steps()
    marks = []
    for label, incident in numbered(run):
        row = _row_of(run, incident)
        if incident.severity != "notice" and row is not None and math.isfinite(steps[row]):
            marks.append(_mark(steps[row], label, incident))
    return tuple(marks[:MOST_MARKS])


def _machine_marks(run: RunFacts) -> tuple[Mark, ...]:
    """Incidents by the clock; a clock that was set meanwhile would put them nowhere."""
    last = _largest(run.machine.columns.get("elapsed_s")) or 0.0
    marks = []
    for label, incident in numbered(run):
        seconds = _seconds_in(run, incident)
        if incident.severity != "notice" and seconds is not None and 0 <= seconds <= last + 60:
            marks.append(_mark(min(seconds, last), label, incident))
    return tuple(marks[:MOST_MARKS])


def _seconds_in(run: RunFacts, incident: Incident) -> float | None:
    """Seconds from the start to an incident's first writing, by the clock."""
    start, moment = parse_utc(run.state.started), parse_utc(run.incident_times().get(incident.id, ""))
    return None if start is None or moment is None else (moment - start).total_seconds()


def _mark(x: float, label: str, incident: Incident) -> Mark:
    return Mark(x, tone_of(incident), label, clean(incident.message, 200))


def _row_of(run: RunFacts, incident: Incident) -> int | None:
    """The 0-based row of metrics at which an incident stands; None where nothing tells."""
    history = run.history
    row = incident.facts.get("row")
    if isinstance(row, int) and 0 <= row < history.rows:
        return row
    last, step = incident.facts.get("last_row"), history.step_column
    value = last.get(step) if isinstance(last, dict) and step is not None else None
    if isinstance(value, int | float):
        steps = history.columns[str(step)]
        found = [at for at, there in enumerate(steps) if there == value]
        if found:
            return found[-1]
    elapsed, seconds = history.columns.get("elapsed_s"), _seconds_in(run, incident)
    if elapsed is None or seconds is None:
        return None
    before = [at for at, value in enumerate(elapsed) if value <= seconds]
    return before[-1] if before else None


def _largest(values: Sequence[float] | None) -> float | None:
    return max((v for v in values or () if math.isfinite(v)), default=None)
