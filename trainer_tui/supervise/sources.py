"""What a run was made of: copies of its sources, and their digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from trainer_tui.runs.plain import LARGEST_DOCUMENT, make_folders, read_plain
from trainer_tui.runs.plan import WatchPlan
from trainer_tui.supervise.notebook.imports import imported, module_file, of_project
from trainer_tui.supervise.notebook.kept import forget_unused, keep
from trainer_tui.supervise.notebook.patches import unified

_SETTINGS = frozenset({".yaml", ".yml", ".json", ".toml", ".ini", ".cfg"})
"""What a word of the command ends in that names a file of settings."""


def keep_sources(plan: WatchPlan, into: Path, store: Path | None = None) -> None:
    """Keep what a run of this plan is made of under `into`: its files, and those of the project they import.

    `store`: the folder in which each content lies once (`notebook.kept`). Raises OSError.
    """
    copy_sources(sources_of(plan), Path(plan.root), into, store)


def sources_of(plan: WatchPlan) -> list[str]:
    """The files of a plan: those it names, its settings files, the module it runs, what they import."""
    root, cwd = Path(plan.root).resolve(), Path(plan.cwd)
    scripts = [Path(name) for name in plan.sources]
    command = list(plan.command)
    if "-m" in command[:-1] and not scripts:
        module = module_file(command[command.index("-m") + 1], cwd)
        scripts += [module] if module is not None and of_project(module.resolve(), root) else []
    named = [cwd / word.rpartition("=")[2] for word in command if Path(word).suffix in _SETTINGS]
    settings = [path for path in named if path.is_file() and of_project(path.resolve(), root)]
    beside = [cwd, *(cwd / entry for entry in plan.env.get("PYTHONPATH", "").split(os.pathsep) if entry)]
    files = [*scripts, *settings, *imported(scripts, root, beside)]
    return [str(path) for path in dict.fromkeys(files)]


def copy_sources(sources: Iterable[str], root: Path, into: Path, store: Path | None = None) -> None:
    """Keep each source file under `into`, by its path below `root` (by its name when it lies elsewhere)."""
    new = False
    for name in sources:
        source = Path(name)
        if not source.is_file():
            continue
        target = into / _relative(source, root)
        make_folders(target.parent)
        if target.exists():  # of two files with one name, both from elsewhere, the first is kept
            continue
        new |= keep(source, target, store)
    if new and store is not None:
        forget_unused(store)


def digest_of(folder: Path) -> str:
    """SHA-256 over names and contents of every file below `folder`; empty when there are none."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    if not files:
        return ""
    digest = hashlib.sha256()
    for file in files:
        content = hashlib.sha256(read_plain(file)).hexdigest()
        digest.update(f"{file.relative_to(folder).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


def diff_sources(before: Path, after: Path) -> str:
    """Unified diff of two `source/` folders; empty when they are alike."""
    names = sorted(
        {p.relative_to(folder) for folder in (before, after) for p in folder.rglob("*") if p.is_file()}
    )
    parts: list[str] = []
    for name in names:
        old, new = _lines(before, name), _lines(after, name)
        parts += unified(old, new, f"a/{name}", f"b/{name}")
    return "\n".join(parts)


def _relative(source: Path, root: Path) -> Path:
    try:
        return source.resolve().relative_to(root.resolve())
    except ValueError:
        return Path(source.name)


def _lines(folder: Path, name: Path) -> list[str]:
    try:
        data = read_plain(folder / name, LARGEST_DOCUMENT, within=folder)
    except OSError:
        return []
    return data.decode("utf-8", "replace").splitlines()
