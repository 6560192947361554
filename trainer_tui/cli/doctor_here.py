"""What the doctor looks at around us: the terminal, the installed packages, the project's disk."""

from __future__ import annotations

import difflib
import fcntl
import importlib.metadata
import locale
import os
import shutil
import sys
import tempfile
from pathlib import Path

from trainer_tui.cli.doctor import Check, Row
from trainer_tui.project import Project

GIB = 1024**3
ROOMY = (160, 48)
SMALLEST = (80, 24)

CORE = (
    "textual",
    "rich",
    "typer",
    "pydantic",
    "psutil",
    "nvidia-ml-py",
    "hyperscan",
    "textual-plot",
    "tsdownsample",
    "markdown-it-py",
    "py-spy",
    "SQLAlchemy",
)
TRAINING = ("torch", "scikit-learn", "pandas", "numpy", "emcee", "arviz-stats", "pyarrow")


def terminal(_: Project) -> Row:
    """Type, colours and size of the terminal; without one, the plain views still work."""
    kind = os.environ.get("TERM", "")
    size = _terminal_size()
    if size is None:
        return Row("terminal", "none: output goes to a file or a pipe")
    value = f"{kind or 'TERM is not set'}, {_colours(kind)}, {size[0]}×{size[1]}"
    if not kind or kind in ("dumb", "unknown"):
        return Row("terminal", value, "problem", "set TERM, for example TERM=xterm-256color")
    if size[0] < SMALLEST[0] or size[1] < SMALLEST[1]:
        return Row("terminal", value, "advice", "make the window larger: the dashboard needs 80×24")
    if kind == "screen":
        todo = "in tmux, `set -g default-terminal tmux-256color` gives more colours"
        return Row("terminal", value, "advice", todo)
    if size[0] < ROOMY[0] or size[1] < ROOMY[1]:
        value += "; 160×48 is comfortable"
    return Row("terminal", value)


def encoding(_: Project) -> Row:
    """Whether the locale can show what the dashboard draws."""
    name = locale.getencoding()
    if name.upper().replace("-", "") != "UTF8":
        return Row("locale", name, "problem", "export LC_ALL=C.UTF-8, or another locale that ends in UTF-8")
    return Row("locale", name)


def packages(_: Project) -> Row:
    """The packages that trainer-tui itself stands on."""
    found = {name: _version(name) for name in CORE}
    value = ", ".join(f"{name} {version}" for name, version in found.items() if version)
    if missing := [name for name, version in found.items() if not version]:
        return Row("packages", value, "problem", f"pip install {' '.join(missing)}")
    return Row("packages", value)


def training_packages(_: Project) -> Row:
    """What models may use; none of it is needed by trainer-tui itself."""
    found = [f"{name} {version}" for name in TRAINING if (version := _version(name))]
    return Row("for models", ", ".join(found) or "none, which is fine as long as no model needs any")


def disk(project: Project) -> Row:
    """Room for what runs produce and print."""
    places = {_existing(project.output), _existing(project.logs)}
    tightest = min(places, key=lambda place: shutil.disk_usage(place).free)
    usage = shutil.disk_usage(tightest)
    value = f"{usage.free / GIB:.1f} of {usage.total / GIB:.1f} GiB free at {tightest}"
    nodes = os.statvfs(tightest)
    if usage.free < GIB:
        return Row("disk", value, "problem", "make room: less than 1 GiB is free")
    if nodes.f_files and nodes.f_favail < 10_000:
        return Row(
            "disk", f"{value}, {nodes.f_favail} files", "problem", "delete files: the disk has no inodes left"
        )
    if usage.free < 10 * GIB:
        return Row("disk", value, "advice", "make room: checkpoints and logs of long runs need more")
    return Row("disk", value)


def locks(project: Project) -> Row:
    """Whether locks work where run folders lie: they tell who is alive."""
    place = _existing(project.output)
    try:
        with (
            tempfile.NamedTemporaryFile(dir=place, prefix=".doctor-") as first,
            Path(first.name).open() as second,
        ):
            fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return Row("locks", f"work at {place}")
    except OSError as error:
        todo = "set [project] output to a folder on a local disk that you may write to"
        return Row("locks", f"do not work at {place}: {error.strerror}", "problem", todo)
    todo = "set [project] output to a local disk: two supervisors could take the same run here"
    return Row("locks", f"are given twice at {place}", "problem", todo)


def settings(project: Project) -> Row:
    """Whether `trainer.toml` can be used, and whether each of its models exists."""
    from trainer_tui.cli.own_rules import rule_problems
    from trainer_tui.settings import SettingsError, load_settings

    try:
        found = load_settings(project.root)
    except SettingsError as error:
        return Row("settings", "trainer.toml cannot be used", "problem", "; ".join(error.problems))
    if problems := rule_problems(project.root, found):
        return Row("settings", "a rule of trainer.toml cannot be used", "problem", "; ".join(problems))
    tables = found.models
    known = project.model_names()
    strangers = [name for name in tables if name not in known and not project.model_output(name).is_dir()]
    if not strangers:
        return Row("settings", f"{len(tables)} models have settings of their own")
    near = difflib.get_close_matches(strangers[0], known, n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    todo = f"[models.{strangers[0]}] in trainer.toml belongs to no model and no watched command{meant}"
    return Row("settings", f"no model is named {', '.join(strangers)}", "advice", todo)


CHECKS: dict[str, Check] = {
    "terminal": terminal,
    "locale": encoding,
    "packages": packages,
    "for models": training_packages,
    "settings": settings,
    "disk": disk,
    "locks": locks,
}


def _terminal_size() -> tuple[int, int] | None:
    for stream in (sys.__stdout__, sys.__stderr__, sys.__stdin__):
        try:
            if stream is not None:
                size = os.get_terminal_size(stream.fileno())
                return size.columns, size.lines
        except (OSError, ValueError):  # not a terminal, or closed
            continue
    return None


def _colours(kind: str) -> str:
    if "NO_COLOR" in os.environ:
        return "colours switched off by NO_COLOR"
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") or kind.endswith("-direct"):
        return "16 million colours"
    return "256 colours" if "256color" in kind else "16 colours"


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists: the doctor makes none."""
    return next(place for place in (folder, *folder.parents) if place.is_dir())
