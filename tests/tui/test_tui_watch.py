"""The Watch screen on real run folders."""

from __future__ import annotations

import time
from typing import Any

import pytest
from textual.events import MouseScrollUp
from tui_world import World, busy, requests_of, said, screen_text, until

from trainer_tui.tui import CockpitApp
from trainer_tui.tui.screens.dialogs import Confirm, Reading, Reason
from trainer_tui.tui.screens.diary import DiaryScreen
from trainer_tui.tui.screens.watch import WatchScreen
from trainer_tui.tui.widgets.log_view import LogView
from trainer_tui.tui.widgets.plot_pane import PlotPane

pytestmark = pytest.mark.usefixtures("anyhow_dark")


async def test_an_empty_project_says_what_every_pane_waits_for(world: World) -> None:
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "waits for the first run of model_3" in screen_text(app))
        text = screen_text(app)
        for waiting in ("waits for the log", "waits for the first", "judged when", "nothing to report"):
            assert waiting in text


async def test_a_living_run_is_shown_and_kept_up_with(world: World) -> None:
    run = busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app) and "epoch 99" in screen_text(app))
        await until(pilot, lambda: "120/400" in screen_text(app) and "9.8 of 24 GiB" in screen_text(app))
        await until(pilot, lambda: "── train" in screen_text(app) and "⠑" in screen_text(app))
        run.log("epoch 100 train 0.39")
        await until(pilot, lambda: "epoch 100 train 0.39" in screen_text(app))
        run.events.append("note", text="lower lr next time")
        await until(pilot, lambda: "lower lr next time" in screen_text(app))


async def test_hostile_lines_never_reach_the_terminal(world: World) -> None:
    run = busy(world)
    run.log(b"a\x1b]0;TITLE\x07b", b"[/x] [bold]c[/bold]", b"nul\x00l \x9b2J \xff", b"\x1b[2Jcleared")
    run.events.append("note", text="[/x] \x1b]0;TITLE\x07 \x1b[2J")
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "cleared" in screen_text(app) and "note: [/x]" in screen_text(app))
        text = screen_text(app)
        assert "ab" in text
        assert "[/x] [bold]c[/bold]" in text
        assert "TITLE" not in text
        assert not any((ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 for c in text)


async def test_a_progress_bar_is_one_line(world: World) -> None:
    run = busy(world)
    run.log(b"10%\r20%\r30%", end=b"")
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "30%" in screen_text(app))
        run.log(b"\r40%", end=b"")
        await until(pilot, lambda: "40%" in screen_text(app))
        assert "30%" not in screen_text(app)


async def test_scrolled_back_the_log_holds_still_and_follows_again(world: World) -> None:
    run = busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "epoch 99" in screen_text(app))
        view = app.screen.query_one(LogView)
        await pilot.press("home")
        await until(pilot, lambda: not view.following and "epoch 0 " in screen_text(app))
        run.log("the newest line")
        await until(pilot, lambda: view.line(100) == "the newest line")
        assert "epoch 0 " in screen_text(app)
        await pilot.press("f")
        await until(pilot, lambda: "the newest line" in screen_text(app))


async def test_search_goes_to_the_newest_match_and_on(world: World) -> None:
    run = busy(world)
    run.log("needle one", *["hay"] * 60, "Needle two", *["hay"] * 60)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "hay" in screen_text(app))
        await pilot.press("slash", *"needle", "enter")
        await until(pilot, lambda: "Needle two" in screen_text(app))
        await pilot.press("N")
        await until(pilot, lambda: "needle one" in screen_text(app))
        await pilot.press("n")
        await until(pilot, lambda: "Needle two" in screen_text(app))
        await pilot.press("slash", *"nowhere", "enter")
        await until(pilot, lambda: "not found" in screen_text(app))


async def test_a_truncated_log_is_shown_anew(world: World) -> None:
    run = busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "epoch 99" in screen_text(app))
        run.log_path.write_bytes(b"begun anew\n")
        await until(pilot, lambda: "begun anew" in screen_text(app) and "epoch 99" not in screen_text(app))


async def test_metrics_are_cycled_and_the_axis_made_logarithmic(world: World) -> None:
    busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        pane = app.screen.query_one(PlotPane)
        await until(pilot, lambda: "Loss" in str(pane.border_title) and "val" in str(pane.border_title))
        await pilot.press("m")
        await until(pilot, lambda: "Rmse" in str(pane.border_title))
        await pilot.press("L")
        await until(pilot, lambda: "log scale" in str(pane.border_title))


