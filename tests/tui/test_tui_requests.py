"""What the keys ask of the run, whom it reaches, and what is said about it."""

from __future__ import annotations

import pytest
from tui_world import World, busy, requests_of, said, screen_text, until

from trainer_tui.tui import CockpitApp
from trainer_tui.tui.screens.dialogs import Confirm, Reason
from trainer_tui.tui.screens.watch import WatchScreen

pytestmark = pytest.mark.usefixtures("anyhow_dark")


async def test_pause_stop_and_skip_are_asked_for(world: World) -> None:
    world.supervise()
    run = world.run("quick").begin()
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await pilot.press("p")
        await until(pilot, lambda: [r["request"] for r in requests_of(run)] == ["pause"])
        run.events.append("paused", why="asked")
        asked = requests_of(run)[0]["id"]
        run.events.append("control", id=asked, request="pause", outcome="paused, 1 process")
        await until(pilot, lambda: "‖ paused" in screen_text(app) and "paused, 1 process" in said(app))
        await pilot.press("p")
        await until(pilot, lambda: requests_of(run)[-1]["request"] == "resume")
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Confirm) and "SIGTERM" in screen_text(app))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, WatchScreen))
        await pilot.press("k")
        await until(pilot, lambda: isinstance(app.screen, Reason))
        await pilot.press("enter")
        await until(pilot, lambda: "a reason is needed" in screen_text(app))
        await pilot.press(*"known", "enter")
        await until(pilot, lambda: requests_of(run)[-1]["request"] == "skip")
        assert requests_of(run)[-1]["why"] == "known"
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: requests_of(run)[-1]["request"] == "stop")


async def test_a_stop_that_is_confirmed_late_reaches_the_phase_that_runs_by_then(world: World) -> None:
    world.supervise()
    quick = world.run("quick").begin()
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        quick.finish("passed", "exit 0")
        full = world.run("full", watch=quick.folder.number).begin()
        await pilot.press("y")
        await until(pilot, lambda: requests_of(full))
        (asked,) = requests_of(full)
        assert asked["request"] == "stop"
        assert requests_of(quick) == []
        full.events.append("control", id=asked["id"], request="stop", outcome="TERM was sent")
        await until(pilot, lambda: "stop: TERM was sent" in said(app))


async def test_a_stop_never_reaches_another_watch_than_it_was_meant_for(world: World) -> None:
    world.supervise()
    first = world.run().begin()
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        first.finish("exception", "it raised", code=1)
        other = world.run().begin()
        await pilot.press("y")
        await until(pilot, lambda: "another watch" in said(app))
        assert requests_of(first) == requests_of(other) == []


async def test_only_answers_to_this_screen_are_said_aloud(world: World) -> None:
    run = busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        for number in range(3):
            run.events.append("note", text=f"row {number}")
            run.events.append("control", id=f"script-{number}", request="note", outcome="noted")
        await until(pilot, lambda: "row 2" in screen_text(app))
        await pilot.pause(0.3)
        assert said(app) == ""
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, Reason))
        await pilot.press(*"lr", "enter")
        await until(pilot, lambda: requests_of(run))
        asked = requests_of(run)[0]["id"]
        run.events.append("control", id=asked, request="note", outcome="noted")
        await until(pilot, lambda: said(app) == "note: noted")


async def test_a_skipped_quick_phase_rings_no_bell(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []
    world.supervise()
    quick = world.run("quick").begin()
    app = CockpitApp(world.cockpit)
    monkeypatch.setattr(app, "bell", lambda: rung.append(1))
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        quick.events.append("phase-skipped", phase="quick", why="known")
        quick.finish("skipped", "a user skipped the rest of the quick phase", code=-15)
        await until(pilot, lambda: "■ skipped" in screen_text(app))
        assert rung == []
        assert "✘" not in screen_text(app)


async def test_retry_starts_the_next_attempt_once_the_run_is_over(world: World) -> None:
    run = busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await pilot.press("R")
        run.finish("exception", "it raised", code=1)
        world.abandon()
        await until(pilot, lambda: "✘ exception" in screen_text(app) and "R Retry" in screen_text(app))
        assert world.retried == []
        await pilot.press("R")
        await until(pilot, lambda: world.retried == ["retry"])


async def test_a_retry_that_fails_is_one_sentence(world: World) -> None:
    from dataclasses import replace

    def refuse() -> None:
        raise RuntimeError("a supervisor still runs [/x]")

    run = busy(world)
    run.finish("exception", "it raised", code=1)
    world.abandon()
    app = CockpitApp(replace(world.cockpit, retry=refuse))
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "R Retry" in screen_text(app))
        await pilot.press("R")
        await until(
            pilot,
            lambda: "could not be started: a supervisor still runs [/x]" in said(app),
        )


async def test_a_note_is_written_down(world: World) -> None:
    run = busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, Reason))
        await pilot.press(*"lr", "enter")
        await until(pilot, lambda: requests_of(run))
        assert (requests_of(run)[0]["request"], requests_of(run)[0]["text"]) == ("note", "lr")
