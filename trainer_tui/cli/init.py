"""The beginnings of a project: a commented `trainer.toml` and a first model that runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from trainer_tui.project import FILE, Project, ProjectError

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Made:
    """One file of a new project."""

    path: Path
    made: bool
    """False where something was there already and was left alone."""
    note: str
    """What the file is for, or why it was left alone."""


def init_project(folder: Path) -> list[Made]:
    """Write what is missing of a project into a folder, which is made if need be; nothing is overwritten.

    A folder that has models of its own gets no first model. Raises ProjectError when writing fails.
    """
    project = Project.at(folder)
    settings = _write(project.root / FILE, "the settings, each with its default")
    if names := project.model_names():
        note = f"{project.models.name}/ has models already: {', '.join(names[:5])}"
        return [settings, Made(project.models, made=False, note=note)]
    model = _write(project.models / "model_1.py", "a first model: `trainer-tui watch model_1`")
    return [settings, model]


def _write(path: Path, note: str) -> Made:
    """Write a template to where nothing is yet."""
    content = (TEMPLATES / path.name).read_bytes()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        if path.parent.is_dir():
            return Made(path, made=False, note="was there already and stays as it is")
        raise ProjectError(f"{path.parent} is in the way: it is no folder", "move it elsewhere") from None
    except OSError as error:
        raise ProjectError(
            f"{path} cannot be written: {error.strerror}", "choose a folder that you may write to"
        ) from None
    return Made(path, made=True, note=note)
