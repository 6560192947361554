"""How the Watch screen looks at a frozen moment. After an intended change: `pytest --snapshot-update`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from tui_world import SIZES, FakeRun, World, hushed, screen_text, until

from trainer_tui.tui import CockpitApp

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def ended(world: World, frozen: None) -> FakeRun:
    """A watch whose full run ended with an open gate."""
    quick = world.run("quick")
    quick.events.append("gates", results=[{"name": "exit", "state": "passed", "sentence": "exit code 0"}])
    quick.finish("passed", "exit 0 and every gate passed")
    run = world.run("full", watch=quick.folder.number)
    run.history(400)
    run.progress(400, 400)
    for second in range(0, 240, 2):
        run.sample(float(second), gpus=2)
    run.log(*[f"2026-01-25 13:57:{n:02d} INFO epoch {340 + n}  train 0.41  val 0.44" for n in range(60)])
    run.log(
        "2026-01-25 13:58:00 WARNING the schedule ended [/x]", "2026-01-25 13:58:00 ERROR one worker left"
    )
    gates = [
        {
            "name": "converged",
            "state": "failed",
            "sentence": "val_loss still falls by 2 %",
            "advice": "go on",
        },
        {"name": "history saved", "state": "passed", "sentence": "400 rows"},
        {"name": "diary", "state": "open", "sentence": "no entry about this run"},
    ]
    run.events.append("gates", results=gates)
    run.finish("gate-failed", "1 of 3 gates failed: converged", duration=6130.0)
    return run


async def complete(pilot: Pilot[Any]) -> None:
    """Wait until every pane has its content."""
    app = pilot.app
    await until(pilot, lambda: "✘ gate-failed" in screen_text(app) and "one worker left" in screen_text(app))
    await until(pilot, lambda: "── train" in screen_text(app) and "GPU" in screen_text(app))
    await until(pilot, lambda: any("⠀" < character <= "⣿" for character in screen_text(app)))
    await hushed(pilot)


@SIZES
def test_an_ended_watch(
    world: World, ended: FakeRun, snap_compare: Callable[..., bool], size: tuple[int, int]
) -> None:
    assert snap_compare(CockpitApp(world.cockpit), terminal_size=size, run_before=complete)


@pytest.mark.usefixtures("light")
def test_in_light(world: World, ended: FakeRun, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(CockpitApp(world.cockpit), terminal_size=(160, 48), run_before=complete)
