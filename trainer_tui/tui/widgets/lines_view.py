"""Many lines of pieces to read and scroll; only those in sight are drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from trainer_tui.tui.headlines import Piece

Lines = Sequence[list[Piece]]


class LinesView(ScrollView, can_focus=True):
    """Lines that are made anew for each width."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "Up", show=False, id="lines.up"),
        Binding("down,j", "scroll_down", "Down", show=False, id="lines.down"),
        Binding("pageup,b", "page_up", "Page up", show=False, id="lines.page-up"),
        Binding("pagedown,space", "page_down", "Page down", show=False, id="lines.page-down"),
        Binding("home,g", "scroll_home", "Top", show=False, id="lines.top"),
        Binding("end,G", "scroll_end", "End", show=False, id="lines.end"),
    ]

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "lines--dim",
        "lines--good",
        "lines--warning",
        "lines--bad",
        "lines--blind",
    }

    def __init__(self, waiting: str) -> None:
        super().__init__()
        self._make: Callable[[int], Lines] = lambda width: [[(waiting, "dim")]]
        self.lines: Lines = ()

    def show(self, make: Callable[[int], Lines]) -> None:
        """Show the lines that `make` gives for a width in cells."""
        self._make = make
        self._remake()

    def jump(self, line: int) -> None:
        """Put a line on top."""
        self.scroll_to(y=min(line, self.max_scroll_y), animate=False, immediate=True)

    def on_resize(self) -> None:
        self._remake()

    def _remake(self) -> None:
        width = self.scrollable_content_region.width
        if width:
            self.lines = self._make(width)
            self.virtual_size = Size(width, len(self.lines))
            self.refresh()

    def render_line(self, y: int) -> Strip:
        at, width, base = self.scroll_offset.y + y, self.size.width, self.rich_style
        if at >= len(self.lines):
            return Strip.blank(width, base)
        segments = [
            Segment(
                text,
                base
                if tone == "plain"
                else base + self.get_component_rich_style(f"lines--{tone}", partial=True),
            )
            for text, tone in self.lines[at]
        ]
        return Strip(segments).crop_extend(0, width, base)

    def action_page_up(self) -> None:
        """A page up, at once."""
        self.scroll_page_up(animate=False)

    def action_page_down(self) -> None:
        """A page down, at once."""
        self.scroll_page_down(animate=False)