@pytest.mark.parametrize("size", [(160, 48), (100, 30), (80, 24), (40, 10), (20, 4), (3, 2), (1, 1)])
async def test_every_size_stands(world: World, size: tuple[int, int]) -> None:
    run = busy(world)
    run.fail()
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.picture is not None and app.screen.query_one(LogView).lines)
        await pilot.resize_terminal(160, 48)
        await until(pilot, lambda: "✘ failed" in screen_text(app))
        await pilot.resize_terminal(*size)
        await pilot.pause()
        if size[0] >= 40:
            assert "model_3 #1" in screen_text(app)
            assert "epoch 99" in screen_text(app)


async def test_a_blind_supervisor_is_never_green(world: World) -> None:
    run = busy(world)
    run.events.append("blind", source="log", why="permission denied")
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "◌ blind (log): permission denied" in screen_text(app))
        assert "● running" not in screen_text(app)
        run.events.append("sighted", source="log")
        await until(pilot, lambda: "● running" in screen_text(app))


async def test_a_dead_supervisor_is_called_back(world: World) -> None:
    busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        world.abandon()
        began = time.monotonic()
        await until(pilot, lambda: "no supervisor watches this run" in screen_text(app))
        await until(pilot, lambda: world.revived)
        assert time.monotonic() - began > 1.5


async def test_a_full_disk_is_said(world: World) -> None:
    run = busy(world)
    run.sample(70.0, disk_free=0.0)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "disk full" in screen_text(app) and "0 B free" in screen_text(app))


async def test_a_failure_while_watching_opens_its_diary_entry(world: World) -> None:
    run = busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        run.fail(entry=1)
        written = time.monotonic()
        await until(pilot, lambda: isinstance(app.screen, DiaryScreen))
        assert time.monotonic() - written < 1.0
        await until(
            pilot, lambda: "NaN detected" in screen_text(app) and "train.py:88 in step" in screen_text(app)
        )
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, WatchScreen))
        assert "✘ failed: nan-loss" in screen_text(app)
        run.finish("nan-loss", "the loss is NaN", code=1)
        await until(pilot, lambda: "✘ nan-loss" in screen_text(app))
        assert isinstance(app.screen, WatchScreen)


async def test_an_old_failure_steals_no_focus(world: World) -> None:
    run = busy(world)
    run.fail()
    run.finish("nan-loss", "the loss is NaN", code=1)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "✘ nan-loss" in screen_text(app))
        await pilot.pause(0.3)
        assert isinstance(app.screen, WatchScreen)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, DiaryScreen))


async def test_a_suspected_failure_opens_nothing_until_it_is_certain(world: World) -> None:
    run = busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        incident = run.fail(confirmed=False)
        await until(pilot, lambda: "▲ running, suspected" in screen_text(app))
        assert isinstance(app.screen, WatchScreen)
        run.events.append("incident", incident=incident.with_fate("confirmed").to_dict())
        await until(pilot, lambda: isinstance(app.screen, DiaryScreen))


async def test_a_failure_does_not_interrupt_somebody_who_types(world: World) -> None:
    run = busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await pilot.press("slash", "a")
        run.fail()
        await until(pilot, lambda: "✘ failed" in screen_text(app))
        assert isinstance(app.screen, WatchScreen)


async def test_the_next_phase_takes_over(world: World) -> None:
    world.supervise()
    quick = world.run("quick").begin()
    quick.log("in quick")
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "in quick" in screen_text(app))
        quick.finish("passed", "exit 0")
        full = world.run("full", watch=quick.folder.number).begin()
        full.log("in full")
        await until(pilot, lambda: "in full" in screen_text(app) and "5A quick ✔ 2:11" in screen_text(app))
        assert "in quick" not in screen_text(app)


async def test_gates_and_stacks_are_shown_on_request(world: World) -> None:
    run = busy(world)
    run.events.append(
        "gates",
        results=[{"name": "converged", "state": "failed", "sentence": "still falls", "advice": "go on"}],
    )
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "✘ converged" in screen_text(app))
        await pilot.press("g")
        await until(pilot, lambda: isinstance(app.screen, Reading) and "→ go on" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, Reading))
    run.finish("passed", "all well")
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "all well" in screen_text(app))
        await pilot.press("s")
        await until(pilot, lambda: "no stacks were taken" in said(app))
        run.events.append("incident", incident=SILENCE)
        await until(pilot, lambda: "hang: silent (training" in screen_text(app))
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Reading) and "f (a.py:1)" in screen_text(app))


SILENCE = {
    "id": "h",
    "severity": "warning",
    "kind": "hang",
    "message": "silent",
    "source": "silence",
    "fate": "recovered",
    "excerpt": "f (a.py:1)",
}


