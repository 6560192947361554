"""The help: the keys of the screen in front, over it."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from trainer_tui.tui.help import EVERYWHERE, HelpGroup, HelpKey, groups_of, help_lines
from trainer_tui.tui.keys import TABLES, Key
from trainer_tui.tui.places import PLACES
from trainer_tui.tui.styles import lines

_FRAME = 8
"""Columns around the text: border, padding, scrollbar."""


class HelpScreen(ModalScreen[None]):
    """Lists keys; esc and ? close it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "leave", "Close", id="help.leave")
    ]

    def __init__(self, title: str, groups: list[HelpGroup], said: str = "") -> None:
        super().__init__()
        self._title, self._groups, self._said = title, groups, said
        self._text = Static("", id="help-text", markup=False)

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog reading help") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = Content("esc or ? closes")
            yield self._text

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def on_resize(self) -> None:
        width = min(110, int(self.size.width * 0.96)) - _FRAME
        self._text.update(lines(help_lines(self._groups, self._said, width)))

    def action_leave(self) -> None:
        """Close."""
        self.dismiss()


def help_for(screen: Screen[Any], name: str = "", *, places: bool = True) -> HelpScreen:
    """The help of a screen; `name`: that of its place, where it is one."""
    active = screen.active_bindings.values()
    ids = [binding.id for _, binding, _, _ in active if binding.id]
    working = {binding.action for _, binding, _, _ in active}
    title = next((place.label for place in PLACES if place.name == name), "")
    groups: list[HelpGroup] = []
    for prefix in dict.fromkeys(identity.partition(".")[0] for identity in ids):
        if prefix in TABLES:
            groups += groups_of(title or "This screen", TABLES[prefix], working)
    if not groups:
        own = [
            HelpKey(
                screen.app.get_key_display(binding),
                binding.description,
                binding.tooltip or binding.description,
            )
            for node, binding, _, _ in active
            if node is screen and binding.description
        ]
        groups = [HelpGroup("This screen", tuple(own))] if own else []
    if places:
        go = [Key(place.keys, "", "", f"{place.label}: {place.help}") for place in PLACES]
        groups += groups_of("Places", go)
    groups += groups_of("Everywhere", EVERYWHERE if places else EVERYWHERE[1:])
    return HelpScreen(f"Help ─ {title}" if title else "Help", groups, str(screen.HELP or ""))
