"""The list of columns that the Curves screen offers, with a filter."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from trainer_tui.tui.widgets.check_list import CheckList


class ColumnFilter(Input):
    """Narrows the list as one types."""

    class Left(Message):
        """The filter is not wanted any more."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "No filter", show=False, id="columns.unfilter"),
        Binding("down", "submit", "To the list", show=False, id="columns.list"),
    ]

    def __init__(self) -> None:
        super().__init__(placeholder="part of a name", id="curve-filter", compact=True)
        self.display = False

    def action_leave(self) -> None:
        """Show all columns again."""
        self.post_message(self.Left())


class ColumnList(CheckList):
    """Columns with a box each."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "screen.cross(-1)", "Crosshair left", show=False, id="columns.left"),
        Binding("right", "screen.cross(1)", "Crosshair right", show=False, id="columns.right"),
    ]

    def __init__(self) -> None:
        super().__init__("curve-list")
        self._names: tuple[str, ...] = ()
        self._needle = ""

    def show(self, names: tuple[str, ...], chosen: tuple[str, ...]) -> None:
        """Offer these columns, some of them chosen."""
        self._names = names
        self._fill(frozenset(chosen))

    def narrow(self, needle: str) -> None:
        """Offer only the columns with this in their name."""
        self._needle = needle.strip().lower()
        self._fill(self.chosen)

    def _fill(self, chosen: frozenset[str]) -> None:
        self.offer([(name, name) for name in self._names if self._needle in name.lower()], chosen)
