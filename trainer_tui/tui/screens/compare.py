"""The screen that holds two runs against each other."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from trainer_tui.runs.catalog.compare import Comparison, compare
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.text import clean
from trainer_tui.tui.runs.comparing import comparison_lines
from trainer_tui.tui.widgets.lines_view import Lines, LinesView


class CompareScreen(ModalScreen[None]):
    """What differs between two runs: result, configuration, code, environment."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,equals_sign", "leave", "Close", id="compare.leave"),
        Binding("n,tab", "section(1)", "Next section", id="compare.next"),
        Binding("N,shift+tab", "section(-1)", "Section before", id="compare.previous"),
        Binding("x", "swap", "Swap", id="compare.swap"),
    ]

    CSS_PATH = "../runs.tcss"

    def __init__(self, left: RunFolder, right: RunFolder) -> None:
        super().__init__(id="compare")
        self._runs = left, right
        self._starts: tuple[int, ...] = ()
        self._section = 0
        self._view = LinesView("comparing …")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"{self._title_of(0)} and {self._title_of(1)}")
            box.border_subtitle = Content("n next section ─ x swap ─ esc closes")
            yield self._view

    def on_mount(self) -> None:
        self._view.focus()
        self._begin()

    def _title_of(self, side: int) -> str:
        return clean(self._runs[side].name, 60)

    def _begin(self) -> None:
        self.run_worker(self._compare(), group="compare", exclusive=True, exit_on_error=False)

    async def _compare(self) -> None:
        try:
            comparison = await asyncio.to_thread(compare, *self._runs)
        except Exception as error:  # whatever lies in the two folders, it is told
            told = clean(f"{type(error).__name__}: {error}", 300)
            self._view.show(lambda width: [[(f"cannot compare them: {told}", "bad")]])
            return
        if self.is_mounted:
            self._view.show(lambda width: self._lines(comparison, width))

    def _lines(self, comparison: Comparison, width: int) -> Lines:
        lines, self._starts = comparison_lines(comparison, width)
        return lines

    def action_section(self, step: int) -> None:
        """Go to the next section, or the one before."""
        if self._starts:
            self._section = (self._section + step) % len(self._starts)
            self._view.jump(self._starts[self._section])

    def action_swap(self) -> None:
        """The other one first."""
        self._runs = self._runs[1], self._runs[0]
        self.query_one(".dialog").border_title = Content(f"{self._title_of(0)} and {self._title_of(1)}")
        self._begin()

    def action_leave(self) -> None:
        """Close."""
        self.dismiss()
