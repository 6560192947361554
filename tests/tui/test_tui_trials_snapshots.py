"""How the Trials screen looks at a frozen moment. After an intended change: `pytest --snapshot-update`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from training_world import a_training
from tui_world import SIZES, World, hushed, screen_text, until

from trainer_tui.tui import CockpitApp

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def ended(world: World, frozen: None) -> World:
    """A training whose checks found something, compared with the one before it."""
    a_training(world).finish("passed", "exit 0, 6 of 6 gates passed, none failed", duration=6130.0)
    return world


def shows(*keys: str, sees: tuple[str, ...]) -> Callable[[Pilot[Any]], Any]:
    """Go there, press keys, wait for texts and for pictures of the size that there is."""

    async def run(pilot: Pilot[Any]) -> None:
        app = pilot.app
        await until(pilot, lambda: "✔ passed" in screen_text(app))
        await pilot.press("T")
        await until(pilot, lambda: "★ best auc" in screen_text(app), 20)
        for key in keys:
            await pilot.press(key)
        await until(pilot, lambda: all(text in screen_text(app) for text in sees), 20)
        screen = app.screen
        await until(
            pilot, lambda: screen._picture.wish == screen._wish and screen._wish.cells == screen._cells()
        )
        await hushed(pilot)

    return run


TRIALS = shows("a", "m", "b", sees=("Best so far",))
DATA = shows("tab", "down", sees=("1 of 11 leakage checks", "near-duplicates"))
EVALUATION = shows("tab", "tab", sees=("better than the previous best", "ROC curve"))
PAGES = pytest.mark.parametrize("before", [TRIALS, DATA, EVALUATION], ids=["trials", "data", "evaluation"])


@SIZES
@PAGES
def test_dark(
    ended: World, snap_compare: Callable[..., bool], size: tuple[int, int], before: Callable[..., Any]
) -> None:
    assert snap_compare(CockpitApp(ended.cockpit), terminal_size=size, run_before=before)


@pytest.mark.usefixtures("light")
@PAGES
def test_light(ended: World, snap_compare: Callable[..., bool], before: Callable[..., Any]) -> None:
    assert snap_compare(CockpitApp(ended.cockpit), terminal_size=(120, 36), run_before=before)
