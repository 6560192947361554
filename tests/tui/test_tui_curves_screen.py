"""The Curves screen on real run folders: every key, the mouse, runs that grow, histories that are none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.events import MouseScrollDown, MouseScrollUp
from textual.pilot import Pilot
from tui_world import FakeRun, World, busy, said, screen_text, until

from trainer_tui.runs.incident import Incident
from trainer_tui.runs.layout import ModelFolder
from trainer_tui.tui import CockpitApp
from trainer_tui.tui.plotting.picture import CurvesPicture
from trainer_tui.tui.screens.choose_runs import ChooseRuns, all_runs
from trainer_tui.tui.screens.curves import CurvesScreen
from trainer_tui.tui.screens.plot_place import WEIGHTS
from trainer_tui.tui.screens.watch import WatchScreen
from trainer_tui.tui.widgets.column_list import ColumnList
from trainer_tui.tui.widgets.plot_canvas import MARGIN, PlotCanvas

pytestmark = pytest.mark.usefixtures("anyhow_dark")


@asynccontextmanager
async def curves(world: World, size: tuple[int, int] = (120, 36)) -> AsyncIterator[Pilot[Any]]:
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.picture is not None)
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, CurvesScreen))
        yield pilot


def picture(pilot: Pilot[Any]) -> CurvesPicture:
    return pilot.app.screen.query_one(PlotCanvas).picture


async def drawn(pilot: Pilot[Any]) -> CurvesPicture:
    """Wait until what is drawn is what is wished for."""
    screen = pilot.app.screen
    await until(pilot, lambda: picture(pilot).wish == screen._wish and picture(pilot).bits is not None)
    return picture(pilot)


async def press(pilot: Pilot[Any], *keys: str) -> CurvesPicture:
    await pilot.press(*keys)
    return await drawn(pilot)


async def test_train_and_validation_of_the_main_metric_come_first(world: World) -> None:
    busy(world)
    async with curves(world) as pilot:
        shown = await drawn(pilot)
        assert shown.chosen == ("train_loss", "val_loss") and shown.rows == 120
        text = screen_text(pilot.app)
        assert "[x] train_loss" in text and "[ ] rmse" in text
        assert "a ── train_loss 0." in text and "b ╌╌ val_loss 0." in text
        assert "epoch" in text and "120 rows" in text


async def test_columns_are_chosen_and_found(world: World) -> None:
    busy(world)
    async with curves(world) as pilot:
        await drawn(pilot)
        assert (await press(pilot, "down", "down", "space")).chosen == ("train_loss", "val_loss", "rmse")
        assert (await press(pilot, "enter")).chosen == ("train_loss", "val_loss")
        await pilot.press("slash", "g", "r", "a")
        await until(pilot, lambda: len(pilot.app.screen.query_one(ColumnList).items) == 1)
        shown = await press(pilot, "enter", "space")
        assert "grad_norm" in shown.chosen
        await pilot.press("slash", "escape")
        await until(pilot, lambda: "[ ] rmse" in screen_text(pilot.app))
        assert isinstance(pilot.app.screen, CurvesScreen), "escape leaves the filter, not the place"
        await pilot.click(ColumnList, offset=(8, 0))
        assert "train_loss" not in (await drawn(pilot)).chosen
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, WatchScreen))


async def test_the_next_metric(world: World) -> None:
    busy(world)
    async with curves(world) as pilot:
        await drawn(pilot)
        assert (await press(pilot, "m")).chosen == ("rmse",)
        assert (await press(pilot, "m")).chosen == ("grad_norm",)
        assert (await press(pilot, "m")).chosen == ("train_loss", "val_loss")


async def test_scale_smoothing_and_axis(world: World) -> None:
    busy(world)
    async with curves(world) as pilot:
        assert not (await drawn(pilot)).log
        assert (await press(pilot, "L")).log
        await until(pilot, lambda: "log scale" in screen_text(pilot.app))
        assert not (await press(pilot, "L")).log
        shown = await press(pilot, "s", "s")
        assert shown.wish.smooth == WEIGHTS[2] and (shown.owner % 2 == 1).any(), "the raw curve stays behind"
        assert (await press(pilot, "S")).wish.smooth == WEIGHTS[1]
        assert (await press(pilot, "S")).wish.smooth == 0
        shown = await press(pilot, "t")
        assert (shown.axis, shown.x_name) == ("time", "time") and shown.extent[1] == pytest.approx(120 * 3.2)
        assert (await press(pilot, "t")).axis == "row"
        assert (await press(pilot, "t")).axis == "step"


async def test_zoom_and_pan_by_keys(world: World) -> None:
    busy(world)
    async with curves(world) as pilot:
        whole = (await drawn(pilot)).window
        near = (await press(pilot, "plus")).window
        assert whole.left < near.left < near.right < whole.right
        assert (await press(pilot, "less_than_sign")).window.left < near.left
        assert (await press(pilot, "greater_than_sign")).window.left == pytest.approx(near.left)
        assert (await press(pilot, "shift+right")).window.left > near.left
        tall = (await press(pilot, "0")).window
        assert tall == whole
        flat = (await press(pilot, "i")).window
        assert flat.top < whole.top and flat.bottom > whole.bottom
        assert (await press(pilot, "shift+up")).window.top > flat.top
        assert (await press(pilot, "shift+down")).window.top == pytest.approx(flat.top)
        assert (await press(pilot, "o")).window.top == pytest.approx(whole.top)
        await until(pilot, lambda: "0 shows all" in screen_text(pilot.app))
        assert (await press(pilot, "minus")).window.left == whole.left
        assert (await press(pilot, "0")).window == whole


async def test_zoom_and_pan_by_mouse(world: World) -> None:
    busy(world)
    async with curves(world) as pilot:
        whole = (await drawn(pilot)).window
        plot = pilot.app.screen.query_one(PlotCanvas)

        def wheel(kind: type, **held: bool) -> None:
            keys = {"shift": False, "meta": False, "ctrl": False, **held}
            plot.post_message(kind(plot, x=MARGIN, y=5, delta_x=0, delta_y=0, button=0, **keys))

        wheel(MouseScrollUp)
        await until(pilot, lambda: picture(pilot).window.right < whole.right)
        near = (await drawn(pilot)).window
        assert near.left == whole.left, "what is under the pointer stays there"
        await pilot.mouse_down(PlotCanvas, offset=(60, 10))
        await pilot.hover(PlotCanvas, offset=(40, 10))
        await pilot.mouse_up(PlotCanvas, offset=(40, 10))
        await until(pilot, lambda: picture(pilot).window.left > near.left)
        wheel(MouseScrollDown)
        wheel(MouseScrollDown)
        await until(pilot, lambda: picture(pilot).window.right == whole.right)
        wheel(MouseScrollUp, shift=True)
        await until(pilot, lambda: picture(pilot).window.top < whole.top)


async def test_the_crosshair_reads_values(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    busy(world)
    async with curves(world) as pilot:
        await drawn(pilot)
        plot = pilot.app.screen.query_one(PlotCanvas)
        await pilot.press("right", "right", "left")
        await until(pilot, lambda: "│ epoch 6" in screen_text(pilot.app).replace("││", "│"))
        at = plot.cross
        assert at is not None
        await pilot.hover(PlotCanvas, offset=(MARGIN, 10))
        await until(pilot, lambda: "epoch 1 " in screen_text(pilot.app))
        assert "train_loss 2.4" in screen_text(pilot.app)
        await pilot.click(PlotCanvas, offset=(MARGIN + 40, 10))
        await pilot.hover(ColumnList)
        assert plot.cross == 40, "a click leaves it there"
        copied: list[str] = []
        monkeypatch.setattr(pilot.app, "copy_to_clipboard", copied.append)
        await pilot.press("y")
        assert copied and copied[0].startswith("epoch ") and "val_loss" in copied[0]
        await press(pilot, "plus")
        left = picture(pilot).window.left
        for _ in range(plot.cross + 1):
            await pilot.press("left")
        await until(pilot, lambda: picture(pilot).window.left < left)


def with_marks(world: World) -> FakeRun:
    run = busy(world)
    for row, severity in ((30, "warning"), (60, "error")):
        incident = Incident(str(row), severity, "x", f"what happened [/x] {row}", facts={"row": row})
        run.events.append("incident", incident=incident.to_dict())
    return run


async def test_marks_are_gone_to(world: World) -> None:
    with_marks(world)
    async with curves(world) as pilot:
        await until(pilot, lambda: len(picture(pilot).marks) == 2)
        await until(pilot, lambda: "▲" in screen_text(pilot.app) and "2 marks" in screen_text(pilot.app))
        await pilot.press("n")
        await until(pilot, lambda: "▲ what happened [/x] 30 (suspected)" in screen_text(pilot.app))
        await pilot.press("n")
        await until(pilot, lambda: "✘ what happened [/x] 60" in screen_text(pilot.app))
        await pilot.press("N")
        await until(pilot, lambda: "what happened [/x] 30" in screen_text(pilot.app))


async def test_without_marks_it_says_so(world: World) -> None:
    busy(world)
    async with curves(world) as pilot:
        await drawn(pilot)
        await pilot.press("n")
        await until(pilot, lambda: "no incident" in said(pilot.app))


async def test_it_grows_with_the_run_and_rests_elsewhere(world: World) -> None:
    run = busy(world)
    async with curves(world) as pilot:
        await drawn(pilot)
        run.history(30, start=121)
        await until(pilot, lambda: picture(pilot).rows == 150)
        await pilot.press("1")
        await until(pilot, lambda: isinstance(pilot.app.screen, WatchScreen))
        run.history(30, start=151)
        await pilot.press("c")
        await until(pilot, lambda: picture(pilot).rows == 180)


async def test_runs_are_compared(world: World) -> None:
    first = world.run("quick")
    first.history(50)
    first.finish("passed", "fine")
    busy(world)
    other = World.__new__(World)
    other.__dict__.update(
        world.__dict__, model=ModelFolder(world.root / "output" / "net", world.root / "logs" / "net")
    )
    other.model.path.mkdir(parents=True)
    other.run("full").history(80)
    async with curves(world) as pilot:
        await drawn(pilot)
        await pilot.press("a")
        await until(
            pilot, lambda: isinstance(pilot.app.screen, ChooseRuns) and "3 found" in screen_text(pilot.app)
        )
        await pilot.press(*"net")
        await until(pilot, lambda: "1 found" in screen_text(pilot.app))
        await pilot.press("down", "space")
        await until(pilot, lambda: "[x] net #1 full" in screen_text(pilot.app))
        await pilot.press("enter")
        shown = await drawn(pilot)
        assert [curve.run for curve in shown.curves] == ["model_3 #2 full"] * 2 + ["net #1 full"] * 2
        await until(pilot, lambda: "c ┄┄ net #1 full train_loss" in screen_text(pilot.app))
        await pilot.press("a")
        await until(pilot, lambda: "2 chosen" in screen_text(pilot.app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, CurvesScreen))
        assert len(pilot.app.screen._wish.runs) == 2


def test_all_runs_are_listed_those_of_the_model_first(world: World) -> None:
    for model, phases in (("zoo", ["full"]), ("model_3", ["quick", "full"]), ("alpha", ["full"])):
        folder = ModelFolder(world.root / "output" / model, world.root / "logs" / model)
        for phase in phases:
            folder.new_run(phase)
    names = [run.name for run in all_runs(world.model)]
    assert names == ["model_3/002-full", "model_3/001-quick", "alpha/001-full", "zoo/001-full"]


async def test_the_list_is_hidden_and_shown(world: World) -> None:
    busy(world)
    async with curves(world) as pilot:
        narrow = (await drawn(pilot)).wish.width
        await pilot.press("b")
        await until(pilot, lambda: picture(pilot).wish.width > narrow)
        await pilot.press("b")
        await until(pilot, lambda: picture(pilot).wish.width == narrow)


async def test_every_size_is_borne(world: World) -> None:
    with_marks(world)
    async with curves(world, (80, 24)) as pilot:
        for size in ((80, 24), (60, 20), (160, 48), (20, 6), (40, 12), (240, 70)):
            await pilot.resize_terminal(*size)
            plot = pilot.app.screen.query_one(PlotCanvas)
            if size[0] >= 40:
                await until(pilot, lambda plot=plot: picture(pilot).wish.width == plot.cells[0])
        await until(pilot, lambda: picture(pilot).wish.width > 180)


async def test_a_run_without_metrics_says_what_to_do(world: World) -> None:
    run = world.run()
    run.finish("passed", "fine")
    async with curves(world) as pilot:
        await until(pilot, lambda: "has written no metrics" in screen_text(pilot.app))
        assert "trainer.toml" in screen_text(pilot.app)
        await pilot.press("plus", "right", "n", "s", "L", "t", "m", "y", "0")
        assert "has written no metrics" in screen_text(pilot.app)


async def test_no_run_at_all(world: World) -> None:
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("c")
        await until(pilot, lambda: "waits for the first run" in screen_text(app))


CASES = {
    "one row": "epoch,loss\n1,0.5\n",
    "constant": "epoch,loss\n" + "1,0.5\n2,0.5\n3,0.5\n",
    "huge": "epoch,loss\n1,1e300\n2,-1e300\n3,1e308\n4,-1.7e308\n",
    "negative": "epoch,loss\n1,-3\n2,-5\n3,-4\n",
    "step goes back": "epoch,loss\n1,3\n2,2\n3,1\n2,1.5\n3,0.5\n",
    "step stands still": "epoch,loss\n" + "1,3\n" * 50,
    "inf": "epoch,loss\n1,3\n2,inf\n3,-inf\n4,1\n",
    "no step": "loss\n3\n2\n1\n",
    "hostile names": 'epoch,"[/x]\x1b]0;T\x07loss"\n1,2\n2,1\n',
    "step is not finite": "epoch,loss\n1,3\nnan,2\ninf,1\n2,0\n",
}


async def test_whatever_the_values_are(world: World) -> None:
    run = world.run().begin()
    run.folder.history.write_text("epoch,first\n1,1\n")
    async with curves(world, (80, 24)) as pilot:
        await drawn(pilot)
        for case, text in CASES.items():
            before = pilot.app.screen._picture
            run.folder.history.with_suffix(".new").write_text(text)
            run.folder.history.with_suffix(".new").replace(run.folder.history)
            await until(pilot, lambda before=before: pilot.app.screen._picture is not before)
            pilot.app.screen.action_metric()
            assert (await drawn(pilot)).bits.any(), case
            for key in ("L", "s", "plus", "right", "t", "0", "L", "i", "shift+up"):
                await press(pilot, key)
            await press(pilot, "t", "t", "0")
            text = screen_text(pilot.app)
            assert "\x1b" not in text and "\x07" not in text


async def test_all_nan_says_so_and_a_log_axis_without_positive_values_is_borne(world: World) -> None:
    run = world.run().begin()
    run.folder.history.write_text("epoch,loss,acc\n1,nan,-1\n2,nan,-2\n")
    async with curves(world) as pilot:
        await until(pilot, lambda: "loss: no finite value in 2 rows" in screen_text(pilot.app))
        await pilot.press("m")
        await drawn(pilot)
        await press(pilot, "L")
        await until(pilot, lambda: "no place on a logarithmic axis" in screen_text(pilot.app))


async def test_two_hundred_columns(world: World) -> None:
    run = world.run().begin()
    names = [f"m{n:03d}" for n in range(200)]
    rows = "\n".join(",".join(str(n * r) for n in range(201)) for r in range(1, 20))
    run.folder.history.write_text("epoch," + ",".join(names) + "\n" + rows + "\n")
    async with curves(world) as pilot:
        assert len((await drawn(pilot)).names) == 201
        for _ in range(18):
            await pilot.press("down", "space")
        await until(pilot, lambda: "16 curves at once" in said(pilot.app))
        assert len((await drawn(pilot)).curves) == 16
        assert "p ━╌ m015" in screen_text(pilot.app)


async def test_a_history_that_cannot_be_read_is_told(world: World) -> None:
    run = world.run().begin()
    run.folder.history.mkdir()
    async with curves(world) as pilot:
        await until(pilot, lambda: "cannot be read" in screen_text(pilot.app))
    assert Path(run.folder.history).is_dir()


async def test_the_palette_has_every_key(world: World) -> None:
    busy(world)
    async with curves(world) as pilot:
        await drawn(pilot)
        titles = {command.title for command in pilot.app.get_system_commands(pilot.app.screen)}
        assert {"Metric", "Smooth", "Add runs", "Log", "Time", "Next mark"} <= titles
