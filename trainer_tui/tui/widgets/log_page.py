"""A page of a log: draws the rows it is given, and only those that changed."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollDown, ScrollTo, ScrollUp
from textual.selection import Selection
from textual.strip import Strip

from trainer_tui.runs.logs.ansi import RGB, Sgr
from trainer_tui.tui.log.page import Page
from trainer_tui.tui.log.rows import Row
from trainer_tui.tui.loglines import stamp_length
from trainer_tui.tui.widgets.log_view import segments

GUTTER = 2
_WHEEL = 3
_SIDEWAYS = 16


class LogPage(ScrollView, can_focus=True, inherit_bindings=False):
    """The rows in sight. It holds no more of the log than that; whoever owns it is told what is wished."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log--error",
        "log--warning",
        "log--debug",
        "log--stamp",
        "log--found",
        "log--empty",
        "log--cursor",
        "log--selected",
        "log--mark",
        "log--note",
    }

    class Moved(Message):
        """The wheel or the scrollbar asks for other rows."""

        def __init__(self, rows: int = 0, share: float | None = None) -> None:
            super().__init__()
            self.rows = rows
            self.share = share

    class Pointed(Message):
        """A line was clicked."""

        def __init__(self, start: int, twice: bool) -> None:
            super().__init__()
            self.start = start
            self.twice = twice

    class Sized(Message):
        """There is room for so much now."""

        def __init__(self, width: int, height: int) -> None:
            super().__init__()
            self.width = width
            self.height = height

    def __init__(self) -> None:
        super().__init__(id="log-page")
        self.page = Page(waiting="reads the log")
        self._aside = 0
        self._strips: dict[Row, Strip] = {}

    # ------------------------------------------------------------------ content

    def show(self, page: Page) -> None:
        """Draw another page: the rows that differ."""
        before, self.page = self.page, page
        self._strips = {row: self._strips[row] for row in page.rows if row in self._strips}
        self._place_bar(page)
        if before.waiting != page.waiting or before.wrap != page.wrap:
            self.refresh()
            return
        for y in range(max(len(before.rows), len(page.rows))):
            if _seen(before, y) != _seen(page, y):
                self.refresh(Region(0, y, self.size.width, 1))

    def sideways(self, steps: int) -> None:
        """Move over lines that are longer than the page is wide."""
        if self.page.wrap:
            return
        widest = max((cell_len(row.text) for row in self.page.rows), default=0)
        aside = min(self._aside + steps * _SIDEWAYS, max(0, widest - self.size.width // 2))
        self._aside = max(0, aside)
        self.refresh()

    def restyle(self) -> None:
        """The theme changed."""
        self._strips.clear()
        self.refresh()

    def _place_bar(self, page: Page) -> None:
        """Lay the scrollbar over the whole log: by lines once they are counted, until then by a guess."""
        shown = max(1, self.size.height)
        if page.lines is not None and not (page.search and page.search.filtered):
            total = page.lines
        else:
            end = page.rows[-1].start if page.rows else 0
            total = round(page.size * len(page.rows) / max(1, end - page.offset)) if page.rows else 0
        fits = page.following and page.offset == 0
        height = shown if fits else max(total, shown + 1)
        size = Size(self.size.width, height)
        if size != self.virtual_size:
            # Assigned the usual way it would lay out the whole screen anew, five times a second.
            self.set_reactive(ScrollView.virtual_size, size)
            self._scroll_update(size)
        share = page.offset / page.size if page.size else 0.0
        at = float(height - shown) if page.following else min(share * height, height - shown)
        self.set_reactive(ScrollView.scroll_y, at)
        self.set_reactive(ScrollView.scroll_target_y, at)
        self.vertical_scrollbar.position = at

    # ------------------------------------------------------------------ wishes

    def on_resize(self) -> None:
        self._strips.clear()
        self.post_message(self.Sized(self.size.width - GUTTER, self.size.height))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        event.prevent_default()
        self.post_message(self.Moved(_WHEEL))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        event.prevent_default()
        self.post_message(self.Moved(-_WHEEL))

    def _on_scroll_to(self, message: ScrollTo) -> None:
        message.stop()
        message.prevent_default()
        if message.y is not None:
            room = self.virtual_size.height - self.size.height
            share = 1.0 if message.y >= room else max(0.0, message.y) / self.virtual_size.height
            self.post_message(self.Moved(share=share))

    def _on_scroll_up(self, message: ScrollUp) -> None:
        message.stop()
        message.prevent_default()
        self.post_message(self.Moved(-self.size.height))

    def _on_scroll_down(self, message: ScrollDown) -> None:
        message.stop()
        message.prevent_default()
        self.post_message(self.Moved(self.size.height))

    def on_click(self, event: events.Click) -> None:
        if event.y < len(self.page.rows):
            self.post_message(self.Pointed(self.page.rows[event.y].start, event.chain == 2))

    # ------------------------------------------------------------------ drawing

    def render_line(self, y: int) -> Strip:
        width, base, page = self.size.width, self.rich_style, self.page
        if y >= len(page.rows):
            if y == 0 and page.waiting:
                empty = base + self._part("empty")
                return Strip([Segment("  " + page.waiting, empty)]).crop_extend(0, width, base)
            return Strip.blank(width, base)
        row = page.rows[y]
        here = row.start == page.cursor
        ground = base + self._part("cursor") if here else base
        if page.selected is not None and page.selected[0] <= row.start <= page.selected[1]:
            ground = base + self._part("selected")
        text = self._strip(row, ground) if ground is not base else self._kept(row, base)
        text = self._fitted(text, row.note, width - GUTTER, ground)
        # Neighbours of one style are sent as one, which saves a third over SSH. So an empty gutter looks like
        # what is beside it, and the places for the mouse are marked last.
        sign = self._sign(row, page, ground)
        first = next(iter(text)).style if len(text) else None
        if first is not None and not sign.text.strip() and _same_ground(first, ground):
            sign = Segment(sign.text, first)
        whole = Strip([sign, *text]).crop_extend(0, width, ground).simplify()
        return whole.apply_offsets(row.column - GUTTER + self._aside, row.start)

    def _sign(self, row: Row, page: Page, ground: Style) -> Segment:
        """What stands before a row: an incident, the cursor, a selection."""
        if row.sub == 0 and row.start in page.marks:
            return Segment("✘ ", ground + self._part("mark"))
        if page.selected is not None and page.selected[0] <= row.start <= page.selected[1]:
            return Segment("┃ ", ground)
        return Segment("› " if row.start == page.cursor and row.sub == 0 else "  ", ground)

    def _fitted(self, text: Strip, note: str, width: int, ground: Style) -> Strip:
        """The part of a row in sight, with a sign where it goes on, and its note wherever it ends."""
        dim = ground + self._part("note")
        words = "  " + note if note else ""
        room = max(1, width - cell_len(words))
        more = text.cell_length - self._aside > room
        part = text.crop(self._aside, self._aside + room - more) if self._aside or more else text
        tail = [Segment("…", dim)] * more + [Segment(words, dim)] * bool(words)
        return Strip([*part, *tail]) if tail else part

    def _kept(self, row: Row, base: Style) -> Strip:
        strip = self._strips.get(row) if self.text_selection is None else None
        if strip is None:
            strip = self._strip(row, base)
            if self.text_selection is None:
                self._strips[row] = strip
        return strip

    def _strip(self, row: Row, base: Style) -> Strip:
        """One row as styled segments: level, the log's own colours, time, what is searched for, selected."""
        style = base + self._part(row.level) if row.level else base
        marks = [(start, end, _style_of(look)) for start, end, look in row.colours]
        if row.column == 0 and (stamp := stamp_length(row.text)):
            marks.append((0, stamp, self._part("stamp")))
        found = self._part("found")
        marks += [(start, end, found) for start, end in row.found]
        selection = self.text_selection
        if selection is not None and (span := selection.get_span(row.start)) is not None:
            start, end = (max(0, place - row.column) if place != -1 else -1 for place in span)
            chosen = self.screen.get_component_rich_style("screen--selection")
            marks.append((start, len(row.text) if end == -1 else end, chosen))
        return Strip(list(segments(row.text, style, marks)))

    def _part(self, name: str) -> Style:
        return self.get_component_rich_style(f"log--{name}", partial=True)

    # ------------------------------------------------------------------ mouse selection

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        taken = []
        for row in self.page.rows:
            span = selection.get_span(row.start)
            if span is not None:
                start, end = (max(0, place - row.column) if place != -1 else -1 for place in span)
                taken.append((row.start, row.text[start : len(row.text) if end == -1 else end]))
        text = ""
        for index, (start_of_line, piece) in enumerate(taken):
            text += ("\n" if index and taken[index - 1][0] != start_of_line else "") + piece
        return text, "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self._strips.clear()
        self.refresh()


def _seen(page: Page, y: int) -> tuple[object, ...]:
    """What decides how a row looks."""
    if y >= len(page.rows):
        return ()
    row = page.rows[y]
    selected = page.selected is not None and page.selected[0] <= row.start <= page.selected[1]
    return row, row.start == page.cursor, row.start in page.marks, selected


def _same_ground(style: Style, ground: Style) -> bool:
    """Whether blanks look the same in both."""
    lines = style.reverse or style.underline or style.strike
    return not lines and style.bgcolor == ground.bgcolor


def _style_of(look: Sgr) -> Style:
    """A look as the drawing library has it."""
    return Style(
        color=_colour(look.fore),
        bgcolor=_colour(look.back),
        bold=look.bold or None,
        dim=look.dim or None,
        italic=look.italic or None,
        underline=look.underline or None,
        reverse=look.reverse or None,
        strike=look.strike or None,
    )


def _colour(value: int | None) -> str | None:
    if value is None:
        return None
    return f"#{value - RGB:06x}" if value >= RGB else f"color({value})"
