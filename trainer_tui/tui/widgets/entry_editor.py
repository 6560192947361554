"""The editor of an entry: the library's, with Markdown in colours and changes from elsewhere undoable."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.widgets import TextArea

from trainer_tui.tui.diary.buffer import changes, shown, typed
from trainer_tui.tui.diary.colours import LineKind, kinds, spans

_FLAGGED = "entry--flagged"


class EntryEditor(TextArea):
    """Holds the text of one entry."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"entry--{name}" for name in ("heading", "label", "code", "comment", "quote", "mark")),
        _FLAGGED,
    }

    def __init__(self, text: str) -> None:
        super().__init__(
            shown(text),
            id="editor",
            classes="pane",
            show_line_numbers=True,
            compact=True,
            tab_behavior="focus",
        )
        self._given = text
        self._kinds: tuple[LineKind, ...] = kinds(self.text)
        self._flagged: frozenset[int] = frozenset()

    @property
    def entry_text(self) -> str:
        """The entry's text, with the separators that the editor cannot show."""
        return typed(self._given, self.text)

    def begin(self, text: str) -> None:
        """Edit another text; what was done to the one before cannot be undone any more."""
        self._given = text
        self.load_text(shown(text))
        self.recolour()

    def become(self, text: str) -> None:
        """Make another text of this one, the cursor staying on its text; it can be undone."""
        self._given = text
        for each in changes(self.text, shown(text)):
            self.replace(each.insert, each.start, each.end, maintain_selection_offset=True)
        self.recolour()

    def recolour(self) -> None:
        """Look at the text again: a fence that was opened changes what is below it."""
        found = kinds(self.text)
        if found != self._kinds:
            self._kinds = found
            self._draw_anew()

    def flag(self, lines: frozenset[int]) -> None:
        """Mark the lines that somebody should look at."""
        if lines != self._flagged:
            self._flagged = lines
            self._draw_anew()

    def _draw_anew(self) -> None:
        self.notify_style_update()  # which forgets the lines that were drawn
        self.refresh()

    def get_line(self, line_index: int) -> Text:
        line = super().get_line(line_index)
        kind = self._kinds[line_index] if line_index < len(self._kinds) else "text"
        for start, end, colour in spans(line.plain, kind):
            line.stylize(self.get_component_rich_style(f"entry--{colour}", partial=True), start, end)
        if line_index in self._flagged and line.plain:
            line.stylize(self.get_component_rich_style(_FLAGGED, partial=True))
        return line
