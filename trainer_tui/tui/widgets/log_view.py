"""The log: its last lines, drawn one by one from a ring buffer. They are never read as markup."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import pairwise
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from trainer_tui.tui.loglines import found_in, level_of, stamp_length
from trainer_tui.tui.pictures import KEEP_LINES, LogPicture

SKIPPED = "⋯ lines of a burst were passed over here; the file has them all"


class LogView(ScrollView, can_focus=True):
    """Shows the end of a log and follows it until somebody scrolls back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_up", "Up", show=False, id="log.up"),
        Binding("down", "scroll_down", "Down", show=False, id="log.down"),
        Binding("pageup", "page_up", "Page up", show=False, id="log.page-up"),
        Binding("pagedown,space", "page_down", "Page down", show=False, id="log.page-down"),
        Binding("left", "scroll_left", "Left", show=False, id="log.left"),
        Binding("right", "scroll_right", "Right", show=False, id="log.right"),
        Binding("home", "scroll_home", "To the first line kept", show=False, id="log.top"),
    ]

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log--error",
        "log--warning",
        "log--debug",
        "log--stamp",
        "log--found",
        "log--empty",
    }

    following = reactive(True)
    """Whether new lines keep the end in sight."""

    class FollowingChanged(Message):
        """Following began or ended."""

    def __init__(self) -> None:
        super().__init__(id="log")
        self.lines: deque[str] = deque(maxlen=KEEP_LINES)
        self.partial = ""
        self.needle = ""
        self.waiting = "waits for the log"
        self._widest = 0

    # ------------------------------------------------------------------ content

    def add(self, picture: LogPicture) -> None:
        """Add lines; scrolled back, what is in sight stays where it is."""
        if picture.fresh:
            self.lines.clear()
            self._widest, self.following = 0, True
        before = len(self.lines)
        new = [SKIPPED, *picture.lines] if picture.skipped else picture.lines
        self.lines.extend(new)
        self.partial = picture.partial
        dropped = max(0, before + len(new) - KEEP_LINES)
        self._widest = max(self._widest, max(map(len, new), default=0), len(self.partial))
        self._resized()
        if self.following:
            self._to_end()
        elif dropped:
            self.scroll_to(y=max(0, self.scroll_offset.y - dropped), animate=False, immediate=True)
        self.refresh()

    @property
    def line_count(self) -> int:
        """Lines that can be seen, the unfinished last one included."""
        return len(self.lines) + bool(self.partial)

    def line(self, index: int) -> str:
        """One line; empty beyond the end."""
        if index < len(self.lines):
            return self.lines[index]
        return self.partial if index == len(self.lines) else ""

    def _resized(self) -> None:
        size = Size(self._widest + 1, self.line_count)
        if size != self.virtual_size:
            # Assigned the usual way it would lay out the whole screen anew, five times a second. The
            # scrollbar is always there (cockpit.tcss), so that no other widget's place depends on this size.
            self.set_reactive(ScrollView.virtual_size, size)
            self._scroll_update(size)

    # ------------------------------------------------------------------ following

    def follow(self) -> None:
        """Go to the end and stay there."""
        self.following = True
        self._to_end()

    def _to_end(self) -> None:
        if self.following:
            self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True, force=True)

    def watch_following(self) -> None:
        self.post_message(self.FollowingChanged())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        # Only movements count, not places: while the screen is laid out the end may be anywhere.
        if round(new_value) < round(old_value) and new_value < self.max_scroll_y:
            self.following = False
        elif new_value > old_value and 0 < self.max_scroll_y <= new_value:
            self.following = True

    def action_scroll_home(self) -> None:
        """Go to the first line that is kept, at once."""
        self.following = self.max_scroll_y == 0
        self.scroll_home(animate=False)

    def action_page_up(self) -> None:
        """Go up a page, at once."""
        self.following = self.max_scroll_y == 0
        self.scroll_page_up(animate=False)

    def action_page_down(self) -> None:
        """Go down a page, at once."""
        self.scroll_page_down(animate=False)

    def on_resize(self) -> None:
        if self.following:
            self.call_after_refresh(self._to_end)

    # ------------------------------------------------------------------ search

    def matches(self) -> list[int]:
        """Indexes of the lines that hold the needle."""
        if not self.needle:
            return []
        return [i for i in range(self.line_count) if found_in(self.line(i), self.needle)]

    def search(self, needle: str) -> bool:
        """Mark a text and go to its newest line; False when no line has it."""
        self.needle = needle
        self.refresh()
        found = self.matches()
        if found:
            self._show_line(found[-1])
        return bool(found)

    def step(self, forward: bool) -> bool:
        """Go to the next (or previous) line with the needle, around the ends; False when there is none."""
        found = self.matches()
        if not found:
            return False
        here = self._at if self._at is not None else self.scroll_offset.y
        after = [i for i in found if i > here] if forward else [i for i in found if i < here]
        self._show_line(
            (after[0] if forward else after[-1]) if after else (found[0] if forward else found[-1])
        )
        return True

    _at: int | None = None

    def _show_line(self, index: int) -> None:
        self._at = index
        top = max(0, index - self.size.height // 2)
        self.following = False
        self.scroll_to(y=min(top, self.max_scroll_y), animate=False, immediate=True)
        self.refresh()

    # ------------------------------------------------------------------ drawing

    def render_line(self, y: int) -> Strip:
        scroll_x, scroll_y = self.scroll_offset
        width, base = self.size.width, self.rich_style
        index = scroll_y + y
        if not self.line_count and y == 0:
            empty = base + self.get_component_rich_style("log--empty", partial=True)
            return Strip([Segment(self.waiting, empty)], cell_len(self.waiting)).crop_extend(0, width, base)
        if index >= self.line_count:
            return Strip.blank(width, base)
        strip = self._strip(self.line(index), index, base)
        return strip.crop_extend(scroll_x, scroll_x + width, base).apply_offsets(scroll_x, index)

    def _strip(self, line: str, index: int, base: Style) -> Strip:
        """One line as styled segments: level, timestamp, what was searched for, what is selected."""
        level = level_of(line)
        style = base + self.get_component_rich_style(f"log--{level}", partial=True) if level else base
        marks: list[tuple[int, int, Style]] = []
        if stamp := stamp_length(line):
            marks.append((0, stamp, self.get_component_rich_style("log--stamp", partial=True)))
        if self.needle:
            found = self.get_component_rich_style("log--found", partial=True)
            marks += [(start, end, found) for start, end in found_in(line, self.needle)]
        selection = self.text_selection
        if selection is not None and (span := selection.get_span(index)) is not None:
            start, end = span
            marks.append(
                (
                    start,
                    len(line) if end == -1 else end,
                    self.screen.get_component_rich_style("screen--selection"),
                )
            )
        return Strip(list(segments(line, style, marks)))

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        text = "\n".join(self.line(i) for i in range(self.line_count))
        return selection.extract(text), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()


def segments(line: str, style: Style, marks: list[tuple[int, int, Style]]) -> Iterable[Segment]:
    """The line cut where styles begin or end; later marks lie over earlier ones."""
    cuts = sorted({0, len(line), *(min(at, len(line)) for start, end, _ in marks for at in (start, end))})
    for start, end in pairwise(cuts):
        here = style
        for first, last, mark in marks:
            if first <= start and end <= last:
                here += mark
        yield Segment(line[start:end], here)
