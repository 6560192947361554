"""The Log pane: the view, its title, and the line to search with."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input

from trainer_tui.tui.pictures import LogPicture
from trainer_tui.tui.widgets.log_view import LogView


class SearchLine(Input):
    """Asks for the text to look for; escape leaves it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Close", show=False, id="search.leave")
    ]

    def action_leave(self) -> None:
        """Close without searching."""
        self.display = False
        self.screen.query_one(LogView).focus()


class LogPane(Vertical):
    """The log with its title: following or not, what is searched for."""

    def __init__(self) -> None:
        super().__init__(id="log-pane", classes="pane")
        self._problem = ""
        self.view = LogView()
        self._search = SearchLine(placeholder="search the log", id="search", compact=True)
        self._search.display = False

    def compose(self) -> ComposeResult:
        yield self.view
        yield self._search

    def on_mount(self) -> None:
        self._retitle()

    def add(self, picture: LogPicture) -> None:
        """Add lines."""
        self.view.add(picture)

    def ask(self) -> None:
        """Open the search line."""
        self._search.display = True
        self._search.focus()

    def step(self, forward: bool) -> None:
        """Go to the next or previous match."""
        if not self.view.needle:
            self.ask()
        elif not self.view.step(forward):
            self._problem = "not found"
        self._retitle()

    @on(Input.Submitted, "#search")
    def _searched(self, event: Input.Submitted) -> None:
        event.stop()
        event.input.display = False
        self.view.focus()
        found = self.view.search(event.value)
        self._problem = "" if found or not event.value else "not found"
        self._retitle()

    @on(LogView.FollowingChanged)
    def _retitle(self) -> None:
        view = self.view
        parts = ["Log", "following" if view.following else "held, f follows"]
        if view.needle:
            parts.append(f"“{view.needle}” {self._problem or 'n next  N previous'}")
        self.border_title = Content(" ─ ".join(parts))
