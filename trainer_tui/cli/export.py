"""`history`: the metrics of a run as CSV, JSON or Parquet."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path

from trainer_tui.cli.plans import open_site
from trainer_tui.cli.printing import complain
from trainer_tui.cli.show import pick
from trainer_tui.cli.streams import put_bytes
from trainer_tui.project import ProjectError
from trainer_tui.runs.files import replace_atomic
from trainer_tui.runs.history import History, read_history
from trainer_tui.runs.verdict import EXIT_PASSED


def history(model: str, number: int | None, form: str, output: str) -> int:
    """Write the metrics; what could not be read of them is said on standard error.

    Without a format the name of the output file says which, else it is CSV.
    """
    form = form or Path(output).suffix.removeprefix(".").lower() or "csv"
    if form not in FORMATS:
        raise ProjectError(f"the format {form!r} is unknown", f"--format takes {', '.join(FORMATS)}")
    if form == "parquet" and not output and sys.stdout.isatty():
        raise ProjectError("Parquet is nothing for a terminal", "name a file with -o")
    run = pick(open_site().existing(model), number)
    request = run.request()
    path = run.history_of(request.plan) if request else run.history
    try:
        table = read_history(path)
    except FileNotFoundError:
        raise ProjectError(f"{run.name} has no {path.name}", "its script logged no metrics") from None
    for problem in table.problems:
        complain(f"{path.name}:{problem.line}: {problem.what}")
    _write(FORMATS[form](table), output)
    return EXIT_PASSED


def _write(data: bytes, output: str) -> None:
    path = Path(output).resolve()
    if not output or output == "-":
        put_bytes(data)
    elif path.is_file() or not path.exists():
        replace_atomic(path, data)
    else:
        path.write_bytes(data)  # a pipe or a device is written to, never replaced


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
    rows = [{name: _plain(v) for name, v in table.row(i).items()} for i in range(table.rows)]
    return json.dumps(rows, ensure_ascii=False).encode() + b"\n"


def _plain(value: float) -> float | None:
    """JSON has no NaN and no infinity; whole numbers stay whole, as in CSV."""
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else value


def _parquet(table: History) -> bytes:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ProjectError(
            "Parquet needs the package pyarrow", "pip install 'trainer-tui[parquet]'"
        ) from None
    sink = io.BytesIO()
    pq.write_table(pa.table({name: pa.array(values) for name, values in table.columns.items()}), sink)
    return sink.getvalue()


FORMATS: dict[str, Callable[[History], bytes]] = {"csv": _csv, "json": _json, "parquet": _parquet}
"""Name of a format → how a history is put into it."""
