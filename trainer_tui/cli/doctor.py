"""Is this machine fit to train on and to watch from? One row a question, with what to do where it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from trainer_tui.project import Project

Verdict = Literal["ok", "advice", "problem"]


@dataclass(frozen=True, slots=True)
class Row:
    """One thing looked at."""

    name: str
    value: str
    verdict: Verdict = "ok"
    """`advice`: it works, and could be better. `problem`: something of ours will not work."""
    todo: str = ""
    """What to do about it; empty when all is well."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for `--json`."""
        return asdict(self)


Check = Callable[[Project], Row]


def examine(project: Project | None = None) -> list[Row]:
    """Look at everything; takes about a second. A check that fails itself is a row that says so.

    Without a project, the disk is looked at where the current folder is.
    """
    from trainer_tui.cli.doctor_here import CHECKS as HERE
    from trainer_tui.cli.doctor_machine import CHECKS as MACHINE

    place = project or Project.at(Path.cwd())
    return [_row(name, check, place) for name, check in {**MACHINE, **HERE}.items()]


def healthy(rows: list[Row]) -> bool:
    """Whether nothing will fail; advice does not count."""
    return all(row.verdict != "problem" for row in rows)


def _row(name: str, check: Check, project: Project) -> Row:
    try:
        return check(project)
    except Exception as error:  # a doctor that falls ill on a strange machine helps nobody
        return Row(name, f"cannot be examined: {error}", "advice", "please report this with your platform")
