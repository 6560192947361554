"""What a page says of a watch, in the order in which a reader asks: what came of it, how, why, with what."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from trainer_tui.report.blocks import (
    Block,
    Group,
    Item,
    Items,
    Page,
    Prose,
    Section,
    Table,
    Text,
    Tone,
)
from trainer_tui.report.charts import machine_charts, metric_charts, peak_job_bytes
from trainer_tui.report.facts import RunFacts, WatchFacts
from trainer_tui.report.forecasts import came_true
from trainer_tui.report.incidents import incidents
from trainer_tui.report.masking import masked
from trainer_tui.report.results import results
from trainer_tui.report.setup import changes, setup
from trainer_tui.report.training import training
from trainer_tui.runs.catalog.sparkline import best_of
from trainer_tui.runs.catalog.summary import column_of
from trainer_tui.runs.clock import duration_text, parse_utc
from trainer_tui.runs.plan import MAIN_METRIC, PHASE_NAMES, PHASES
from trainer_tui.runs.secrets import secrets_of
from trainer_tui.runs.state import RunState
from trainer_tui.runs.text import clean
from trainer_tui.runs.units import bytes_text, counted
from trainer_tui.runs.verdict import GATE_MARKS, GateState

_END_SIGNS: dict[str, tuple[str, Tone]] = {
    "good": ("✔", "good"),
    "neutral": ("■", "plain"),
    "bad": ("✘", "bad"),
}
_GATE_TONES: dict[GateState, Tone] = {"passed": "good", "failed": "bad", "open": "warning"}


def page_of(watch: WatchFacts) -> Page:
    """The page about a watch, without anything in it that looks like a secret."""
    newest = watch.newest
    sign, tone, outcome = _outcome(newest.state)
    page = Page(
        title=f"{clean(watch.model, 100)} {_numbers(watch)}",
        sign=sign,
        tone=tone,
        outcome=outcome,
        sentence=_sentence(newest),
        as_of="" if watch.over else _moment(watch.now),
        figures=_figures(watch),
        sections=(
            Section("Phases", tuple(_phases(watch))),
            Section("Gates", tuple(_gates(watch))),
            Section("Curves", tuple(_curves(watch))),
            Section("Machine", tuple(_by_phase(watch, machine_charts))),
            Section("Forecast and what came", tuple(came_true(watch))),
            Section("Incidents", tuple(incidents(watch))),
            Section("Changed since the last good run", tuple(changes(watch))),
            Section("Diary", tuple(_diary(watch))),
            Section("Trials and evaluation", tuple(training(watch))),
            Section("Results", tuple(results(watch))),
            Section("Command and settings", tuple(setup(watch))),
            Section("Not read", tuple(_unread(watch))),
        ),
        footer=f"{clean(watch.project, 100)}, {', '.join(clean(run.run.name) for run in watch.runs)}. "
        "Times are UTC. Written by trainer-tui report.",
    )
    secrets: set[str] = set()
    for run in watch.runs:
        if run.request is not None:
            environ = {**run.request.plan.env, **run.request.env}
            secrets |= secrets_of(environ, run.request.command)
    return masked(page, secrets)


def _outcome(state: RunState) -> tuple[str, Tone, str]:
    """Sign, tone and word."""
    if state.over:
        return *_END_SIGNS[state.tone], state.reason
    failure = state.failure
    if failure is not None and failure.fate == "confirmed":
        return "✘", "bad", f"{state.status}, {failure.kind}"
    return "●", "warning" if state.blind or failure is not None else "plain", state.status


def _sentence(run: RunFacts) -> str:
    state = run.state
    if state.over:
        return clean(state.sentence, 1000)
    blind = "; ".join(why for _, why in state.blind)
    failure = state.failure
    said = failure.message if failure is not None else PHASE_NAMES.get(state.phase, state.phase)
    return clean(f"{said} (blind: {blind})" if blind else said, 1000)


def _numbers(watch: WatchFacts) -> str:
    first, last = watch.runs[0].run.number, watch.newest.run.number
    return f"#{first}" if first == last else f"#{first} to #{last}"


def _figures(watch: WatchFacts) -> tuple[tuple[str, str], ...]:
    run = watch.newest
    rows = [
        (f"{PHASE_NAMES.get(run.state.phase, run.state.phase)} took", duration_text(run.state.duration_s))
    ]
    if len(watch.runs) > 1:
        whole = sum(each.state.duration_s or 0.0 for each in watch.runs)
        rows.append(("all runs took", duration_text(whole)))
    peak = peak_job_bytes(run)
    if peak is not None:
        rows.append(("peak memory", bytes_text(peak)))
    best = _best(run)
    if best is not None:
        rows.append((f"best {best[0]}", best[1]))
    began = next((each.state.started for each in watch.runs if each.state.started), "")
    if began:
        rows.append(("began", _moment(began)))
    return tuple(rows)


def _best(run: RunFacts) -> tuple[str, str] | None:
    """The main metric and its best value with its step."""
    wanted = run.request.plan.main_metric if run.request is not None else MAIN_METRIC
    found = column_of(run.history, wanted)
    if found is None:
        return None
    metric, values, step = found
    best = best_of(values, metric)
    if best is None:
        return None
    at = step(best[1])
    where = f" at {run.history.step_column or 'row'} {at:g}" if at is not None else ""
    return clean(metric, 60), f"{best[0]:.5g}{where}"


def _phases(watch: WatchFacts) -> list[Block]:
    rows = []
    for run in watch.runs:
        state = run.state
        sign, _, word = _outcome(state)
        best = _best(run)
        peak = peak_job_bytes(run)
        rows.append(
            (
                f"#{state.number}",
                PHASE_NAMES.get(state.phase, state.phase),
                str(state.attempt),
                f"{sign} {word}",
                _moment(state.started),
                duration_text(state.duration_s),
                bytes_text(peak) if peak is not None else "–",
                f"{best[0]} {best[1]}" if best is not None else "–",
            )
        )
    blocks: list[Block] = [
        Table(("run", "phase", "attempt", "end", "started", "took", "peak memory", "best"), tuple(rows))
    ]
    for run in watch.runs[:-1]:
        if run.state.over and not run.state.passed:
            blocks.append(
                Text(f"#{run.state.number} {run.state.reason}: {clean(run.state.sentence, 600)}", "dim")
            )
    blocks += [Text(f"The {phase} phase was skipped: {clean(why, 600)}") for phase, why in _skipped(watch)]
    blocks += [Text(_paused(run.state)) for run in watch.runs if run.state.paused_s >= 1]
    if watch.before:
        tries = counted(len(watch.before), "run", "runs")
        told = ", ".join(f"#{state.number} {state.reason or state.status}" for state in watch.before[-12:])
        blocks.append(Text(f"Tried before, in {tries} since it last passed: {told}."))
    labels = [run.labels for run in watch.runs]
    tags = dict.fromkeys(f"#{tag}" for label in labels for tag in label.tags)
    notes = [Text(f"Note on #{run.run.number}: {run.labels.note}") for run in watch.runs if run.labels.note]
    return [*blocks, *([Text(f"Tags: {' '.join(tags)}")] if tags else []), *notes, *_said(watch)]


def _skipped(watch: WatchFacts) -> Iterable[tuple[str, str]]:
    return dict.fromkeys(pair for run in watch.runs for pair in run.state.skipped)


def _paused(state: RunState) -> str:
    return f"#{state.number} was held for {duration_text(state.paused_s)} of that."


def _said(watch: WatchFacts) -> list[Block]:
    """What people wrote into the events."""
    notes = [event for run in watch.runs for event in run.events if event["kind"] == "note"]
    return [
        Text(clean(f"{_moment(event['time'])} {event.get('by') or 'note'}: {event.get('text') or ''}", 700))
        for event in notes[-50:]
    ]


def _gates(watch: WatchFacts) -> list[Block]:
    blocks: list[Block] = []
    for phase in reversed(PHASES):
        run = watch.last_of(phase)
        if run is None or not run.state.gates:
            continue
        items = tuple(
            Item(
                GATE_MARKS.get(gate.state, "·"),
                clean(f"{gate.name}: {gate.sentence}", 600),
                _GATE_TONES.get(gate.state, "dim"),
                clean(gate.advice, 600) if gate.state in ("failed", "open") else "",
            )
            for gate in run.state.gates
        )
        blocks.append(Group(f"#{run.run.number} {PHASE_NAMES[phase]}", (Items(items),)))
    return blocks


def _curves(watch: WatchFacts) -> list[Block]:
    blocks = _by_phase(watch, metric_charts)
    marked = any(i.severity != "notice" for run in watch.runs for i in run.state.incidents)
    told = (
        "Numbers at the upper edge are those of the incidents below; dashes tell curves apart without colour."
    )
    return [*blocks, Text(told, "dim")] if blocks and marked else blocks


def _by_phase(watch: WatchFacts, charts_of: Callable[[RunFacts], list[Block]]) -> list[Block]:
    """The charts of the last attempt at each phase, the full one first."""
    blocks: list[Block] = []
    for phase in reversed(PHASES):
        run = watch.last_of(phase)
        charts = charts_of(run) if run is not None else []
        if run is not None and charts:
            blocks.append(Group(f"#{run.run.number} {PHASE_NAMES[phase]}", tuple(charts)))
    return blocks


def _diary(watch: WatchFacts) -> list[Block]:
    return [Prose(entry.text) for entry in watch.entries]


def _unread(watch: WatchFacts) -> list[Block]:
    told = [(run.run.name, why) for run in watch.runs for why in run.unread]
    told += [(run.run.name, f"the log: {run.state.unread}") for run in watch.runs if run.state.unread]
    told += [(watch.project, why) for why in watch.unread]
    return (
        [Items(tuple(Item("◌", clean(f"{name}: {why}", 600), "warning") for name, why in told))]
        if told
        else []
    )


def _moment(stamp: str) -> str:
    """`2026-01-25 14:30`."""
    moment = parse_utc(stamp)
    return moment.strftime("%Y-%m-%d %H:%M") if moment is not None else "–"
