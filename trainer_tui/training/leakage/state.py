"""Everything a fitted object knows, as one hash for each attribute."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

DEEPEST = 12


def state_of(fitted: Any) -> dict[str, str]:
    """Path → hash of everything plain inside of an object: numbers, text, arrays, tables, trees of them."""
    result: dict[str, str] = {}
    _walk(fitted, type(fitted).__name__, result, set(), 0)
    return result


def differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """Paths that only one has, or that differ."""
    return sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))


def _walk(value: Any, path: str, result: dict[str, str], above: set[int], depth: int) -> None:
    if depth > DEEPEST or id(value) in above:
        return
    inner = above | {id(value)}
    if value is None or isinstance(value, str | bytes | int | float | complex | bool | np.generic):
        result[path] = _hash(repr(value).encode())
    elif isinstance(value, np.ndarray):
        if value.dtype == object:
            _walk(value.tolist(), path, result, inner, depth + 1)
        else:
            result[path] = _hash(
                str((value.dtype.str, value.shape)).encode() + np.ascontiguousarray(value).tobytes()
            )
    elif isinstance(value, Mapping):
        for key in value:
            _walk(value[key], f"{path}[{key!r}]", result, inner, depth + 1)
    elif isinstance(value, list | tuple):
        result[f"{path}.length"] = str(len(value))
        for i, item in enumerate(value):
            _walk(item, f"{path}[{i}]", result, inner, depth + 1)
    elif isinstance(value, set | frozenset):
        result[path] = _hash(repr(sorted(map(repr, value))).encode())
    elif hasattr(value, "to_numpy"):
        _walk(np.asarray(value.to_numpy()), path, result, inner, depth + 1)
    elif hasattr(value, "toarray"):
        _walk(value.toarray(), path, result, inner, depth + 1)
    elif hasattr(value, "__reduce__") and not hasattr(value, "__dict__"):
        _walk_opaque(value, path, result, inner, depth)
    elif not isinstance(value, type) and not callable(value):
        for name, item in sorted(vars(value).items()):
            _walk(item, f"{path}.{name}", result, inner, depth + 1)


def _walk_opaque(value: Any, path: str, result: dict[str, str], above: set[int], depth: int) -> None:
    """An object of an extension module: what it would pickle, if it does."""
    try:
        pickled = value.__reduce__()
    except TypeError:
        result[path] = type(value).__name__
        return
    if isinstance(pickled, tuple):
        _walk(list(pickled[1:3]), path, result, above, depth + 1)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
