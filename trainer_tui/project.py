"""Where things are: the project's root, its models, what runs produce and print."""

from __future__ import annotations

import errno
import os
import re
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

FILE = "trainer.toml"
"""The settings file; the folder that holds it is the root of a project."""

MODELS = "models"

_MODE = 0o775
"""Of the folders that we make, less what the umask takes away: never writable by everybody."""

_FOLDERS = {name: f"TRAINER_TUI_PROJECT__{name.upper()}" for name in ("models", "output", "logs")}
"""The folders that `[project]` may name, and the environment variable that outweighs it."""

_NAME = re.compile(r"[^\W_.-][\w.+-]*")
_SCRIPTS = ("train.py", "__main__.py", "main.py")
"""What is run of a model that is a folder, the first that exists."""


class ProjectError(Exception):
    """A project or a model that cannot be used: what is wrong, and what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


@dataclass(frozen=True, slots=True)
class Project:
    """The folders of a project, all absolute."""

    root: Path
    models: Path
    output: Path
    logs: Path
    index: str = ""
    """URL of the run index where the settings name one."""

    @classmethod
    def at(cls, root: Path) -> Project:
        """The project in a folder, laid out as usual, whether or not anything is there yet."""
        root = root.absolute()
        return cls(root, root / MODELS, root / "output", root / "logs")

    @classmethod
    def find(cls, start: Path | None = None) -> Project:
        """The project around a folder, by default the current one.

        The nearest `trainer.toml` upwards decides; without one, the nearest `models/`. The search ends at the
        edge of a git repository and at the home folder: a `models/` beyond them belongs to something else.
        Raises ProjectError when there is neither.
        """
        start = _current() if start is None else start.absolute()
        places = list(_upwards(start))
        for place in places:
            if (place / FILE).is_file():
                return cls.at(place)
        for place in places:
            if (place / MODELS).is_dir():
                return cls.at(place)
        raise ProjectError(
            f"there is no {FILE} and no {MODELS}/ folder in {start} or above it",
            "`trainer-tui init` makes both here, with a first model that runs",
        )

    @classmethod
    def declared(cls, start: Path | None = None) -> Project:
        """The project around a folder, its folders where `trainer.toml` puts them; nothing else is checked.

        Enough to find runs, at a tenth of the cost of the settings. What is no text is left for the settings
        to complain of. Raises ProjectError when there is no project.
        """
        import tomllib

        project = cls.find(start)
        try:
            table = tomllib.loads((project.root / FILE).read_text("utf-8")).get("project", {})
        except (OSError, ValueError, RecursionError):
            return project
        names = {
            key: table[key] for key in _FOLDERS if isinstance(table, dict) and isinstance(table.get(key), str)
        }
        names |= {key: os.environ[_FOLDERS[key]] for key in _FOLDERS if os.environ.get(_FOLDERS[key])}
        folders: dict[str, Any] = {
            key: project.root / os.path.expanduser(name) for key, name in names.items()
        }
        return replace(project, **folders)

    # ------------------------------------------------------------------------------------------- the models

    def model_names(self) -> list[str]:
        """The names of all models, sorted; names that start with `_` or `.` are helpers, no models."""
        if not self.models.is_dir():
            return []
        return sorted({entry.stem for entry in self.models.iterdir() if _script(entry) is not None})

    def find_model(self, name: str) -> Path:
        """The script of a model, given its name or its path (`model_3`, `model_3.py`, `models/model_3.py`).

        Raises ProjectError, with the nearest names, when there is no such model.
        """
        if not self.models.is_dir():
            raise ProjectError(
                f"there is no {self._shown(self.models)}/ folder, so there is no model {name!r}",
                "`trainer-tui init` makes one, with a first model that runs",
            )
        for entry in self._candidates(name):
            if (script := _script(entry)) is not None:
                return script
        import difflib

        known = self.model_names()
        near = difflib.get_close_matches(Path(name).stem, known, n=3, cutoff=0.5)
        folder = self._shown(self.models)
        if near:
            hint = f"did you mean {' or '.join(near)}?"
        elif known:
            hint = f"{folder}/ has {', '.join(known[:8])}{', …' if len(known) > 8 else ''}"
        else:
            hint = f"{folder}/ is empty: put {name}.py there, or `trainer-tui init` makes a first model"
        raise ProjectError(f"there is no model {name!r} in {folder}/", hint)

    def check_syntax(self, path: Path) -> None:
        """Compile a script, without running any of it.

        Raises ProjectError with the file, the line and the line's text when it is not valid Python.
        """
        shown = self._shown(path)
        try:
            source = path.read_bytes()
        except OSError as error:
            raise ProjectError(f"{shown} cannot be read: {error.strerror}") from None
        try:
            with warnings.catch_warnings(action="ignore"):
                compile(source, str(path), "exec", dont_inherit=True)
        except SyntaxError as error:
            raise ProjectError(_syntax(shown, source, error), "put this line right and start again") from None
        except (ValueError, RecursionError, MemoryError) as error:
            raise ProjectError(f"{shown} cannot be compiled: {error}") from None

    # ------------------------------------------------------------------------------------ what runs write to

    @property
    def diary(self) -> Path:
        """The lab notebook of the whole project."""
        return self.output / "dev_diary.md"

    @property
    def index_url(self) -> str:
        """The SQLAlchemy URL of the run index; a relative SQLite file lies in the root."""
        prefix, _, file = self.index.partition("sqlite:///")
        if self.index and (prefix or not file or file.startswith((":memory:", "file:"))):
            return self.index
        return f"sqlite:///{self.root / file if file else self.output / 'runs.db'}"

    @property
    def index_file(self) -> str | None:
        """The file of an SQLite index; None for a database elsewhere or in memory."""
        scheme, _, rest = self.index_url.partition("://")
        if not scheme.lower().startswith("sqlite"):
            return None
        # SQLAlchemy takes `file:` as a path of SQLite's own, with a query of its own.
        file = unquote(rest.removeprefix("/").partition("?")[0].removeprefix("file:"))
        return None if file in ("", ":memory:") else os.path.join(self.root, file)

    def model_output(self, name: str) -> Path:
        """The folder of a model's run folders."""
        return self.output / _checked(name)

    def model_logs(self, name: str) -> Path:
        """The folder of a model's logs."""
        return self.logs / _checked(name)

    def check_writable(self) -> None:
        """Make output/ and logs/ and write a file into each, for only that tells whether it works.

        Raises ProjectError with the folder, the reason and what to do.
        """
        import tempfile

        for folder in (self.output, self.logs):
            try:
                folder.mkdir(_MODE, parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=folder) as file:
                    file.write(b"x")
            except OSError as error:
                raise self._unwritable(folder, error) from None

    def _unwritable(self, folder: Path, error: OSError) -> ProjectError:
        """One sentence on why a folder takes no file."""
        shown = self._shown(folder)
        for place in (folder, *folder.parents):
            if os.path.lexists(place) and not place.is_dir():
                return ProjectError(
                    f"{self._shown(place)} is in the way: runs need a folder of that name, and it is none",
                    "move it elsewhere, or set other folders in [project]",
                )
        hints = {
            errno.ENOSPC: "make room on the disk",
            errno.EDQUOT: "your disk quota is used up: make room",
            errno.EROFS: f"the file system is read-only: set another folder in [project] of {FILE}",
        }
        hint = hints.get(
            error.errno or 0, f"`chmod u+w` may help, or set another folder in [project] of {FILE}"
        )
        return ProjectError(f"{shown}/ cannot be written to: {error.strerror}", hint)

    def _candidates(self, name: str) -> list[Path]:
        """The files and folders that a model's name or path may mean, all inside the models' folder."""
        stem = name.removesuffix("/").removesuffix(".py")
        inside = [self.models / f"{stem}.py", self.models / stem]
        if "/" in stem or os.sep in stem:
            path = (_current() / name).resolve()
            inside = [path] if path.parent == self.models.resolve() else []
        return [path for path in inside if _NAME.fullmatch(path.stem)]

    def _shown(self, path: Path) -> str:
        """A path for a message: relative to the root where it lies there."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)


def _current() -> Path:
    """The current folder, which may have been deleted under us."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise ProjectError("the current folder no longer exists", "change to another one") from None


