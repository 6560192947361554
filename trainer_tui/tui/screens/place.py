"""What every place has: the state of the run on top, the keys below, and the run that it shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import SystemCommand
from textual.binding import ActiveBinding, Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer

from trainer_tui.runs.layout import RunFolder
from trainer_tui.tui.cockpit import Cockpit
from trainer_tui.tui.keys import Key
from trainer_tui.tui.pictures import Beat
from trainer_tui.tui.widgets.headline import StateLine
from trainer_tui.tui.widgets.place_bar import PlaceBar

if TYPE_CHECKING:
    from trainer_tui.tui.app import CockpitApp


class PlaceScreen(Screen[None]):
    """A screen that can be gone to from every other.

    `open` is called when the place is come to, or stands in front, and another run is to be shown than the
    last time. A place composes `self.state_line` first and a `Footer` last; the bar of the places is put
    above that.
    """

    app: CockpitApp

    KEYS: ClassVar[tuple[Key, ...]] = ()
    """The table of this place's keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.go('watch')", "Watch", show=False, id="place.back"),
    ]

    def __init__(self, cockpit: Cockpit, name: str) -> None:
        super().__init__(id=name)
        self.cockpit = cockpit
        self.state_line = StateLine(cockpit.project_name, cockpit.model.name)
        self._opened: RunFolder | None = None

    def on_mount(self) -> None:
        # Called beside that of the place itself; the bar stands above the footer of every place.
        self.mount(PlaceBar(self.app.current_mode), before=self.query_one(Footer))

    def renamed(self) -> Mapping[str, str]:
        """The labels of actions that do something else now than their table says."""
        return {}

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """Of every key, with the label that is true now: the footer shows it."""
        found, names = super().active_bindings, self.renamed()
        for key, active in found.items() if names else ():
            if (label := names.get(active.binding.action)) is not None:
                found[key] = active._replace(binding=replace(active.binding, description=label))
        return found

    def open(self, run: RunFolder | None) -> None:
        """Show another run; None: there is none yet."""

    @property
    def actor(self) -> Widget:
        """Whose actions the keys of the table are."""
        return self

    def commands(self) -> Iterable[SystemCommand]:
        """What the command palette offers while this place stands in front: what can be done now."""
        names = self.renamed()
        for key in self.KEYS:
            if self.actor.check_action(key.action.partition("(")[0], ()):
                does = f"{key.help}  ({key.display or key.key})"
                yield SystemCommand(
                    names.get(key.action, key.label), does, partial(self.actor.run_action, key.action)
                )

    def show(self, beat: Beat) -> None:
        """Something changed in the run that is watched; called on every place that was ever gone to."""

    def tick(self, looked_at: float) -> None:
        """Once a second; `looked_at`: monotonic time of the reader's last look."""
        self.state_line.show(self.app.picture)

    def on_screen_resume(self) -> None:
        self.state_line.show(self.app.picture)
        self.look()

    def look(self) -> None:
        """Open the run that is to be shown, if it is not open yet."""
        run = self.app.shown_run
        if run != self._opened or run is None:
            self._opened = run
            self.open(run)
