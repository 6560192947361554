"""On which line of a TOML text a key stands: the standard parser does not say, and error messages need it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]


def line_of(text: str, path: Path) -> int | None:
    """The 1-based line of the key at a path (`("quick", "scale")`), or of its nearest parent in the text.

    None when not even the first part of the path is there. The text has to be valid TOML.
    """
    lines: dict[Path, int] = {}
    for found, line in _keys(text):
        lines.setdefault(found, line)
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def _keys(text: str) -> Iterator[tuple[Path, int]]:
    """Every key and table with the line where its statement starts, in the order of the text."""
    table: Path = ()
    seen: dict[Path, int] = {}
    for first, statement in _statements(text):
        content = tomllib.loads(statement)
        if statement.lstrip().startswith("["):
            table = _only_path(content)
            if statement.lstrip().startswith("[["):
                yield table, first
                seen[table] = seen.get(table, -1) + 1
                table = (*table, seen[table])
            for length in range(1, len(table) + 1):
                yield table[:length], first
        else:
            for path in _paths(content):
                yield (*table, *path), first


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Line number and text of each table header and each `key = value`, whatever number of lines it takes.

    A statement is complete at the first line end at which it parses: an open bracket or string never does.
    """
    pending: list[str] = []
    start = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if not pending:
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            start = number
        pending.append(line)
        statement = "\n".join(pending)
        try:
            tomllib.loads(statement)
        except (ValueError, RecursionError):
            continue
        yield start, statement
        pending = []


def _only_path(content: dict[str, Any]) -> Path:
    """The path of a table header: each level of its parsed form holds one key."""
    path: list[str | int] = []
    node: Any = content
    while isinstance(node, dict) and node:
        (key,) = node
        path.append(key)
        node = node[key]
    return tuple(path)


def _paths(node: Any, prefix: Path = ()) -> Iterator[Path]:
    """Every path inside a parsed value: dotted keys, inline tables, elements of arrays."""
    if prefix:
        yield prefix
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _paths(value, (*prefix, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _paths(value, (*prefix, index))
