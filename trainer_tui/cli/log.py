"""`log`: read a log file, or the log of a run, on a screen of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from trainer_tui.project import ProjectError


def log(what: str, number: int | None) -> int:
    """Read a file, or the log of a model's run (the newest without a number). Raises ProjectError."""
    path, events, name = _found(what, number)
    if not sys.stdout.isatty():
        raise ProjectError("a log is read on a terminal", f"the file is {path}")
    from trainer_tui.tui.logapp import read_log

    return read_log(path, name, events)


def _found(what: str, number: int | None) -> tuple[Path, Path | None, str]:
    path = Path(what).expanduser()
    if number is None and (path.is_file() or (os.sep in what and path.suffix != ".py")):
        if path.is_dir():
            raise ProjectError(f"{what} is a folder", "give a file, or the name of a model")
        if not path.exists():
            raise ProjectError(f"there is no file {what}")
        if not path.is_file():
            raise ProjectError(f"{what} is no ordinary file", "write it into one first")
        if not os.access(path, os.R_OK):
            raise ProjectError(f"{what} may not be read")
        if path.suffix != ".py":
            return path, None, ""
    from trainer_tui.cli.plans import open_site
    from trainer_tui.cli.show import pick

    run = pick(open_site().existing(what), number)
    return run.log(), run.events, f"Log of {run.name}"
