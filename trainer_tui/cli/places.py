"""The project and the model of a command line, found without the settings: coming back must be quick."""

from __future__ import annotations

from pathlib import Path

from trainer_tui.project import Project, ProjectError


def declared_project() -> Project:
    """The project around the current folder, its settings unread; where commands were watched is one too."""
    try:
        return Project.declared()
    except ProjectError:
        here = Project.at(Path.cwd())
        if not has_runs(here):
            raise
        return here


def has_runs(project: Project) -> bool:
    """Whether something was watched here."""
    return any(project.output.glob("*/*/run.json"))


def model_name(project: Project, text: str) -> str:
    """The name of a model given by name or by path (`models/model_3.py`, as a shell completes it)."""
    if not text.endswith(".py") and "/" not in text:
        return text
    project.find_model(text)
    return Path(text.removesuffix("/").removesuffix(".py")).name
