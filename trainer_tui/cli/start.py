"""`init` and `doctor`: the first two commands of a new user."""

from __future__ import annotations

import textwrap
from pathlib import Path

from trainer_tui.cli import doctor as examination
from trainer_tui.cli.init import init_project
from trainer_tui.cli.places import leads_out
from trainer_tui.cli.printing import print_json, say
from trainer_tui.project import Project, ProjectError
from trainer_tui.runs.verdict import EXIT_FAILED, EXIT_PASSED

MARKS = {"ok": "✔", "advice": "○", "problem": "✘"}


def init(folder: str, as_json: bool) -> int:
    """Make a project."""
    files = init_project(Path(folder))
    if as_json:
        print_json([{"path": str(file.path), "made": file.made, "note": file.note} for file in files])
        return EXIT_PASSED
    for made in files:
        say(f"{'wrote' if made.made else 'kept '} {made.path}  ({made.note})")
    say("next: trainer-tui watch model_1")
    return EXIT_PASSED


def doctor(as_json: bool) -> int:
    """Examine this machine; `EXIT_FAILED` when something would keep runs from being watched."""
    project: Project | None
    try:
        project = Project.declared()
        if leads_out(project):  # the row of the settings says so; nothing is tried out there
            project = Project.at(project.root)
    except ProjectError:
        project = None
    rows = examination.examine(project)
    if as_json:
        print_json([row.to_dict() for row in rows])
    else:
        for row in rows:
            say(f"{MARKS[row.verdict]} {row.name:<20} {row.value}")
            for line in textwrap.wrap(row.todo, 96):
                say(f"{'':23}→ {line}")
    return EXIT_PASSED if examination.healthy(rows) else EXIT_FAILED
