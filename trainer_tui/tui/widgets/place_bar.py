"""The bar of the places: where one is, and the keys that lead elsewhere."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.widget import Widget

from trainer_tui.tui.places import PLACES

DIARY = "diary"


class PlaceBar(Widget):
    """One row; a click goes there. The present place stands out by more than its colour."""

    ALLOW_SELECT = False

    def __init__(self, present: str) -> None:
        super().__init__(classes="place-bar")
        self.present = present

    def spans(self) -> list[tuple[str, str, int]]:
        """(name, text, column) of each place, as many as there is room for."""
        entries = [(place.name, f" {place.keys.rpartition(',')[2]} {place.label} ") for place in PLACES]
        entries.append((DIARY, " e Diary "))
        found, column = [], 0
        for name, text in entries:
            if column + len(text) > self.size.width:
                break
            found.append((name, text, column))
            column += len(text) + 1
        return found

    def render(self) -> object:  # type: ignore[override]
        parts: list[Content | str | tuple[str, str]] = []
        for name, text, _ in self.spans():
            if name == self.present:
                parts.append((text, "reverse bold"))
            else:
                key, _, label = text.strip().partition(" ")
                parts += [(f" {key} ", "$footer-key-foreground bold"), f"{label} "]
            parts.append(" ")
        return Content.assemble(*parts)

    async def on_click(self, event: events.Click) -> None:
        """Go to the place that was clicked."""
        for name, text, column in self.spans():
            if column <= event.x < column + len(text):
                action = "app.diary" if name == DIARY else f"app.go('{name}')"
                await self.run_action(action)
