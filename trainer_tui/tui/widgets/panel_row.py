"""Small pictures side by side; they come ready as lines of text."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from trainer_tui.tui.plotting.palette import curve_styles
from trainer_tui.tui.trials.panels import Panel

GAP = 2
"""Blank columns between two pictures."""


class PanelRow(Widget, can_focus=False):
    """As many pictures as have room beside each other."""

    COMPONENT_CLASSES = {
        "panels--base",
        "panels--title",
        "panels--dim",
        "panels--star",
        "panels--best",
    }

    class Resized(Message):
        """There is another number of cells to draw on."""

    def __init__(self, identity: str, least: int, most: int) -> None:
        """`least`: columns of a picture at least; `most`: pictures at most."""
        super().__init__(id=identity)
        self._least, self.most = least, most
        self.panels: tuple[Panel, ...] = ()
        self._styles: dict[str, Style] = {}
        self._palette: tuple[str, list[tuple[Style, Style]]] = ("", [])

    @property
    def cells(self) -> tuple[tuple[int, int], ...]:
        """(width, height) of each place."""
        width, height = self.size
        if not self.display or width < 1 or height < 1:
            return ()
        across = max(1, min(self.most, width // self._least))
        each = max(1, (width - GAP * (across - 1)) // across)
        return ((each, height),) * across

    def on_resize(self) -> None:
        self.post_message(self.Resized())

    def show(self, panels: tuple[Panel, ...]) -> None:
        """Show others; what is the same as before is left alone."""
        if panels != self.panels:
            self.panels = panels
            self.refresh()

    def render_line(self, y: int) -> Strip:
        base, places = self._style("base"), self.cells
        segments: list[Segment] = []
        for panel, (width, _) in zip(self.panels, places, strict=False):
            line = panel.lines[y] if y < len(panel.lines) else ()
            strip = Strip([Segment(text, self._style(name)) for text, name in line])
            segments += strip.crop_extend(0, width, base)
            segments.append(Segment(" " * GAP, base))
        return Strip(segments).crop_extend(0, self.size.width, base)

    def _style(self, name: str) -> Style:
        theme = self.app.current_theme
        if self._palette[0] != theme.name:
            self._palette = theme.name, curve_styles(self.app.theme_variables, theme.dark)
            self._styles.clear()
        if name not in self._styles:
            if name[:1] in ("s", "f") and name[1:].isdigit():
                pair = self._palette[1][int(name[1:]) % len(self._palette[1])]
                partial = pair[0] if name[0] == "s" else pair[1]
            else:
                known = name if f"panels--{name}" in self.COMPONENT_CLASSES else "base"
                partial = self.get_component_rich_style(f"panels--{known}", partial=True)
            self._styles[name] = self.rich_style + partial
        return self._styles[name]

    def notify_style_update(self) -> None:
        self._styles.clear()
        super().notify_style_update()
