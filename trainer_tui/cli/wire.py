"""What a page may send over its websocket: judged before it reaches a window's process. Pure functions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MOST_COLUMNS, MOST_ROWS = 1000, 400
"""Cells of a window; each costs memory in its process, and no screen shows more."""


@dataclass(frozen=True, slots=True)
class Order:
    """One message, of a known kind and with what belongs to it."""

    kind: str
    value: Any = None


def order_of(text: str) -> Order | None:
    """What a message asks; None for one that no page of ours sends."""
    try:
        kind, *rest = json.loads(text)
        return _KINDS[kind](kind, *rest[:1])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def fitting(width: Any, height: Any) -> tuple[int, int]:
    """A size in cells that a window can have. Raises TypeError or ValueError for what is no size."""
    sizes = int(width), int(height)
    return min(max(sizes[0], 1), MOST_COLUMNS), min(max(sizes[1], 1), MOST_ROWS)


def _typed(kind: str, value: str) -> Order:
    return Order(kind, value.encode("utf-8", "replace") if isinstance(value, str) else _no(value))


def _size(kind: str, value: dict[str, Any]) -> Order:
    return Order(kind, fitting(value["width"], value["height"]))


def _echo(kind: str, value: Any = None) -> Order:
    return Order(kind, value if isinstance(value, int | float | str | None) else _no(value))


def _plain(kind: str, _: Any = None) -> Order:
    return Order(kind)


def _no(value: Any) -> Any:
    raise TypeError(f"{type(value).__name__} is not what belongs here")


_KINDS: dict[str, Callable[..., Order]] = {
    "stdin": _typed,
    "resize": _size,
    "ping": _echo,
    "blur": _plain,
    "focus": _plain,
}
