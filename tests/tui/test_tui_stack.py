"""The stacks of a living process, on the Watch screen."""

from __future__ import annotations

import json
import threading

import pytest
from tui_world import World, busy, screen_text, until

from trainer_tui.supervise.standing import Standing
from trainer_tui.tui import CockpitApp
from trainer_tui.tui.screens.stack import StackScreen, standing_text

pytestmark = pytest.mark.usefixtures("anyhow_dark")

SIZES = [(160, 48), (80, 24)]


@pytest.mark.parametrize("size", SIZES)
async def test_s_shows_what_the_process_does_now(world: World, size: tuple[int, int]) -> None:
    run = busy(world)
    silence = {"id": "h", "severity": "warning", "kind": "hang", "message": "silent", "source": "silence"}
    run.events.append("incident", incident={**silence, "fate": "recovered", "excerpt": "f (a.py:1)"})
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, StackScreen))
        # The process of this world reads its standard input, which nobody writes to.
        await until(pilot, lambda: "waits for something to be typed" in screen_text(app))
        assert "<module> (<string>:1)" in screen_text(app)
        await pilot.press("end")
        await until(pilot, lambda: "when it fell silent" in screen_text(app))
        assert "f (a.py:1)" in screen_text(app)
        run.end()
        await pilot.press("home", "r")
        await until(pilot, lambda: "cannot be found" in screen_text(app) or "ended" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, StackScreen))


async def test_a_run_on_another_host_is_said_to_be_there(world: World) -> None:
    run = busy(world)
    document = json.loads(run.folder.process_json.read_text())
    run.folder.process_json.write_text(json.dumps({**document, "host": "gpu02"}))
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "epoch 99" in screen_text(app))
        await pilot.press("s")
        await until(pilot, lambda: "runs on gpu02" in screen_text(app))


async def test_the_screen_lives_while_a_look_takes_its_time(world: World) -> None:
    busy(world)
    app = CockpitApp(world.cockpit)
    asked, answer = threading.Event(), threading.Event()

    def look() -> Standing:
        asked.set()
        answer.wait(20)
        raise OSError("no such thing")

    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        app.push_screen(StackScreen(look))
        await until(pilot, lambda: asked.is_set() and "looking …" in screen_text(app))
        answer.set()
        await until(pilot, lambda: "OSError: no such thing" in screen_text(app))
        await pilot.press("q")
        await until(pilot, lambda: not isinstance(app.screen, StackScreen))


def test_what_came_from_outside_is_shown_harmlessly() -> None:
    shown = standing_text(Standing(problem="[red]no\x1b[2J"))
    assert shown.plain == "[red]no"
