"""The first row of the Log screen: what is read and how, what is searched for, where the cursor is."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from trainer_tui.runs.text import clean
from trainer_tui.tui.log.page import Page


class LogHead(Widget):
    """One row: what is read, and where the cursor is.

    A border's title would say the same, but to change one the whole page below is drawn and sent again.
    """

    def __init__(self) -> None:
        super().__init__(id="log-head")
        self._words = ("", "")

    def show(self, title: str, place: str) -> None:
        """Say this from now on."""
        if self._words != (title, place):
            self._words = (title, place)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        title, place = self._words
        width, style = self.size.width, self.rich_style
        fits = [words for words in (place, place.partition("  ")[0]) if cell_len(title + words) + 3 <= width]
        place = fits[0] if fits else ""
        room = width - cell_len(place) - 2
        left = f" {title}" if cell_len(title) < room else set_cell_size(f" {title}", max(0, room))
        gap = " " * max(1, width - cell_len(left) - cell_len(place) - 1)
        return Strip([Segment(left + gap + place + " ", style)]).crop_extend(0, width, style)


def title_of(page: Page, name: str) -> str:
    """What is read, how, and what is searched for."""
    parts = [name or "Log", "following" if page.following else "held"]
    search = page.search
    if search is not None:
        count = f"{search.total:,} line{'' if search.total == 1 else 's'}"
        if search.number is not None:
            count = f"{search.number:,} of {count}"
        if search.done < 1:
            count += f", {search.done:.0%} searched"
        kind = "regex " if search.regex else ""
        only = ", only these" if search.filtered else ""
        parts.append(f"{kind}“{clean(search.text, 40)}” {count}{only}")
    if not page.fold:
        parts.append("every bar")
    return " ─ ".join(parts)


def place_of(page: Page) -> str:
    """Where the cursor is."""
    if not page.rows:
        return ""
    share = (page.cursor / page.size if not page.following else 1.0) if page.size else 1.0
    if page.lines is None:
        where = f"line {page.line + 1:,}" if page.line is not None else "end" if page.following else ""
        return f"{where}  {share:.0%} of {_bytes(page.size)}  {page.indexed:.0%} counted".strip()
    line = f"line {page.line + 1:,} of {page.lines:,}" if page.line is not None else f"{page.lines:,} lines"
    return f"{line}  {share:.0%} of {_bytes(page.size)}"


def _bytes(size: int) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} bytes"
