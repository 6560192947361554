"""Work in the background of which only the newest counts."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from textual.dom import DOMNode


def newest(node: DOMNode, group: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Begin work, and drop what the group was at; it ends with the node."""
    # The function, not its coroutine: one that is dropped before it began would be left behind unawaited.
    begun: Any = work
    node.run_worker(begun, group=group, exclusive=True, exit_on_error=False)
