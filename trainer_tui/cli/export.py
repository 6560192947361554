"""`history`: the metrics of a run as CSV, JSON or Parquet."""

from __future__ import annotations

import sys
from pathlib import Path

from trainer_tui.cli.plans import open_site
from trainer_tui.cli.printing import complain
from trainer_tui.cli.show import pick
from trainer_tui.cli.streams import put_bytes
from trainer_tui.project import ProjectError
from trainer_tui.runs.files import replace_atomic
from trainer_tui.runs.formats import UnknownFormatError, read_whole
from trainer_tui.runs.history import History, read_history
from trainer_tui.runs.history_export import FORMATS, in_format
from trainer_tui.runs.units import counted
from trainer_tui.runs.verdict import EXIT_PASSED


def history(model: str | None, number: int | None, form: str, output: str, source: str = "") -> int:
    """Write the metrics of a run, or of `source`, a file or folder of any tool that is known.

    What could not be read of them is said on standard error. Without a format the name of the output file
    says which, else it is CSV.
    """
    form = form or Path(output).suffix.removeprefix(".").lower() or "csv"
    if form not in FORMATS:
        raise ProjectError(f"the format {form!r} is unknown", f"--format takes {', '.join(FORMATS)}")
    if form == "parquet" and not output and sys.stdout.isatty():
        raise ProjectError("Parquet is nothing for a terminal", "name a file with -o")
    if bool(model) == bool(source) or (source and number is not None):
        raise ProjectError(
            "whose history?", "name a model, with --run one of its runs, or a path with --from"
        )
    table = _elsewhere(Path(source).expanduser()) if source else _of_run(model or "", number)
    write(_in_format(table, form), output)
    return EXIT_PASSED


def _of_run(model: str, number: int | None) -> History:
    run = pick(open_site().existing(model), number)
    path = run.history
    try:
        table = read_history(path)
    except FileNotFoundError:
        raise ProjectError(f"{run.name} has no {path.name}", "its script logged no metrics") from None
    for problem in table.problems:
        complain(f"{path.name}:{problem.line}: {problem.what}")
    return table


def _elsewhere(path: Path) -> History:
    try:
        found = read_whole(path)
    except UnknownFormatError as error:
        raise ProjectError(str(error), "") from None
    rows = counted(found.history.rows, "row", "rows")
    complain(f"{found.path}: {found.title}, {rows}")
    return found.history


def write(data: bytes, output: str) -> None:
    """Write to a file, or to standard output without one. Raises ProjectError where its folder is missing."""
    path = Path(output).resolve()
    if output and not path.parent.is_dir():
        raise ProjectError(f"there is no folder {path.parent}", "make it, or name another file with -o")
    if not output or output == "-":
        put_bytes(data)
    elif path.is_file() or not path.exists():
        replace_atomic(path, data)
    else:
        path.write_bytes(data)  # a pipe or a device is written to, never replaced


def _in_format(table: History, form: str) -> bytes:
    try:
        return in_format(table, form)
    except ImportError:
        raise ProjectError(
            "Parquet needs the package pyarrow", "pip install 'trainer-tui[parquet]'"
        ) from None
