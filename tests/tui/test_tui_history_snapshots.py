"""How Curves and History look at a frozen moment. After an intended change: `pytest --snapshot-update`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from tui_world import SIZES, World, hushed, screen_text, until

from trainer_tui.runs.incident import Incident
from trainer_tui.tui import CockpitApp

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def ended(world: World, frozen: None) -> World:
    """A run with two marks, a resumed stretch and NaN near its end."""
    run = world.run("full")
    run.history(260)
    run.history(180, start=221, nan_from=396)
    for row, severity, text in (
        (150, "warning", "val_loss has risen for 12 epochs"),
        (434, "error", "train_loss is NaN since epoch 396"),
    ):
        incident = Incident(f"i{row}", severity, "x", text, facts={"row": row, "column": "train_loss"})
        run.events.append("incident", incident=incident.with_fate("confirmed").to_dict())
    run.progress(400, 400)
    run.finish("nan-loss", "train_loss is NaN since epoch 396", duration=6130.0)
    return world


def shows(*texts: str) -> Callable[[Pilot[Any]], Any]:
    """Go to a place with the first text as its key, press the others up to `>`, wait for those after it."""
    at = texts.index(">")

    async def run(pilot: Pilot[Any]) -> None:
        app = pilot.app
        await until(pilot, lambda: "✘ nan-loss" in screen_text(app))
        for key in texts[:at]:
            await pilot.press(key)
            await until(pilot, lambda: "440 rows" in screen_text(app))
        await until(pilot, lambda: all(text in screen_text(app) for text in texts[at + 1 :]), 20)
        await hushed(pilot)

    return run


CURVES = shows("c", "s", "s", "n", ">", "smoothed 0.9", "val_loss has risen", "▲", "↺")
HISTORY = shows("h", "n", ">", "flagged", "val_loss has risen", "▲")


@SIZES
@pytest.mark.parametrize("before", [CURVES, HISTORY], ids=["curves", "history"])
def test_dark(
    ended: World, snap_compare: Callable[..., bool], size: tuple[int, int], before: Callable[..., Any]
) -> None:
    assert snap_compare(CockpitApp(ended.cockpit), terminal_size=size, run_before=before)


@pytest.mark.usefixtures("light")
@pytest.mark.parametrize("before", [CURVES, HISTORY], ids=["curves", "history"])
def test_light(ended: World, snap_compare: Callable[..., bool], before: Callable[..., Any]) -> None:
    assert snap_compare(CockpitApp(ended.cockpit), terminal_size=(120, 36), run_before=before)
