"""The pages of a place, side by side in one row; a click goes there."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget


class PageTabs(Widget, can_focus=False):
    """The present page stands out by more than its colour."""

    ALLOW_SELECT = False

    class Chosen(Message):
        """A page was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, pages: tuple[tuple[str, str], ...]) -> None:
        """`pages`: (name, label) of each."""
        super().__init__(classes="page-tabs")
        self._pages = pages
        self.present = pages[0][0]
        self._note = ""

    def show(self, name: str) -> None:
        """Another page is in front."""
        self.present = name
        self.refresh()

    def note(self, text: str) -> None:
        """What nobody can see, beside the pages; empty: all is seen."""
        if text != self._note:
            self._note = text
            self.refresh()

    def render(self) -> object:  # type: ignore[override]
        parts: list[Content | str | tuple[str, str]] = [" "]
        for name, label in self._pages:
            parts += [(f" {label} ", "reverse bold" if name == self.present else ""), " "]
        if self._note:
            parts.append((f" {self._note}", "$blind bold"))
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        at = 1
        for name, label in self._pages:
            if at <= event.x < at + len(label) + 2:
                self.post_message(self.Chosen(name))
            at += len(label) + 3
