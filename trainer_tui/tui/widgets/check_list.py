"""A list of things to choose several of; a sign says which are chosen, not a colour alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList

from trainer_tui.runs.text import clean


class CheckList(OptionList):
    """(identity, text) of each thing with a box before it; space or a click asks to choose or to leave it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "select", "Choose", show=False, id="list.choose"),
    ]

    class Toggled(Message):
        """Somebody wants the other thing; the list changes when its owner says so."""

        def __init__(self, sender: CheckList, identity: str) -> None:
            super().__init__()
            self.sender, self.identity = sender, identity

        @property
        def control(self) -> CheckList:
            """The list it came from."""
            return self.sender

    def __init__(self, id: str) -> None:
        super().__init__(id=id, compact=True, markup=False)
        self.items: tuple[tuple[str, str], ...] = ()
        self.chosen: frozenset[str] = frozenset()

    def offer(self, items: Sequence[tuple[str, str]], chosen: Collection[str]) -> None:
        """Offer these, some of them chosen; the highlight stays on what it was on."""
        items, chosen = tuple(items), frozenset(chosen)
        if items == self.items:
            for at, (identity, text) in enumerate(items):
                if (identity in chosen) != (identity in self.chosen):
                    self.replace_option_prompt_at_index(at, _prompt(text, identity in chosen))
            self.chosen = chosen
            return
        lit = self.highlighted
        held = self.items[lit][0] if lit is not None and lit < len(self.items) else None
        self.items, self.chosen = items, chosen
        self.clear_options()
        self.add_options(_prompt(text, identity in chosen) for identity, text in items)
        if items:
            identities = [identity for identity, _ in items]
            self.highlighted = identities.index(held) if held in identities else 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Toggled(self, self.items[event.option_index][0]))


def _prompt(text: str, chosen: bool) -> Content:
    shown = clean(text, 60)
    return Content.assemble(("[x] ", "bold"), (shown, "bold")) if chosen else Content(f"[ ] {shown}")
