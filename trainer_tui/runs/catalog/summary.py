"""One line about one run, for lists of thousands: cheap to read, small to keep, plain to store.

A summary is read in two steps: the facts (what was asked, how it stands or ended) come from small documents,
the curve from the whole history.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trainer_tui.runs.catalog.labels import read_labels
from trainer_tui.runs.catalog.sparkline import best_of, sparkline
from trainer_tui.runs.exit_document import read_exit
from trainer_tui.runs.files import parse_records, read_json
from trainer_tui.runs.history import STEP_COLUMNS, TIME_COLUMNS, History, read_history
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.plain import open_plain, plain_reader
from trainer_tui.runs.plan import MAIN_METRIC
from trainer_tui.runs.schema import is_newer, told_as_newer, version_of
from trainer_tui.runs.state import RunState, observe
from trainer_tui.runs.text import clean
from trainer_tui.runs.verdict import REASONS, Tone

NAMED, FACTS, WHOLE = 0, 1, 2
"""How much of a summary was read: the folder's name, the facts, the curve as well."""

_TAIL = 8 << 10
"""Bytes at the end of the events in which the run's end is looked for."""

_SMALL = 1 << 20
"""Bytes of a history that is read the quick way, column by column."""

_OTHER_METRICS = ("val_loss", "train_loss", "loss")


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run in a list. Texts are free of control sequences."""

    model: str
    folder: str
    """`007-full`."""
    number: int
    phase: str
    level: int = NAMED
    changed_ns: int = 0
    """When something in its folder was made or replaced last; orders runs that were not read yet."""
    status: str = ""
    """As in `RunState`; `incomplete` for a folder without a readable `run.json`, empty before it was read."""
    reason: str = ""
    sentence: str = ""
    blind: str = ""
    """Why the supervisor, or we, cannot see how it goes; empty when all is seen."""
    suspected: str = ""
    """Kind of the error that is suspected or confirmed in a run that has not ended."""
    watch: int = 0
    attempt: int = 1
    created: str = ""
    started: str = ""
    ended: str = ""
    duration_s: float | None = None
    peak_bytes: float | None = None
    """Resident memory at its highest: of the process once it has ended, of the whole job while it lives."""
    metric: str = ""
    """The column that `best`, `last` and the curve are of."""
    best: float | None = None
    best_at: float | None = None
    """The step of the best value."""
    last: float | None = None
    steps: float | None = None
    total: float | None = None
    spark: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""
    command: str = ""
    host: str = ""
    user: str = ""
    commit: str = ""

    @property
    def key(self) -> str:
        """`model_3/007-full`."""
        return f"{self.model}/{self.folder}"

    @property
    def over(self) -> bool:
        """Whether it has ended and was judged."""
        return self.status == "ended"

    @property
    def living(self) -> bool:
        """Whether something of it may still change by itself."""
        return self.status not in ("", "ended", "incomplete")

    @property
    def tone(self) -> Tone:
        """Of its end; neutral until then, and bad when its reason is a newer version's."""
        if not self.over:
            return "neutral"
        return REASONS[self.reason].tone if self.reason in REASONS else "bad"

    @property
    def word(self) -> str:
        """How it stands in one word: its reason once it has ended."""
        return self.reason if self.over else self.status


def named(run: RunFolder, changed_ns: int = 0) -> RunSummary:
    """What the folder's name says."""
    number, _, phase = run.path.name.partition("-")
    return RunSummary(clean(run.model, 200), run.path.name, int(number), phase, changed_ns=changed_ns)


def with_facts(summary: RunSummary, run: RunFolder) -> tuple[RunSummary, bool]:
    """The summary with what the small documents say, and whether that is the run's end for good.

    Raises OSError when the folder's events cannot be read.
    """
    document = read_json(run.run_json)
    labels = read_labels(run)
    said: dict[str, Any] = {"level": FACTS, "tags": labels.tags, "note": labels.note}
    if document is None or not isinstance(document.get("plan"), dict):
        why = "its run.json is missing or cannot be read"
        if document is not None and is_newer(version_of(document)):
            why = told_as_newer(version_of(document))
        return replace(summary, **said, status="incomplete", sentence=why, created=_stamp(summary)), False
    said |= _asked(summary, document)
    end, started = _ending(run)
    if end is None:
        return of_state(replace(summary, **said), observe(run)), False
    exit_status = read_exit(run.exit_json) or {}
    said |= {
        "status": "ended",
        "reason": text_of(end.get("reason"), 40) or "failed",
        "sentence": text_of(end.get("sentence"), 400),
        "started": text_of(exit_status.get("started"), 40) or started or said["created"],
        "ended": text_of(exit_status.get("ended"), 40) or text_of(end.get("time"), 40),
        "duration_s": number_of(exit_status.get("duration_s")),
        "peak_bytes": number_of(exit_status.get("max_rss_bytes")),
        "blind": "",
        "suspected": "",
    }
    return replace(summary, **said), True


def of_state(base: RunSummary, state: RunState) -> RunSummary:
    """The summary of a run that was observed, not read as ended for good."""
    failure = state.failure
    return replace(
        base,
        level=max(base.level, FACTS),
        status=state.status,
        reason=clean(state.reason, 40),
        sentence=clean(state.sentence, 400),
        blind="" if state.over else "; ".join(clean(why, 200) for _, why in state.blind),
        suspected=clean(failure.kind, 40) if failure is not None and not state.over else "",
        started=state.started or base.created,
        ended=state.ended,
        duration_s=state.duration_s,
        peak_bytes=number_of((state.exit or {}).get("max_rss_bytes")),
    )


