"""Where a project may lead: into its own folder, and wherever its user (not its settings) said that it may.

Settings come with a repository, and links do too: neither may make us write into somebody's home.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

VARIABLE = "TRAINER_TUI_ALLOW"
"""Folders, separated as in PATH, into which projects may lead."""

StrPath = str | os.PathLike[str]


def allowed_file(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's list of such folders, one a line (XDG Base Directory Specification)."""
    config = environ.get("XDG_CONFIG_HOME", "")
    folder = Path(config) if os.path.isabs(config) else Path(os.path.expanduser("~/.config"))
    return folder / "trainer-tui" / "allowed"


def allowed_folders(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Every folder that the user allowed, by the environment and by the list."""
    try:
        lines = allowed_file(environ).read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        lines = []
    return tuple(p for p in (*environ.get(VARIABLE, "").split(os.pathsep), *lines) if os.path.isabs(p))


def way_out(path: StrPath, inside: Iterable[StrPath], environ: Mapping[str, str] = os.environ) -> str | None:
    """Where a path leads, links resolved; None when that is below one of these folders or an allowed one.

    Raises ValueError for what can be no path.
    """
    real = os.path.realpath(path)
    if any(_is_below(real, folder) for folder in inside):
        return None
    return None if any(_is_below(real, folder) for folder in allowed_folders(environ)) else real


def refusal(what: str, real: str) -> str:
    """That something leads out of its project, and what allows it."""
    folder = real if os.path.isdir(real) or not os.path.splitext(real)[1] else os.path.dirname(real)
    return (
        f"{what} leads out of the project, to {real}; `trainer-tui allow {folder}` lets your projects use it"
    )


def _is_below(real: str, folder: StrPath) -> bool:
    top = os.path.realpath(folder)
    return real == top or real.startswith(top.rstrip("/") + "/")