async def test_the_log_can_fill_the_screen(world: World) -> None:
    busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "Machine" in screen_text(app))
        await pilot.press("z")
        await until(pilot, lambda: "Machine" not in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: "Machine" in screen_text(app))


async def test_help_lists_the_keys(world: World) -> None:
    busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await pilot.press("question_mark")
        await until(pilot, lambda: "Logarithmic" in screen_text(app))
        await pilot.press("question_mark")
        await until(pilot, lambda: "Logarithmic" not in screen_text(app))


async def test_leaving_says_how_it_was_and_leaves_the_run_alone(world: World) -> None:
    run = busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await pilot.press("q")
    assert app.return_value is not None
    assert app.return_value.goes_on
    assert app.return_value.state is not None
    assert app.return_value.state.duration_s is not None
    assert run.child.poll() is None
    assert requests_of(run) == []


async def test_every_key_has_an_id() -> None:
    for owner in (CockpitApp, WatchScreen, DiaryScreen, LogView, Confirm, Reason, Reading):
        assert all(getattr(binding, "id", None) for binding in owner.BINDINGS), owner


async def test_nothing_is_drawn_while_nothing_changes(world: World) -> None:
    busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "⠑" in screen_text(app) and "RAM" in screen_text(app))
        await pilot.pause(0.5)
        drawn: list[str] = []
        view, pane = app.screen.query_one(LogView), app.screen.query_one(PlotPane)
        for widget in (view, pane, *app.screen.query("#machine, #signals, #gates")):
            original = widget.refresh

            def refresh(*args: Any, _widget: Any = widget, _original: Any = original, **kwargs: Any) -> Any:
                drawn.append(str(_widget.id))
                return _original(*args, **kwargs)

            widget.refresh = refresh
        await pilot.pause(2.5)
        assert drawn == []


async def test_a_supervisor_that_died_between_the_phases_is_called_back(world: World) -> None:
    world.supervise()
    quick = world.run("quick").begin()
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        quick.finish("passed", "exit 0")
        await until(pilot, lambda: "✔ passed" in screen_text(app))
        assert world.revived == []
        world.abandon()
        await until(pilot, lambda: world.revived)


async def test_nobody_is_called_back_for_a_run_that_is_over(world: World) -> None:
    run = busy(world)
    run.finish("passed", "exit 0")
    world.abandon()
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "✔ passed" in screen_text(app))
        await pilot.pause(2.5)
        assert world.revived == []
        assert "no supervisor" not in screen_text(app)


@pytest.mark.parametrize("key", ["q", "ctrl+q", "ctrl+c"])
async def test_the_keys_that_leave(world: World, key: str) -> None:
    busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await pilot.press(key)
        await until(pilot, lambda: app.return_value is not None)


async def test_the_palette_offers_what_the_keys_do(world: World) -> None:
    busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await pilot.press("ctrl+p")
        await pilot.press(*"metric")
        await until(pilot, lambda: "plot the next group of metrics" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "Rmse" in str(app.screen.query_one(PlotPane).border_title))


async def test_a_click_on_the_footer_is_a_key(world: World) -> None:
    busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "g Gates" in screen_text(app))
        column = screen_text(app).splitlines()[-1].index("g Gates")
        await pilot.click(offset=(column + 3, 47))
        await until(pilot, lambda: isinstance(app.screen, Reading))


async def test_the_wheel_scrolls_the_log(world: World) -> None:
    busy(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "epoch 99" in screen_text(app))
        view = app.screen.query_one(LogView)
        for _ in range(5):
            await pilot._post_mouse_events([MouseScrollUp], view, offset=(5, 5))
        await until(pilot, lambda: not view.following and "epoch 99" not in screen_text(app))


async def test_log_text_can_be_selected_with_the_mouse(world: World) -> None:
    run = busy(world)
    run.log("choose these words")
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "choose these words" in screen_text(app))
        rows = screen_text(app).splitlines()
        row = next(n for n, line in enumerate(rows) if "choose these" in line)
        column = rows[row].index("these")
        await pilot.mouse_down(offset=(column, row))
        await pilot.hover(offset=(column + 5, row))
        await pilot.mouse_up(offset=(column + 5, row))
        assert app.screen.get_selected_text() in ("these", "these ")


@pytest.mark.parametrize("value", ["5e12", "-1e-300", "1e300", "0"])
async def test_a_metric_that_never_changes_is_drawn(world: World, value: str) -> None:
    run = world.run().begin()
    run.folder.history.write_text("epoch,val_loss\n" + "".join(f"{n},{value}\n" for n in range(40)))
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: any("⠀" < character <= "⣿" for character in screen_text(app)))
        assert app.return_code is None
