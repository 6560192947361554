"""The parts of the Diary screen and which of them there is room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Footer, Static

from trainer_tui.tui.widgets.entry_editor import EntryEditor
from trainer_tui.tui.widgets.entry_shelf import EntryShelf
from trainer_tui.tui.widgets.evidence import EvidencePane
from trainer_tui.tui.widgets.headline import StateLine

if TYPE_CHECKING:
    from trainer_tui.tui.app import CockpitApp

WIDE = 112
"""Columns from which the list, the evidence and the entry stand side by side."""


class DiaryLayout(Screen[None]):
    """A list, the evidence and an editor; whoever inherits decides what is written in it."""

    app: CockpitApp

    CSS_PATH = "../diary.tcss"
    AUTO_FOCUS = "#editor"

    def __init__(self, state_line: StateLine, text: str) -> None:
        super().__init__(id="diary")
        self.state_line = state_line
        self._flipped: set[str] = set()
        # Held rather than looked up: the screen may be taken down while it is being built.
        self._title = Static(id="diary-title", markup=False)
        self._shelf = EntryShelf()
        self._evidence = EvidencePane()
        self._editor = EntryEditor(text)
        self._advice = Static(id="diary-advice", markup=False)

    def compose(self) -> ComposeResult:
        yield self.state_line
        yield self._title
        with Horizontal(id="diary-body"):
            with Vertical(id="diary-side"):
                yield self._shelf
                yield self._evidence
            yield self._editor
        yield self._advice
        yield Footer(compact=True, show_command_palette=False)

    @property
    def editor(self) -> EntryEditor:
        """The text being written."""
        return self._editor

    def on_resize(self, event: Resize) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        """Wide screens show all; narrow ones the entry, and what was asked for above it."""
        wide = self.size.width >= WIDE
        for name in ("list", "evidence"):
            self.set_class(wide == (name in self._flipped), f"-{name}-off")

    def _put_away(self) -> None:
        """Give a narrow screen back to the entry."""
        if self.size.width < WIDE:
            self._flipped.clear()
            self._lay_out()

    def _flip(self, name: str) -> bool:
        """Show a part, or hide it; whether it is there now."""
        if self.size.width < WIDE:
            self._flipped &= {name}
        self._flipped ^= {name}
        self._lay_out()
        self.call_after_refresh(self.editor.scroll_cursor_visible, animate=False)
        return not self.has_class(f"-{name}-off")

    def action_list(self) -> None:
        """The list of entries gets the keys; again, it goes."""
        entries = self._shelf.entries
        if entries.has_focus or self.has_class("-list-off"):
            (entries if self._flip("list") else self.editor).focus()
        else:
            entries.focus()

    def action_evidence(self) -> None:
        """Show or hide what is known."""
        if not self._flip("evidence") and self._evidence.has_focus:
            self.editor.focus()

    def _go_to(self, line: int | None) -> None:
        if line is not None:
            self.editor.move_cursor((line, 0))
            self.editor.scroll_cursor_visible(center=True, animate=False)
            self.editor.focus()
