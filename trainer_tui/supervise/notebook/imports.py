"""Which files of the project a script is made of: its imports, followed without running anything."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import trainer_tui
from trainer_tui.runs.plain import plain_reader

LARGEST = 1 << 20
"""Bytes of the longest file that is taken for source code."""

MOST_FILES, MOST_BYTES = 300, 6 << 20
"""What is followed at most: a launch must not wait for a whole library to be read."""

_OURSELVES = Path(trainer_tui.__file__).resolve().parent
_NOT_SOURCES = frozenset({"site-packages", "venv", "env", "node_modules", "output", "logs", "__pycache__"})


def imported(scripts: Iterable[Path], root: Path, search: Iterable[Path] = ()) -> list[Path]:
    """The files below `root` that these scripts import, directly or not, in the order they are met.

    `search`: folders beside the script's own, the root and its `src` where modules are looked for. What is
    installed (a virtual environment in the project, this package) is not followed, nor is what only the
    running program knows (`importlib` with a computed name).
    """
    root = root.resolve()
    begun = [script.resolve() for script in scripts]
    seen = set(begun)
    waiting = deque((script, script.parent) for script in begun)
    found: list[Path] = []
    read = 0
    while waiting and len(found) < MOST_FILES and read < MOST_BYTES:
        file, home = waiting.popleft()
        tree, size = _tree(file)
        read += size
        bases = list(dict.fromkeys([home, *search, root, root / "src"]))
        for path in (path for target in _targets(tree, file, bases) for path in _files(*target)):
            real = path.resolve()
            if real not in seen and of_project(real, root) and len(found) < MOST_FILES:
                seen.add(real)
                found.append(real)
                waiting.append((real, home))
    return found


def module_file(name: str, base: Path) -> Path | None:
    """The file that `python -m name` would run from `base`; None when it is not there."""
    path = base.joinpath(*name.split("."))
    candidates = (path / "__main__.py", path.with_name(path.name + ".py"))
    return next((file for file in candidates if file.is_file()), None)


def of_project(file: Path, root: Path) -> bool:
    """Whether a file (without links) is a source of the project, small enough to be kept."""
    if not file.is_relative_to(root) or file.is_relative_to(_OURSELVES):
        return False
    parts = file.relative_to(root).parts
    if any(part in _NOT_SOURCES or part.startswith(".") for part in parts[:-1]):
        return False
    try:
        return file.stat().st_size <= LARGEST
    except OSError:
        return False


def _tree(file: Path) -> tuple[ast.AST | None, int]:
    """The parsed file and its size in bytes; None for what is no Python."""
    if file.suffix != ".py":
        return None, 0
    try:
        with plain_reader(file) as source:
            data = source.read(LARGEST + 1)
        return (ast.parse(data) if len(data) <= LARGEST else None), len(data)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None, 0


def _targets(
    tree: ast.AST | None, file: Path, bases: list[Path]
) -> Iterator[tuple[list[str], list[Path], list[str]]]:
    """(words of the module, folders to look in, names taken from it) of each import."""
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split("."), bases, []
        elif isinstance(node, ast.ImportFrom):
            words = node.module.split(".") if node.module else []
            names = [alias.name for alias in node.names]
            if not node.level:
                yield words, bases, names
            elif node.level <= len(file.parents):
                yield words, [file.parents[node.level - 1]], names
        elif isinstance(node, ast.Call) and (name := _by_name(node)):
            yield name.split("."), bases, []


def _by_name(call: ast.Call) -> str:
    """The module of `importlib.import_module("a.b")`; empty for every other call."""
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    first = call.args[0] if call.args else None
    if called == "import_module" and isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value if not first.value.startswith(".") else ""
    return ""


def _files(words: list[str], bases: list[Path], names: list[str]) -> Iterator[Path]:
    """The files that importing a module reads, from the first folder that has it."""
    for base in bases:
        found = list(_along(base, words))
        folder = base.joinpath(*words)
        if words and not found and not folder.is_dir():
            continue
        yield from found
        for name in names:
            yield from _along(folder, [name])
        return


def _along(base: Path, words: list[str]) -> Iterator[Path]:
    for count in range(1, len(words) + 1):
        path = base.joinpath(*words[:count])
        for file in (path / "__init__.py", path.with_name(path.name + ".py")):
            if file.is_file():
                yield file
                break
