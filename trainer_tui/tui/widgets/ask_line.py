"""The line at the bottom of the Log screen, and what it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


@dataclass(frozen=True, slots=True)
class Question:
    """What the line at the bottom asks for."""

    title: str
    hint: str


_SEARCHES = "enter searches  ctrl+r regular expression  ctrl+t case  esc closes"
QUESTIONS = {
    "forward": Question("search", _SEARCHES),
    "back": Question("search back", _SEARCHES),
    "place": Question("go to", "line 1234, part 50%, time 14:02 or 2026-01-25 14:02, -10m before the end"),
    "file": Question("save as", "enter writes the file; one that is there already is never replaced"),
}


class AskLine(Input):
    """One line to answer in; escape leaves it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Close", show=False, id="log-ask.leave"),
        Binding("ctrl+r", "regex", "Regular expression", show=False, id="log-ask.regex"),
        Binding("ctrl+t", "case", "Case", show=False, id="log-ask.case"),
    ]

    class Left(Message):
        """Nothing is asked any more."""

    class Switched(Message):
        """Search otherwise."""

        def __init__(self, what: str) -> None:
            super().__init__()
            self.what = what

    def action_leave(self) -> None:
        """Close without an answer."""
        self.post_message(self.Left())

    def action_regex(self) -> None:
        """A text as it stands, or a regular expression."""
        self.post_message(self.Switched("regex"))

    def action_case(self) -> None:
        """Whether case counts: by itself, always, never."""
        self.post_message(self.Switched("case"))
