"""The places of the cockpit: its screens beside each other, and the keys that lead to each.

A place is made when it is first gone to, so that the first frame waits for none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from textual.binding import Binding, BindingType

if TYPE_CHECKING:
    from trainer_tui.tui.cockpit import Cockpit
    from trainer_tui.tui.screens.place import PlaceScreen


@dataclass(frozen=True, slots=True)
class Place:
    """One screen that can be gone to from every other."""

    name: str
    keys: str
    """The keys that lead there, the letter first."""
    label: str
    help: str
    screen: str
    """`module:class`, below `trainer_tui.tui.screens`."""


PLACES: tuple[Place, ...] = (
    Place("watch", "1", "Watch", "state, curve, log and machine", "watch:WatchScreen"),
    Place("log", "l,2", "Log", "the whole log: search, filter, jump, copy", "log:LogScreen"),
    Place("curves", "c,3", "Curves", "metrics over epochs or time, compared", "curves:CurvesScreen"),
    Place("runs", "r,4", "Runs", "every run of every model: find, compare, tag, delete", "runs:RunsScreen"),
    Place("machine", "M,5", "Machine", "the last hour, cores, processes, forecast", "machine:MachineScreen"),
    Place("history", "h,6", "History", "the metrics row by row, flagged", "history:HistoryScreen"),
    Place("trials", "T,7", "Trials", "a training's trials, data and evaluation", "trials:TrialsScreen"),
)
"""In the order of their numbers."""


def make(place: Place, cockpit: Cockpit) -> PlaceScreen:
    """The screen of a place."""
    module, _, name = place.screen.partition(":")
    screen: PlaceScreen = getattr(import_module(f"trainer_tui.tui.screens.{module}"), name)(cockpit)
    return screen


def place_bindings() -> list[BindingType]:
    """The keys that lead to the places, for the app."""
    return [
        Binding(
            place.keys,
            f"go('{place.name}')",
            place.label,
            show=False,
            tooltip=place.help,
            id=f"go.{place.name}",
        )
        for place in PLACES
    ]