def _upwards(start: Path) -> list[Path]:
    """A folder and those above it, up to the edge of its repository, the home folder or the file system."""
    home = Path.home()
    places: list[Path] = []
    for place in (start, *start.parents):
        if places and place in (home, place.parent) and not (place / FILE).is_file():
            break
        places.append(place)
        if place == home or (place / ".git").exists():
            break
    return places


def _script(entry: Path) -> Path | None:
    """What is run of an entry of the models' folder; None when it is no model."""
    if not _NAME.fullmatch(entry.stem) or entry.stem == "conftest":
        return None
    if entry.is_file():
        return entry if entry.suffix == ".py" else None
    return next((entry / script for script in _SCRIPTS if (entry / script).is_file()), None)


def _checked(name: str) -> str:
    """A name that is safe as the name of a folder."""
    if not _NAME.fullmatch(name):
        raise ProjectError(
            f"{name!r} cannot be the name of a model",
            "use letters, digits, '_', '-', '+' and '.', a letter first",
        )
    return name


def _syntax(shown: str, source: bytes, error: SyntaxError) -> str:
    """File, line, what is wrong, and the line's own text."""
    lines = source.decode("utf-8", "replace").splitlines()
    number = error.lineno or 0
    text = lines[number - 1].strip() if 0 < number <= len(lines) else (error.text or "").strip()
    place = f"{shown}:{number}" if number else shown
    return f"{place}: {error.msg}" + (f", in `{text}`" if text else "")
