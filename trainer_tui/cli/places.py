"""The project and the model of a command line, found without the settings: coming back must be quick."""

from __future__ import annotations

from pathlib import Path

from trainer_tui.bounds import refusal, way_out
from trainer_tui.project import Project, ProjectError
from trainer_tui.runs.layout import ModelFolder


def declared_project() -> Project:
    """The project around the current folder, its settings unread; where commands were watched is one too.

    Raises SettingsError where one of its folders leads to where it may not.
    """
    try:
        project = Project.declared()
    except ProjectError:
        here = Project.at(Path.cwd())
        if not has_runs(here):
            raise
        return here
    if leads_out(project):
        from trainer_tui.settings import open_project  # they know the line, and what the environment says

        return open_project()[0]
    return project


def leads_out(project: Project) -> bool:
    """Whether a folder of the project lies beyond it, and the user has not allowed that."""
    try:
        return any(way_out(f, (project.root,)) for f in (project.models, project.output, project.logs))
    except ValueError:
        return True


def model_folder(project: Project, name: str) -> ModelFolder:
    """Where the runs of a model are. Raises ProjectError where a link leads them out of the project."""
    folder = ModelFolder(project.model_output(name), project.model_logs(name))
    for place in (folder.path, folder.logs):
        real = way_out(place, (project.root, project.output, project.logs))
        if real is not None:
            raise ProjectError(refusal(str(place), real))
    return folder


def has_runs(project: Project) -> bool:
    """Whether something was watched here."""
    return any(project.output.glob("*/*/run.json"))


def model_name(project: Project, text: str) -> str:
    """The name of a model given by name or by path (`models/model_3.py`, as a shell completes it)."""
    if not text.endswith(".py") and "/" not in text:
        return text
    project.find_model(text)
    return Path(text.removesuffix("/").removesuffix(".py")).name
