"""The History screen on real run folders: every key, the mouse, what grows, what is exported."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input
from tui_world import FakeRun, World, busy, said, screen_text, until

from trainer_tui.runs.incident import Incident
from trainer_tui.tui import CockpitApp
from trainer_tui.tui.screens.history import HistoryScreen
from trainer_tui.tui.screens.history_dialogs import Export, Jump
from trainer_tui.tui.screens.watch import WatchScreen
from trainer_tui.tui.widgets.history_table import HistoryTable

pytestmark = pytest.mark.usefixtures("anyhow_dark")


@asynccontextmanager
async def table(
    world: World, size: tuple[int, int] = (120, 36)
) -> AsyncIterator[tuple[Pilot[Any], HistoryTable]]:
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.picture is not None)
        await pilot.press("h")
        await until(pilot, lambda: isinstance(app.screen, HistoryScreen))
        shown = app.screen.query_one(HistoryTable)
        await until(
            pilot, lambda: (shown.picture is not None and shown.picture.rows) or "waits" in screen_text(app)
        )
        yield pilot, shown


def ended(world: World, rows: int = 400, **history: Any) -> FakeRun:
    run = world.run()
    run.history(rows, **history)
    run.finish("passed", "fine")
    return run


async def test_a_living_run_is_followed_an_ended_one_begins_at_its_first_row(world: World) -> None:
    run = busy(world)
    async with table(world) as (pilot, shown):
        await until(pilot, lambda: shown.row_at_cursor == 119 and "following" in screen_text(pilot.app))
        run.history(10, start=121)
        await until(pilot, lambda: shown.row_at_cursor == 129 and "130 rows" in screen_text(pilot.app))
        await pilot.press("up")
        run.history(10, start=131)
        await until(pilot, lambda: "140 rows" in screen_text(pilot.app))
        assert shown.row_at_cursor == 128, "who went up is left in peace"
        await pilot.press("f")
        await until(pilot, lambda: shown.row_at_cursor == 139)


async def test_moving_about(world: World) -> None:
    ended(world)
    async with table(world, (80, 24)) as (pilot, shown):
        assert (shown.place, shown.column) == (0, 0)
        await pilot.press("down", "right", "pagedown")
        assert shown.place > 15 and shown.column == 1
        await pilot.press("pageup", "up", "left")
        assert (shown.place, shown.column) == (0, 0)
        for key, place in (("end", 399), ("home", 0), ("G", 399), ("g", 0), ("space", 20)):
            await pilot.press(key)
            assert abs(shown.place - place) <= 4, key
        await until(pilot, lambda: "row 1" in screen_text(pilot.app))
        await pilot.click(HistoryTable, offset=(20, 3))
        assert shown.column >= 1
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, WatchScreen))


async def test_sorting_by_key_and_click(world: World) -> None:
    ended(world)
    async with table(world) as (pilot, shown):

        def column() -> list[float]:
            picture = shown.picture
            assert picture is not None
            return [picture.page.history.columns["val_loss"][picture.row_at(place)] for place in range(400)]

        await pilot.press("right", "right", "s")
        await until(pilot, lambda: column() == sorted(column()))
        await until(
            pilot, lambda: "▲val_loss" in screen_text(pilot.app) and "rising" in screen_text(pilot.app)
        )
        assert shown.row_at_cursor == shown.picture.best[0]
        await pilot.press("s")
        await until(pilot, lambda: column() == sorted(column(), reverse=True))
        assert "▼val_loss" in screen_text(pilot.app)
        await pilot.press("s")
        await until(pilot, lambda: shown.picture.order is None)
        await pilot.click(HistoryTable, offset=(14, 0))
        await until(
            pilot, lambda: shown.picture.wish.sort == "epoch" or shown.picture.wish.sort == "train_loss"
        )


def flagged(world: World) -> FakeRun:
    run = world.run()
    run.history(100, nan_from=60)
    incident = Incident("a", "warning", "overfit", "loss rises [/x]", facts={"row": 20, "column": "val_loss"})
    run.events.append("incident", incident=incident.to_dict())
    run.finish("nan-loss", "the loss is NaN", code=1)
    return run


async def test_flags_are_marked_and_gone_to(world: World) -> None:
    flagged(world)
    async with table(world) as (pilot, shown):
        await until(pilot, lambda: "3 flagged" in screen_text(pilot.app))
        assert "▲1." in screen_text(pilot.app)
        await pilot.press("n")
        assert (shown.row_at_cursor, shown.name_at_cursor) == (20, "val_loss")
        await until(pilot, lambda: "▲ loss rises [/x]" in screen_text(pilot.app))
        await pilot.press("n")
        assert (shown.row_at_cursor, shown.name_at_cursor) == (59, "train_loss")
        await until(
            pilot, lambda: "✘nan" in screen_text(pilot.app) and "not finite" in screen_text(pilot.app)
        )
        await pilot.press("n", "n")
        assert shown.row_at_cursor == 20, "around the end"
        await pilot.press("N")
        assert shown.row_at_cursor == 59


async def test_the_best_value_is_marked_and_gone_to(world: World) -> None:
    ended(world)
    async with table(world) as (pilot, shown):
        await pilot.press("b")
        values = list(shown.picture.page.history.columns["val_loss"])
        assert shown.row_at_cursor == values.index(min(values))
        await until(pilot, lambda: "★0." in screen_text(pilot.app) and "★ the best" in screen_text(pilot.app))


async def test_jumping(world: World) -> None:
    ended(world)
    async with table(world) as (pilot, shown):
        await pilot.press("j")
        await until(pilot, lambda: isinstance(pilot.app.screen, Jump))
        await pilot.press(*"x")
        await pilot.press("enter")
        await until(pilot, lambda: "a number, #row or" in screen_text(pilot.app))
        await pilot.press("backspace", *"200", "enter")
        await until(pilot, lambda: shown.row_at_cursor == 199)
        await pilot.press("j", "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen))


async def test_copying(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ended(world, rows=3)
    async with table(world) as (pilot, shown):
        copied: list[str] = []
        monkeypatch.setattr(pilot.app, "copy_to_clipboard", copied.append)
        await pilot.press("right", "y", "Y")
        value = shown.picture.page.history.columns["train_loss"][0]
        assert copied[0] == repr(value) and copied[1].startswith(f"1.0,{value!r},")
        await until(pilot, lambda: "copied" in said(pilot.app))


async def test_writing_a_file(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = ended(world, rows=30)
    monkeypatch.chdir(tmp_path)
    async with table(world) as (pilot, _):
        await pilot.press("w")
        await until(pilot, lambda: isinstance(pilot.app.screen, Export))
        answer = pilot.app.screen.query_one(Input)
        assert answer.value == str(tmp_path / "model_3-001-full-history.csv")
        await pilot.press("enter")
        await until(pilot, lambda: "written: " in said(pilot.app) and "30 rows" in said(pilot.app))
        written = list(csv.reader((tmp_path / "model_3-001-full-history.csv").open()))
        original = list(csv.reader(run.folder.history.open()))
        assert written[0] == original[0] and len(written) == 31
        assert [float(cell) for cell in written[30]] == [float(cell) for cell in original[30]]
        pilot.app.clear_notifications()
        for name, complaint in (
            ("model_3-001-full-history.csv", "once more replaces it"),
            ("a.xlsx", "has to end in"),
            ("nowhere/a.csv", "cannot write it"),
        ):
            await pilot.press("w")
            await until(pilot, lambda: isinstance(pilot.app.screen, Export))
            pilot.app.screen.query_one(Input).value = str(tmp_path / name)
            await pilot.press("enter")
            await until(pilot, lambda complaint=complaint: complaint in screen_text(pilot.app))
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen))
        await pilot.press("w")
        await until(pilot, lambda: isinstance(pilot.app.screen, Export))
        pilot.app.screen.query_one(Input).value = str(tmp_path / "a.json")
        await pilot.press("enter")
        await until(pilot, lambda: "a.json" in said(pilot.app))
        assert len(json.loads((tmp_path / "a.json").read_text())) == 30


async def test_a_file_that_is_there_is_replaced_only_when_asked_twice(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(world, rows=3)
    monkeypatch.chdir(tmp_path)
    target = tmp_path / "model_3-001-full-history.csv"
    target.write_text("mine")
    async with table(world) as (pilot, _):
        await pilot.press("w", "enter")
        await until(pilot, lambda: "once more replaces it" in screen_text(pilot.app))
        assert target.read_text() == "mine"
        await pilot.press("enter")
        await until(pilot, lambda: "written" in said(pilot.app))
        assert target.read_text().startswith("epoch,")


async def test_without_metrics_it_says_what_to_do(world: World) -> None:
    world.run().finish("passed", "fine")
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.picture is not None)
        await pilot.press("h")
        await until(pilot, lambda: "has written no metrics" in screen_text(app))
        await pilot.press("s", "j", "n", "b", "f", "g", "G", "y", "w")
        await until(pilot, lambda: "no history to write" in said(app))


async def test_many_wide_and_odd_columns(world: World) -> None:
    run = world.run().begin()
    names = [f"metric_{n}" for n in range(200)]
    run.folder.history.write_text(
        "epoch,"
        + ",".join(names)
        + "\n"
        + "\n".join(
            f"{r}," + ",".join(["1e300", "-1e-300", "", "nan", "inf"][n % 5] for n in range(200))
            for r in range(9)
        )
        + "\n"
    )
    async with table(world, (80, 24)) as (pilot, shown):
        for _ in range(30):
            await pilot.press("right")
        assert shown.column == 30
        await until(
            pilot, lambda: "metric_29" in screen_text(pilot.app) and "epoch" in screen_text(pilot.app)
        )
        await pilot.press("right", "right")
        await until(pilot, lambda: "✘nan" in screen_text(pilot.app) and "✘inf" in screen_text(pilot.app))
        for _ in range(32):
            await pilot.press("left")
        await until(pilot, lambda: shown.column == 0 and "metric_0" in screen_text(pilot.app))
        for size in ((20, 6), (40, 12), (240, 70)):
            await pilot.resize_terminal(*size)
        await until(pilot, lambda: "metric_12" in screen_text(pilot.app))


async def test_a_long_history_is_scrolled_at_once(world: World) -> None:
    run = world.run().begin()
    with run.folder.history.open("w") as file:
        file.write("epoch,val_loss\n")
        file.writelines(f"{n},{1000 / n!r}\n" for n in range(1, 100_001))
    async with table(world) as (pilot, shown):
        await until(pilot, lambda: shown.picture.rows == 100_000 and "100,000" in screen_text(pilot.app), 20)
        await pilot.press("home")
        await until(pilot, lambda: shown.row_at_cursor == 0 and "1000" in screen_text(pilot.app))
        await pilot.press("right", "s")
        await until(pilot, lambda: shown.row_at_cursor == 99_999, 20)
        await pilot.press("end")
        await until(pilot, lambda: shown.row_at_cursor == 0)
