"""`results.csv` as it is, its first rows; nothing of it is interpreted."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from trainer_tui.report.blocks import Block, Group, Table, Text
from trainer_tui.report.facts import WatchFacts
from trainer_tui.runs.plain import plainly_within
from trainer_tui.runs.plan import PHASE_NAMES, PHASES
from trainer_tui.runs.text import clean

_ROWS, _COLUMNS, _CELL = 40, 12, 80
_LARGEST = 4 << 20


def results(watch: WatchFacts) -> list[Block]:
    """The table of the full run, or of the quick one where there is none."""
    for phase in reversed(PHASES):
        run = watch.last_of(phase)
        if run is None or not run.run.results.exists():
            continue
        name = f"#{run.run.number} {PHASE_NAMES[phase]}"
        try:
            table = _table(run.run.results)
        except (OSError, csv.Error) as error:
            why = getattr(error, "strerror", None) or error
            return [Text(f"{name}: {run.run.results.name} cannot be read: {clean(str(why), 200)}", "warning")]
        return [Group(name, (table,))] if table is not None else []
    return []


def _table(path: Path) -> Table | None:
    own = plainly_within(path.parent)
    with open(path, encoding="utf-8", errors="replace", newline="", opener=own) as file:
        text = file.read(_LARGEST)
        cut = bool(file.read(1))
    rows = [row for row in csv.reader(text.replace("\0", "").splitlines()) if row]
    if not rows:
        return None
    if cut:
        rows.pop()
    width = min(_COLUMNS, len(rows[0]))
    shown = [
        tuple(_cell(row[at]) if at < len(row) else "" for at in range(width)) for row in rows[1 : _ROWS + 1]
    ]
    header = tuple(clean(name, _CELL) for name in rows[0][:width])
    left = (
        [f"the first {_ROWS} of {'more than ' if cut else ''}{len(rows) - 1:,} rows"]
        if len(rows) - 1 > _ROWS
        else []
    )
    if len(rows[0]) > width:
        left.append(f"the first {width} of {len(rows[0]):,} columns")
    return Table(header, tuple(shown), ", ".join(left))


def _cell(text: str) -> str:
    """A cell; a number in six digits, as it is in a table for people."""
    try:
        value = float(text)
    except ValueError:
        return clean(text, _CELL)
    plain = not math.isfinite(value) or len(text.strip()) <= 9
    return clean(text.strip(), _CELL) if plain else f"{value:.6g}"
