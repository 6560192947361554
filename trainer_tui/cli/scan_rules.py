"""The rules that `scan` looks for: the built-in ones, and those of a file or of the project around us."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from trainer_tui.failures import DEFAULT_RULES, Rule, rule_set
from trainer_tui.project import FILE, Project, ProjectError


class RulesError(Exception):
    """Rules that cannot be used: one sentence with the file's name."""


def rules_for(file: str | None) -> tuple[Rule, ...]:
    """The whole table, the user's own rules first.

    They are the `[[rules]]` of `file`, or of the project's `trainer.toml` when one is there; its
    `disable_rules` are left out. Raises RulesError.
    """
    path = Path(file) if file is not None else _of_the_project()
    if path is None:
        return DEFAULT_RULES
    tables, disabled = _tables(path)
    if file is not None and not tables and not disabled:
        raise RulesError(f"{path}: it has no [[rules]].")
    try:
        return rule_set(tables, disabled)
    except ValueError as error:
        raise RulesError(f"{path}: {error}") from None


def _of_the_project() -> Path | None:
    try:
        path = Project.find().root / FILE
    except ProjectError:
        return None
    return path if path.is_file() else None


def _tables(path: Path) -> tuple[list[Any], list[Any]]:
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise RulesError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise RulesError(f"{path}: it is no text in UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise RulesError(f"{path}: {error}.") from None
    except (ValueError, RecursionError):
        raise RulesError(f"{path}: a number or a nesting in it is too large to be read.") from None
    tables, disabled = data.get("rules", []), data.get("disable_rules", [])
    if not isinstance(tables, list):
        raise RulesError(f"{path}: write [[rules]], with two brackets, above each rule.")
    if not isinstance(disabled, list) or not all(isinstance(name, str) for name in disabled):
        raise RulesError(f"{path}: disable_rules is a list of the ids of rules.")
    return tables, disabled
