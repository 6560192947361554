"""What is wrong with the settings, said so that the reader can put it right without another document."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from trainer_tui.runs.conditions import ALLOWED_CONDITIONS, ALLOWED_RANGES, Condition, Range

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

Path = tuple[str | int, ...]

_KINDS: dict[Any, str] = {
    str: "a text in quotes",
    int: "a whole number",
    float: "a number",
    Range: f"a text in quotes: {ALLOWED_RANGES}",
    Condition: f"a text in quotes: {ALLOWED_CONDITIONS}",
}
_BOUNDS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}


class SettingsError(Exception):
    """The settings cannot be used; the message has one line a problem."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def describe(error: ErrorDetails, schema: type[BaseModel], where: str) -> str:
    """One line for a problem that pydantic found: where, which key, what is wrong, what is allowed."""
    path = tuple(error["loc"])
    return f"{where}: {dotted(path)}: {_wrong(error, path, schema)}"


def dotted(path: Path) -> str:
    """A path as people write it in TOML: `quick.scale`, `models."my model".args[0]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            bare = part.replace("-", "").replace("_", "").isalnum() and part.isascii()
            text += ("." if text else "") + (part if bare else f'"{part}"')
    return text


def annotation_at(schema: Any, path: Path) -> tuple[Any, FieldInfo | None]:
    """The type at a path below a table, and its field where the path ends at one; else (None, None)."""
    node, field = schema, None
    for part in path:
        if isinstance(node, type) and issubclass(node, BaseModel):
            field = node.model_fields.get(str(part))
            if field is None:
                return None, None
            node = _bare(field.annotation)
        elif get_origin(node) in (dict, list):
            node, field = _bare(get_args(node)[-1]), None
        else:
            return None, None
    return node, field


def _wrong(error: ErrorDetails, path: Path, schema: type[BaseModel]) -> str:
    """What is wrong with the value and what would be right."""
    if error["type"] == "extra_forbidden":
        parent, _ = annotation_at(schema, path[:-1])
        return unknown_key(str(path[-1]), list(parent.model_fields))
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    annotation, field = annotation_at(schema, path)
    return f"{_shown(error['input'])} is not allowed; allowed: {_allowed(annotation, field)}"


def unknown_key(key: str, known: list[str], what: str = "key") -> str:
    """That there is no such key, the nearest one, and all of them."""
    import difflib

    near = difflib.get_close_matches(key.lower(), known, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"there is no such {what}; {hint}allowed: {', '.join(known)}"


def _allowed(annotation: Any, field: FieldInfo | None) -> str:
    """What a key takes, from its type and its bounds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"a table with {', '.join(annotation.model_fields)}"
    if get_origin(annotation) is list and get_origin(get_args(annotation)[0]) is dict:
        return "tables, each below [[…]] in two brackets"
    if get_origin(annotation) is list:
        return "an array of texts, as in ['--lr', '0.1']"
    if get_origin(annotation) is dict:
        value = _bare(get_args(annotation)[-1])
        return f"a table whose values are each {_KINDS.get(value, 'a table')}"
    if get_origin(annotation) is Literal:
        return f"one of {', '.join(map(str, get_args(annotation)))}"
    kind = _KINDS.get(annotation, "a text in quotes that says something")
    bounds = [
        f"{word} {getattr(rule, name):.10g}"
        for rule in (field.metadata if field else ())
        for name, word in _BOUNDS.items()
        if getattr(rule, name, None) is not None
    ]
    if annotation is str:
        return f"{kind}, not empty"
    return " ".join((kind, " and ".join(bounds))).strip()


def _bare(annotation: Any) -> Any:
    """A type without `| None` and without Annotated."""
    if get_origin(annotation) in (Union, types.UnionType):
        (annotation,) = (part for part in get_args(annotation) if part is not type(None))
    if hasattr(annotation, "__metadata__"):
        annotation = annotation.__origin__
    return annotation


def _shown(value: Any) -> str:
    """A value as it stands in the file, short."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a table"
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"
