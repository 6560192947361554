"""What the command palette offers: the screen in front, the places, the run's controls, the themes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.screen import Screen

from trainer_tui.tui.keys import WATCH_KEYS
from trainer_tui.tui.places import PLACES
from trainer_tui.tui.screens.place import PlaceScreen
from trainer_tui.tui.screens.watch import WatchScreen
from trainer_tui.tui.themes import CHOICES

if TYPE_CHECKING:
    from trainer_tui.tui.app import CockpitApp

CONTROLS = "The run"
"""The group of keys that are offered from every place."""


def commands(app: CockpitApp, screen: Screen[Any], watch: WatchScreen) -> Iterable[SystemCommand]:
    """Every command that means something in front of this screen."""
    if isinstance(screen, PlaceScreen):
        yield from screen.commands()
        if screen is not watch:
            yield from _controls(watch)
        for place in PLACES:
            yield SystemCommand(
                f"Go to {place.label}", f"{place.help}  ({place.keys})", partial(app.action_go, place.name)
            )
    for choice in CHOICES:
        yield SystemCommand(
            f"Theme: {choice.label}", "use these colours from now on", partial(app.choose_theme, choice.theme)
        )
    yield SystemCommand(
        "Theme: automatic", "as trainer.toml or the terminal says", partial(app.choose_theme, "")
    )
    yield SystemCommand("Help", "the keys of this screen  (?)", app.action_help)
    yield SystemCommand("Quit", "leave the screens; the run goes on  (q)", app.action_leave)


def _controls(watch: WatchScreen) -> Iterable[SystemCommand]:
    """What can be asked of the run that is watched."""
    for key in WATCH_KEYS:
        if key.group == CONTROLS and watch.check_action(key.action, ()):
            label = watch.renamed().get(key.action, key.label)
            yield SystemCommand(f"Run: {label}", key.help, partial(watch.run_action, key.action))
