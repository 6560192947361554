"""The dashboard: one reader thread, the places, and the keys that ask something of the run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.message import Message
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.widgets import Input

from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.occasions import Occasion
from trainer_tui.runs.state import RunState
from trainer_tui.runs.text import clean
from trainer_tui.tui import palette
from trainer_tui.tui.calling import news, sequences
from trainer_tui.tui.cockpit import Cockpit, Departure
from trainer_tui.tui.desk import Desk
from trainer_tui.tui.errands import Errands
from trainer_tui.tui.harmless import HARMLESS
from trainer_tui.tui.pages import Pages
from trainer_tui.tui.pictures import RunPicture
from trainer_tui.tui.places import PLACES, make, place_bindings
from trainer_tui.tui.reader import PlotWish, Reader
from trainer_tui.tui.remember import remember, remembered
from trainer_tui.tui.screens.place import PlaceScreen
from trainer_tui.tui.screens.watch import WatchScreen
from trainer_tui.tui.terminal import Exit, keep_size, on_closing
from trainer_tui.tui.themes import VARIABLES, register, theme_for, wear
from trainer_tui.tui.widgets.headline import StateLine

_WIDTHS: list[tuple[int, str]] | None = [(0, "-tiny"), (64, "-narrow"), (112, "-wide")]
_HEIGHTS: list[tuple[int, str]] | None = [(0, "-flat"), (18, "-low"), (36, "-tall")]
"""Classes that every screen gets from its size; cockpit.tcss says what they change."""


class CockpitApp(App[Departure]):
    """Watches one model. It only reads run folders and appends requests; leaving it changes nothing."""

    TITLE = "trainer-tui"
    CSS_PATH = "cockpit.tcss"
    HORIZONTAL_BREAKPOINTS = _WIDTHS
    VERTICAL_BREAKPOINTS = _HEIGHTS

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", key_display="?", id="app.help"),
        Binding("e", "diary", "Diary", show=False, id="app.diary"),
        Binding("q,ctrl+q,ctrl+c", "leave", "Quit", key_display="q", id="app.quit"),
        *place_bindings(),
    ]

    class BeatReady(Message):
        """The reader has something to take."""

    def __init__(self, cockpit: Cockpit, first: str = "watch") -> None:
        super().__init__()
        self.cockpit = cockpit
        self._first = first
        self.title = "trainer-tui"
        self.sub_title = clean(cockpit.project_name, 60)
        self.desk = Desk(cockpit.diary)
        self.pages = Pages(self, self.desk)
        self.errands = Errands(self)
        self.picture: RunPicture | None = None
        self.closed_by: int | None = None
        self.exit_by: Exit | None = None
        self._reader = Reader(cockpit, partial(self.post_message, self.BeatReady()))
        self._watch = WatchScreen(cockpit)
        self._places: dict[str, PlaceScreen] = {"watch": self._watch}
        self._chosen: RunFolder | None = None
        for place in PLACES:
            self.add_mode(place.name, partial(self._make, place.name))
        register(self)
        wear(self, theme_for(os.environ, remembered("theme"), cockpit.theme))

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every drawn line goes through."""
        return [*super().get_line_filters(), HARMLESS]

    def choose_theme(self, name: str) -> None:
        """Use a theme from now on, and next time; an empty name: what the settings or the terminal say."""
        remember(theme=name)
        wear(self, name or theme_for(os.environ, "", self.cockpit.theme))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Colours that other themes do not know."""
        return VARIABLES

    # ------------------------------------------------------------------ life

    def on_mount(self) -> None:
        on_closing(self._closed_from_outside)
        self.switch_mode(self._first)
        self._reader.start()
        self.set_interval(1.0, self._tick, name="clock")

    def on_ready(self) -> None:
        self.run_worker(self._bring_plot(), group="plot", exit_on_error=False)

    async def _bring_plot(self) -> None:
        pane = self._watch.plot
        try:
            await asyncio.to_thread(_import_plot)
            await pane.bring_plot()
        except Exception as error:  # a broken numpy must not cost the user the other panes
            pane.cannot(clean(f"{type(error).__name__}: {error}", 200))

    def on_unmount(self) -> None:
        self.errands.close()
        self._reader.close()

    def _closed_from_outside(self, number: int) -> None:
        self.closed_by = number
        if self.exit_by is not None:
            self.exit_by.within(number)
        self.action_leave()

    def action_leave(self) -> None:
        """Leave the screens; the run goes on."""
        self.exit(Departure(self.last_state, self.closed_by))

    @property
    def last_state(self) -> RunState | None:
        """The run as it was seen last, its duration included."""
        picture = self.picture
        return replace(picture.state, duration_s=picture.elapsed_s) if picture else None

    def action_help(self) -> None:
        """The keys of this screen, over it."""
        from trainer_tui.tui.screens.help import HelpScreen, help_for

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss()
        else:
            place = self.current_mode if isinstance(self.screen, PlaceScreen) else ""
            self.push_screen(help_for(self.screen, place))

    def action_diary(self) -> None:
        """Open the diary on the run that is watched."""
        self.pages.open()

    def watch_theme(self) -> None:
        self.call_after_refresh(self._watch.plot.redraw)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The commands of the palette: ours, and the library's for a picture of the screen."""
        yield from palette.commands(self, screen, self._watch)
        for command in super().get_system_commands(screen):
            if command.title == "Screenshot":
                yield command

    # ------------------------------------------------------------------ what comes in

    @on(BeatReady)
    def _beat(self) -> None:
        beat = self._reader.take()
        if beat is None or not self.screen_stack:  # without a screen the app is about to close
            return
        for place in self._places.values():
            place.show(beat)
        for notice in beat.notices:
            self.notify(notice.text, severity=notice.severity, markup=False)
        if beat.run is not None:
            before, self.picture = self.picture, beat.run
            self._mind_shown_run()
            if before is None and beat.run.state.over:
                self.notify(
                    "This is how it ended. R starts another run.", title=beat.run.state.name, markup=False
                )
            for occasion in news(before, beat.run):
                self._call(occasion)
            self.pages.mind(beat.run)

    def _call(self, occasion: Occasion) -> None:
        """Tell it here, and call somebody who looks elsewhere: by the bell, and by the terminal."""
        severity: SeverityLevel = "error" if occasion.bad else "information"
        self.notify(occasion.text, title=occasion.title, severity=severity, timeout=10, markup=False)
        self.bell()
        if self._driver is not None:
            self._driver.write(sequences(occasion, os.environ))

    def _tick(self) -> None:
        keep_size(self)
        for place in self._places.values():
            place.tick(self._reader.looked_at)
        if not self.screen_stack:
            return  # the screens are just being taken down
        for line in self.screen.query(StateLine):
            line.show(self.picture)

    def wish(self, wish: PlotWish) -> None:
        """Ask the reader for a plot."""
        self._reader.wish(wish)

    @property
    def is_free(self) -> bool:
        """Whether a place is in front and nobody types there."""
        return self.screen in self._places.values() and not isinstance(self.focused, Input)

    # ------------------------------------------------------------------ places

    def _make(self, name: str) -> PlaceScreen:
        if name not in self._places:
            place = next(place for place in PLACES if place.name == name)
            self._places[name] = make(place, self.cockpit)
        return self._places[name]

    def action_go(self, name: str) -> None:
        """Go to a place."""
        if self.screen in self._places.values():
            self.switch_mode(name)

    @property
    def shown_run(self) -> RunFolder | None:
        """The run that the places show: the one chosen among all runs, else the one that is watched."""
        if self._chosen is not None:
            return self._chosen
        if self.picture is None:
            return None
        # By its name: looking for its number would list a folder of thousands, here on the screen's thread.
        return RunFolder(self.cockpit.model.path / self.picture.state.name.rpartition("/")[2])

    def choose(self, run: RunFolder | None) -> None:
        """Show this run in all places; None: the one that is watched."""
        self._chosen = run
        self._mind_shown_run()

    def _mind_shown_run(self) -> None:
        if isinstance(self.screen, PlaceScreen):
            self.screen.look()


def _import_plot() -> None:
    """Import what the plot needs, numpy above all."""
    from trainer_tui.tui import curves
    from trainer_tui.tui.widgets import curve_plot

    del curves, curve_plot


def run_cockpit(cockpit: Cockpit, place: str = "watch") -> Departure:
    """Show the cockpit until it is left, and say how it was left. The run is never touched by that.

    `place`: the name of the place to begin with.
    """
    no_color = os.environ.get("NO_COLOR")
    app = CockpitApp(cockpit, place)
    if no_color is not None:
        os.environ["NO_COLOR"] = no_color  # the library takes it away; processes started from here want it
    app.exit_by = Exit(app.desk.rescue)
    left = app.run()
    app.exit_by.done()
    state = left.state if left is not None else app.last_state
    crashed = app.return_code not in (0, None)
    return Departure(state, app.closed_by, tuple(app.desk.rescue()), crashed)