def with_curve(summary: RunSummary, run: RunFolder) -> RunSummary:
    """The summary with best value, last value, steps and curve of the main metric."""
    wanted = summary.metric or MAIN_METRIC
    try:
        found = _plain_columns(run, wanted) or column_of(read_history(run.history), wanted)
    except OSError:
        found = None
    return replace(summary, level=WHOLE) if found is None else with_values(summary, *found)


def with_values(
    summary: RunSummary, metric: str, values: Sequence[float], step: Callable[[int], float | None]
) -> RunSummary:
    """The summary of these values of its metric; `step` gives the step of a row."""
    best = best_of(values, metric)
    return replace(
        summary,
        level=WHOLE,
        metric=clean(metric, 60),
        best=None if best is None else best[0],
        best_at=None if best is None else step(best[1]),
        last=next((v for v in reversed(values) if math.isfinite(v)), None),
        steps=next((at for row in reversed(range(len(values))) if (at := step(row)) is not None), None),
        spark=sparkline(values),
    )


def column_of(
    history: History, wanted: str
) -> tuple[str, Sequence[float], Callable[[int], float | None]] | None:
    """Metric, values and steps of a history; None when it has no metric."""
    metric = main_column(list(history.columns), wanted)
    if metric is None:
        return None
    steps = history.columns[history.step_column] if history.step_column else None
    return metric, history.columns[metric], lambda row: row + 1.0 if steps is None else _finite(steps[row])


def main_column(names: Sequence[str], wanted: str) -> str | None:
    """The column to judge a run by: the one asked for, else a loss, else the first metric."""
    for name in (wanted, *_OTHER_METRICS):
        if name in names:
            return name
    return next((name for name in names if name.lower() not in (*STEP_COLUMNS, *TIME_COLUMNS)), None)


def text_of(value: Any, limit: int) -> str:
    """A text of a document that any program may have written."""
    return clean(value, limit) if isinstance(value, str) else ""


def number_of(value: Any) -> float | None:
    """A finite number of such a document."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return _finite(float(value))
    except OverflowError:
        return None


# ------------------------------------------------------------------ reading


def _asked(base: RunSummary, document: dict[str, Any]) -> dict[str, Any]:
    """What `run.json` says."""
    plan, git = document["plan"], document.get("git")
    command = document.get("command")
    words = [word for word in command if isinstance(word, str)] if isinstance(command, list) else []
    return {
        "watch": int(number_of(document.get("watch")) or base.number),
        "attempt": int(number_of(document.get("attempt")) or 1),
        "created": text_of(document.get("created"), 40) or _stamp(base),
        "metric": text_of(plan.get("main_metric"), 60) or MAIN_METRIC,
        "command": clean(" ".join(words), 300),
        "host": text_of(document.get("host"), 60),
        "user": text_of(document.get("user"), 60),
        "commit": text_of(git.get("commit"), 40) if isinstance(git, dict) else "",
    }


def _ending(run: RunFolder) -> tuple[dict[str, Any] | None, str]:
    """The last `ended` among the last events, and when the process started if these say so."""
    try:
        descriptor = open_plain(run.events, within=run.path)
    except FileNotFoundError:
        return None, ""
    try:
        size = os.fstat(descriptor).st_size
        data = os.pread(descriptor, _TAIL, max(0, size - _TAIL))
    finally:
        os.close(descriptor)
    lines = data[: data.rfind(b"\n") + 1].split(b"\n")
    ends = [e for e in parse_records([x for x in lines if b"ended" in x]) if e.get("kind") == "ended"]
    starts = [e for e in parse_records([x for x in lines if b"started" in x]) if e.get("kind") == "started"]
    started = text_of(starts[-1].get("at") or starts[-1].get("time"), 40) if starts else ""
    return (ends[-1] if ends else None), started


def _plain_columns(
    run: RunFolder, wanted: str
) -> tuple[str, Sequence[float], Callable[[int], float | None]] | None:
    """Metric, values and steps of a plain small table; None where it has to be read with care."""
    with plain_reader(run.history) as file:
        data = file.read(_SMALL + 1)
    first, _, body = data.partition(b"\n")
    if len(data) > _SMALL or b'"' in data or b"\0" in data or not body.endswith(b"\n"):
        return None
    if data.count(b"\r") > data.count(b"\r\n"):
        return None
    names = [cell.strip() for cell in first.decode("utf-8", "replace").strip("\r\ufeff").split(",")]
    metric = main_column(names, wanted)
    rows = [row.split(b",") for row in body[:-1].split(b"\n")]
    if (
        metric is None
        or not all(names)
        or len(set(names)) != len(names)
        or set(map(len, rows)) != {len(names)}
    ):
        return None
    lower, at = [name.lower() for name in names], names.index(metric)
    column = next((lower.index(name) for name in STEP_COLUMNS if name in lower), None)
    try:
        values = [float(row[at]) for row in rows]
        if column is not None:
            float(rows[0][column])  # another header is no row
    except ValueError:
        return None

    def step(row: int) -> float | None:
        try:
            return row + 1.0 if column is None else _finite(float(rows[row][column]))
        except ValueError:
            return None

    return metric, values, step


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _stamp(summary: RunSummary) -> str:
    """When the folder changed, for a run that does not say when it was asked for."""
    from datetime import UTC, datetime

    from trainer_tui.runs.clock import utc_stamp

    return utc_stamp(datetime.fromtimestamp(summary.changed_ns / 1e9, UTC)) if summary.changed_ns else ""
