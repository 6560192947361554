"""How Curves and History look at a frozen moment. After an intended change: `pytest --snapshot-update`."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Any

import pytest
from textual.pilot import Pilot
from tui_world import World, screen_text, until

from trainer_tui.runs import events
from trainer_tui.runs.incident import Incident
from trainer_tui.tui import CockpitApp
from trainer_tui.tui.widgets import headline, lists

pytestmark = pytest.mark.usefixtures("anyhow_dark")

SIZES = [(160, 48), (120, 36), (80, 24)]


class Frozen(datetime):
    """It is always two minutes past two."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Frozen:
        """The moment of every picture."""
        return cls(2026, 1, 25, 14, 2, 11, tzinfo=tz)


@pytest.fixture
def ended(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A run with two marks, a resumed stretch and NaN near its end; nothing depends on when or where."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr(headline, "datetime", Frozen)
    monkeypatch.setattr(lists, "datetime", Frozen)
    monkeypatch.setattr(events, "utc_now", lambda: "2026-01-25T13:58:00.000Z")
    monkeypatch.setattr("socket.gethostname", lambda: "gpu01")
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
        app.clear_notifications()
        await until(pilot, lambda: "R starts another" not in screen_text(app))

    return run


CURVES = shows("c", "s", "s", "n", ">", "smoothed 0.9", "val_loss has risen", "▲", "↺")
HISTORY = shows("h", "n", ">", "flagged", "val_loss has risen", "▲")


@pytest.mark.parametrize("size", SIZES, ids=["160x48", "120x36", "80x24"])
@pytest.mark.parametrize("before", [CURVES, HISTORY], ids=["curves", "history"])
def test_dark(
    ended: World, snap_compare: Callable[..., bool], size: tuple[int, int], before: Callable[..., Any]
) -> None:
    assert snap_compare(CockpitApp(ended.cockpit), terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", SIZES, ids=["160x48", "120x36", "80x24"])
@pytest.mark.parametrize("before", [CURVES, HISTORY], ids=["curves", "history"])
def test_light(
    ended: World,
    snap_compare: Callable[..., bool],
    size: tuple[int, int],
    before: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TEXTUAL_THEME", "trainer-light")
    assert snap_compare(CockpitApp(ended.cockpit), terminal_size=size, run_before=before)
