"""Fields of a dataclass out of a document that anybody may have written; what has another type is left."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any

_LARGEST = 10**300
"""What is larger is no float any more, and raises where it meets one."""

Test = Callable[[Any], bool]


def is_whole(value: Any) -> bool:
    """Whether it is a whole number that a file of ours can hold; True and False are none."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST


def is_number(value: Any) -> bool:
    """Whether it is a finite number of bearable size."""
    return is_whole(value) or (isinstance(value, float) and math.isfinite(value))


def is_text(value: Any) -> bool:
    """Whether it is a text."""
    return isinstance(value, str)


def _list_of(test: Test) -> Test:
    return lambda value: isinstance(value, list | tuple) and all(map(test, value))


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _is_table_of_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(is_text, value.values()))


def _or_none(test: Test) -> Test:
    return lambda value: value is None or test(value)


_TESTS: dict[str, Test] = {
    "str": is_text,
    "bool": lambda value: isinstance(value, bool),
    "int": is_whole,
    "float": is_number,
    "int | None": _or_none(is_whole),
    "float | None": _or_none(is_number),
    "Phase": lambda value: value in ("quick", "full"),
    "Severity": is_text,
    "Fate": is_text,
    "tuple[str, ...]": _list_of(is_text),
    "tuple[Phase, ...]": _list_of(lambda value: value in ("quick", "full")),
    "tuple[dict[str, Any], ...]": _list_of(_is_table),
    "dict[str, str]": _is_table_of_texts,
    "dict[str, Any]": _is_table,
}
"""How a field is annotated → whether a value is one."""


def values_for(cls: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """What `cls` takes of a document; keys of another version are ignored, and so is what has another type.

    Raises TypeError for a field without a default whose value has another type.
    """
    found: dict[str, Any] = {}
    for field in fields(cls):
        if field.name not in data:
            continue
        test = _TESTS.get(str(field.type))
        value = data[field.name]
        if test is None or test(value):
            found[field.name] = tuple(value) if str(field.type).startswith("tuple") else value
        elif field.default is MISSING and field.default_factory is MISSING:
            raise TypeError(f"{field.name} of {cls.__name__} is {type(value).__name__}, not {field.type}")
    return found
