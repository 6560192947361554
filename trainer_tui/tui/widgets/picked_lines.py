"""Entries to read and to go through; enter opens those that have more to say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from trainer_tui.tui.trials.entries import Entry, Laid, laid

Make = Callable[[int], Sequence[Entry]]


class PickedLines(ScrollView, can_focus=False):
    """Entries, laid out for the width; the cursor stands on those that open."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "picked--plain",
        "picked--dim",
        "picked--good",
        "picked--warning",
        "picked--bad",
        "picked--cursor",
    }

    class Opened(Message):
        """The entry under the cursor is to be shown in full."""

    def __init__(self, identity: str) -> None:
        super().__init__(id=identity)
        self._make: Make = lambda width: ()
        self._source: object = None
        self.entries: Sequence[Entry] = ()
        self._laid = Laid((), ())
        self.chosen = False
        """Whether the cursor is shown."""
        self.cursor = -1
        """The entry; -1: none opens."""
        self._styles: dict[str, Style] = {}

    def show(self, source: object, make: Make) -> None:
        """Show the entries that `make` gives for a width; the same `source` as before: they are the same."""
        if source != self._source:
            self._source, self._make = source, make
            self._remake()

    def choose(self, chosen: bool) -> None:
        """Show the cursor here, or not."""
        if chosen != self.chosen:
            self.chosen = chosen
            self.refresh()

    @property
    def current(self) -> Entry | None:
        """The entry under the cursor."""
        return self.entries[self.cursor] if 0 <= self.cursor < len(self.entries) else None

    def _remake(self) -> None:
        width = self.scrollable_content_region.width - 1
        if width < 1:
            return
        self.entries = self._make(width)
        self._laid = laid(self.entries, width)
        opening = self._opening()
        if self.cursor not in opening:
            self.cursor = opening[0] if opening else -1
        self.virtual_size = Size(width, len(self._laid.lines))
        self.refresh()

    def _opening(self) -> list[int]:
        return [number for number, entry in enumerate(self.entries) if entry.opens]

    def on_resize(self) -> None:
        self._remake()

    # ------------------------------------------------------------------ moving

    def go_by(self, rows: int) -> None:
        """To the next entry that opens; where there is none, a line further."""
        opening = self._opening()
        after = [n for n in opening if (n > self.cursor if rows > 0 else n < self.cursor)]
        if not after:
            self.scroll_relative(y=rows, animate=False)
            return
        steps = min(abs(rows), len(after))
        self._go(after[steps - 1] if rows > 0 else after[-steps])

    def _go(self, entry: int) -> None:
        self.cursor = entry
        lines = [line for line, owner in enumerate(self._laid.owners) if owner == entry]
        top, height = self.scroll_offset.y, self.size.height
        if lines and lines[0] < top:
            # What stands above the first one is brought back with it.
            first = entry == self._opening()[0]
            self.scroll_to(y=0 if first else lines[0], animate=False, immediate=True)
        elif lines and lines[-1] >= top + height:
            want = min(lines[0], lines[-1] - height + 1)
            self.scroll_to(y=want, animate=False, immediate=True)
        self.refresh()

    @property
    def leaf(self) -> int:
        """Lines of a page."""
        return max(1, self.size.height - 1)

    def page(self, pages: int) -> None:
        """Scroll by pages; the cursor comes along."""
        self.scroll_relative(y=pages * self.leaf, animate=False)
        self.call_after_refresh(self._bring_cursor)

    def _bring_cursor(self) -> None:
        top, bottom = self.scroll_offset.y, self.scroll_offset.y + self.size.height
        seen = [n for n in self._opening() if top <= self._laid.owners.index(n) < bottom]
        if seen and self.cursor not in seen:
            self.cursor = seen[0]
            self.refresh()

    def edge(self, end: bool) -> None:
        """To the beginning or the end."""
        opening = self._opening()
        if opening:
            self.cursor = opening[-1 if end else 0]
        self.scroll_to(y=self.max_scroll_y if end else 0, animate=False, immediate=True)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        line = self.scroll_offset.y + event.y
        if line < len(self._laid.owners):
            entry = self._laid.owners[line]
            if self.entries[entry].opens:
                again = self.chosen and entry == self.cursor
                self._go(entry)
                if again:
                    self.post_message(self.Opened())

    # ------------------------------------------------------------------ drawing

    def render_line(self, y: int) -> Strip:
        at, width, base = self.scroll_offset.y + y, self.size.width, self._style("plain")
        if at >= len(self._laid.lines):
            return Strip.blank(width, base)
        segments = [Segment(text, self._style(tone)) for text, tone in self._laid.lines[at]]
        strip = Strip([Segment(" ", base), *segments]).crop_extend(0, width, base)
        owner = self._laid.owners[at]
        is_head = not at or self._laid.owners[at - 1] != owner
        if self.chosen and owner == self.cursor and is_head:
            return Strip([Segment(strip.text, base + self._style("cursor"))], width)
        return strip

    def _style(self, name: str) -> Style:
        if name not in self._styles:
            known = name if f"picked--{name}" in self.COMPONENT_CLASSES else "plain"
            partial = self.get_component_rich_style(f"picked--{known}", partial=True)
            self._styles[name] = partial if name == "cursor" else self.rich_style + partial
        return self._styles[name]

    def notify_style_update(self) -> None:
        self._styles.clear()
        super().notify_style_update()
