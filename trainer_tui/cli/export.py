"""`history`: the metrics of a run as CSV, JSON or Parquet."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path

from trainer_tui.cli.plans import workplace
from trainer_tui.cli.printing import complain
from trainer_tui.cli.show import pick
from trainer_tui.project import ProjectError
from trainer_tui.runs.files import replace_atomic
from trainer_tui.runs.history import History, read_history
from trainer_tui.runs.verdict import EXIT_PASSED


def history(model: str, number: int | None, form: str, output: str) -> int:
    """Write the metrics; what could not be read of them is said on standard error."""
    if form not in FORMATS:
        raise ProjectError(f"--format {form!r} is unknown", f"allowed: {', '.join(FORMATS)}")
    run = pick(workplace().existing(model), number)
    request = run.request()
    try:
        table = read_history(run.history_of(request.plan) if request else run.history)
    except FileNotFoundError:
        raise ProjectError(f"{run.name} has no training_history.csv", "its script logged no metrics") from None
    for problem in table.problems:
        complain(f"{run.history.name}:{problem.line}: {problem.what}")
    data = FORMATS[form](table)
    if output:
        replace_atomic(Path(output), data)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    return EXIT_PASSED


def _csv(table: History) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    for index in range(table.rows):
        writer.writerow(_cell(v) for v in table.row(index).values())
    return text.getvalue().encode()


def _cell(value: float) -> str:
    if math.isnan(value):
        return ""
    return str(int(value)) if value.is_integer() else repr(value)


def _json(table: History) -> bytes:
    rows = [{name: v if math.isfinite(v) else None for name, v in table.row(i).items()} for i in range(table.rows)]
    return json.dumps(rows, ensure_ascii=False).encode() + b"\n"


def _parquet(table: History) -> bytes:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ProjectError("Parquet needs the package pyarrow", "pip install 'trainer-tui[parquet]'") from None
    sink = io.BytesIO()
    pq.write_table(pa.table({name: pa.array(values) for name, values in table.columns.items()}), sink)
    return sink.getvalue()


FORMATS: dict[str, Callable[[History], bytes]] = {"csv": _csv, "json": _json, "parquet": _parquet}
"""Name of a format → how a history is put into it."""
