"""Reading the settings: the file, then the environment over it, then the checks."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError

from trainer_tui.bounds import refusal, way_out
from trainer_tui.project import FILE, Project
from trainer_tui.runs.conditions import Condition, Range
from trainer_tui.runs.files import DEEPEST, is_deep
from trainer_tui.runs.plain import LARGEST_DOCUMENT, StrPath, read_plain
from trainer_tui.settings.errors import SettingsError, annotation_at, describe, dotted, unknown_key
from trainer_tui.settings.flags import flag_faults
from trainer_tui.settings.positions import line_of
from trainer_tui.settings.schema import FullSettings, Settings

PREFIX = "TRAINER_TUI_"
"""`TRAINER_TUI_QUICK__DATA_FRACTION=0.2` sets `data_fraction` in [quick]."""


def open_project(
    start: Path | None = None, environ: Mapping[str, str] = os.environ
) -> tuple[Project, Settings]:
    """The project around a folder (by default the current one) with its settings, folders as they say.

    Raises ProjectError when there is no project, SettingsError when its settings cannot be used.
    """
    root = Project.find(start).root
    settings = load_settings(root, environ)
    return place(root, settings), settings


def place(root: Path, settings: Settings) -> Project:
    """The project in a folder, its folders where the settings put them."""
    folders = settings.project
    models, output, logs = (
        root / os.path.expanduser(folder) for folder in (folders.models, folders.output, folders.logs)
    )
    return Project(root, models, output, logs, settings.index.url or "")


def load_settings(root: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of the project in a folder; without a `trainer.toml`, the defaults.

    Raises SettingsError with every problem of the file and of the environment.
    """
    text = _read(root / FILE)
    data = _parse(text)
    origins: dict[tuple[str, ...], str] = {}
    for variable, path, value in _overrides(environ, data):
        if _put(data, path, value):
            origins[path] = variable

    def where(path: tuple[str | int, ...]) -> str:
        for length in range(len(path), 0, -1):
            if variable := origins.get(tuple(str(part) for part in path[:length])):
                return f"environment variable {variable}"
        line = line_of(text, path)
        return f"{FILE}:{line}" if line else FILE

    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        problems.sort(key=lambda problem: (line_of(text, tuple(problem["loc"])) or 0, problem["loc"]))
        raise SettingsError(tuple(describe(p, Settings, where(tuple(p["loc"]))) for p in problems)) from None
    ways_out = _ways_out(root, settings, origins.keys(), environ)
    further = (*_windows(settings), *_gates(settings), *flag_faults(settings), *ways_out)
    if further:
        raise SettingsError(tuple(f"{where(path)}: {dotted(path)}: {wrong}" for path, wrong in further))
    return settings


