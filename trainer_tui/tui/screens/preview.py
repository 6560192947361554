"""An entry as a reader sees it. Its module is imported when somebody asks for it: Markdown is heavy."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Markdown

from trainer_tui.runs.text import clean_lines


class PreviewScreen(ModalScreen[None]):
    """Markdown to read and scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f9,q,enter", "leave", "Close", id="preview.leave")
    ]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog stack") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = Content("esc or f9 closes")
            # A click on a link must not start a browser on a machine that somebody is logged in to.
            yield Markdown(clean_lines(self._text), open_links=False)

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_leave(self) -> None:
        """Close."""
        self.dismiss()