def is_from_environment(root: Path, path: tuple[str, ...], environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a setting is the user's own, out of the environment, and none of the file."""
    return any(found == path for _, found, _ in _overrides(environ, _parse(_read(root / FILE))))


def place_of(root: Path, path: tuple[str | int, ...]) -> str:
    """Where in the file a key stands, for a message: `trainer.toml:12`."""
    line = line_of(_read(root / FILE), path)
    return f"{FILE}:{line}" if line else FILE


def _windows(settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
    """The windows of full trainings, own or inherited, whose ends are the wrong way round."""
    tables: dict[tuple[str, ...], FullSettings] = {("full",): settings.full}
    for name, model in settings.models.items():
        if model.full.model_fields_set:
            tables["models", name, "full"] = settings.for_model(name).full
    for path, full in tables.items():
        if full.min_hours > full.max_hours:
            wrong = (
                f"{full.min_hours:g} is not allowed; allowed: at most max_hours, which is {full.max_hours:g}"
            )
            yield (*path, "min_hours"), wrong


def _gates(settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
    """The gates to be skipped that do not exist."""
    skipped = [(name, gate) for name, model in settings.models.items() for gate in model.gates.skip]
    if skipped:
        from trainer_tui.runs.verdict import GATE_NAMES

        for name, gate in skipped:
            if gate not in GATE_NAMES:
                yield ("models", name, "gates", "skip", gate), unknown_key(gate, list(GATE_NAMES), "gate")


def _ways_out(
    root: Path, settings: Settings, of_user: Container[tuple[str, ...]], environ: Mapping[str, str]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """The folders and the database that lie out of the project, though nobody but the file says so."""
    project = place(root, settings)
    places: dict[tuple[str, ...], StrPath | None] = {
        ("project", "models"): project.models,
        ("project", "output"): project.output,
        ("project", "logs"): project.logs,
        ("index", "url"): project.index_file,
    }
    inside = [root, *(where for key, where in places.items() if key in of_user and where)]
    if (
        settings.index.url is None
        and ("project", "output") not in of_user
        and _wrong(project.output, inside, environ)
    ):
        del places["index", "url"]  # it lies in there, and once is enough
    elif settings.index.url is None:
        inside.append(project.output)
    for path, where in places.items():
        wrong = _wrong(where, inside, environ) if where is not None and path not in of_user else ""
        if wrong:
            yield path, wrong


def _wrong(where: StrPath, inside: Iterable[StrPath], environ: Mapping[str, str]) -> str:
    """What is wrong with a place; empty when it may be used."""
    try:
        real = way_out(where, inside, environ)
    except ValueError:
        return "not a path; a path has no character 0"
    return "" if real is None else refusal("it", real)


# ------------------------------------------------------------------------------------------------- the file


def _read(path: Path) -> str:
    """The text of the file; empty when there is none."""
    try:
        return read_plain(path, LARGEST_DOCUMENT).decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SettingsError((f"{FILE}:{line}: this line is not UTF-8; save the file as UTF-8",)) from None
    except OSError as error:
        raise SettingsError((f"{FILE}: cannot be read: {error.strerror}",)) from None


def _parse(text: str) -> dict[str, Any]:
    """The content of the file; a syntax error comes with its line, its column and the line's text."""
    try:
        data = tomllib.loads(text)
        if is_deep(data):
            raise RecursionError
        return data
    except RecursionError:
        wrong = f"tables and arrays stand in each other more than {DEEPEST} levels deep"
        raise SettingsError((f"{FILE}: not valid: {wrong}; write fewer",)) from None
    except tomllib.TOMLDecodeError as error:
        what, _, position = str(error).rpartition(" (at ")
        lines = text.split("\n")
        match = re.fullmatch(r"line (\d+), column (\d+)\)", position)
        line, column = (int(match[1]), int(match[2])) if match else (len(lines), len(lines[-1]) + 1)
        shown = lines[line - 1].strip()
        quoted = f": {shown}" if shown else " (the file ends too early)"
        wrong = f"{what[:1].lower()}{what[1:]}"
        raise SettingsError((f"{FILE}:{line}:{column}: not valid TOML: {wrong}{quoted}",)) from None
    except ValueError:  # Python reads no whole number of so many digits
        raise SettingsError((f"{FILE}: a number has thousands of digits; write a smaller one",)) from None


# ------------------------------------------------------------------------------------------ the environment


def _overrides(
    environ: Mapping[str, str], data: Mapping[str, Any]
) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Variable, path and value of each setting in the environment; an empty variable counts as not there."""
    for variable, text in sorted(environ.items()):
        if variable.startswith(PREFIX) and "__" in variable and text:
            path = _path(variable.removeprefix(PREFIX).split("__"), data)
            yield variable, path, _value(text, path)


def _path(parts: list[str], data: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys that a variable's parts mean: our own keys are lower case, the user's keep their spelling."""
    path: tuple[str, ...] = ()
    for part in parts:
        node, _ = annotation_at(Settings, path)
        if isinstance(node, type) and issubclass(node, BaseModel):
            key = part.lower()
        elif path == ("models",):
            key = _model_name(part, data.get("models"))
        elif "flags" in path[:1] + path[2:3]:
            key = part.lower() if path[-1] != "flags" else part.lower().replace("_", "-")
        else:
            key = part
        path = (*path, key)
    return path


def _model_name(part: str, models: Any) -> str:
    """The model in the file that a variable's part means, for variables are written in upper case."""
    wanted = part.lower()
    for name in models if isinstance(models, dict) else ():
        if name.lower().replace("-", "_") == wanted:
            return str(name)
    return wanted


def _value(text: str, path: tuple[str, ...]) -> Any:
    """A text for a key that takes text; else the TOML value that it spells, as in `0.2` or `["a", "b"]`."""
    annotation, _ = annotation_at(Settings, path)
    if "flags" not in path[:1] + path[2:3] and annotation in (str, Range, Condition, None):
        return text
    if get_origin(annotation) is list and not text.lstrip().startswith("["):
        return text.split()
    try:
        content = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return content["value"] if content.keys() == {"value"} else text


def _put(data: dict[str, Any], path: tuple[str, ...], value: Any) -> bool:
    """Set a value in nested tables; False where the file has something else in a table's place."""
    node = data
    for key in path[:-1]:
        child = node.setdefault(key, {})
        if not isinstance(child, dict):
            return False
        node = child
    node[path[-1]] = value
    return True
