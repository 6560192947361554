"""The Runs screen: every key, clicks, living runs, what comes and goes under it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot
from tui_world import FakeRun, World, busy, said, screen_text, until

from trainer_tui.runs.catalog.labels import Labels, read_labels, write_labels
from trainer_tui.runs.files import read_json, replace_json
from trainer_tui.runs.layout import ModelFolder
from trainer_tui.tui import CockpitApp
from trainer_tui.tui.screens.compare import CompareScreen
from trainer_tui.tui.screens.runs import RunsScreen
from trainer_tui.tui.widgets.runs_table import RunsTable

pytestmark = pytest.mark.asyncio


def at(world: World, model: str) -> World:
    """The world with another model in it."""
    world.model = ModelFolder(world.root / "output" / model, world.root / "logs" / model)
    return world


def ended(
    world: World, model: str = "model_3", reason: str = "passed", phase: str = "full", **changes: Any
) -> FakeRun:
    """A run that ended; the later it is made the newer it is."""
    run = at(world, model).run(phase)
    at(world, "model_3")
    run.history(30)
    document = read_json(run.folder.run_json) or {}
    day = changes.pop("day", run.folder.number)
    document |= {"created": f"2026-01-{day:02d}T12:00:00.000Z"} | changes
    replace_json(run.folder.run_json, document, fsync=False)
    run.log("epoch 1")
    run.events.append("started", pid=1, at=document["created"])
    run.finish(reason, f"it ended as {reason}", duration=60.0 * day)
    return run


@pytest.fixture
def several(world: World) -> World:
    """Five runs of two models."""
    world.model.path.mkdir(parents=True, exist_ok=True)
    ended(world, reason="passed", phase="quick", day=1)
    ended(world, reason="nan-loss", day=2)
    ended(world, "other", reason="cuda-oom", day=3)
    ended(world, reason="stopped-by-user", day=4)
    ended(world, "other", reason="passed", day=5)
    return world


class Seen:
    """The screen and what is in it."""

    def __init__(self, pilot: Pilot[Any]) -> None:
        self.pilot, self.app = pilot, pilot.app
        self.screen: RunsScreen = pilot.app._places["runs"]
        self.table: RunsTable = self.screen._table

    @property
    def keys(self) -> list[str]:
        return [run.key for run in self.table.picture.rows]

    @property
    def here(self) -> str:
        assert self.table.current is not None
        return self.table.current.key

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def until(self, condition: Callable[[], object]) -> None:
        await until(self.pilot, condition)


@asynccontextmanager
async def shown(world: World, size: tuple[int, int] = (140, 40)) -> AsyncIterator[Seen]:
    app = CockpitApp(world.cockpit, "runs")
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        seen = Seen(pilot)
        await seen.until(lambda: seen.table.picture.begun and not seen.table.picture.unread)
        await seen.until(lambda: all(run.spark for run in seen.table.picture.rows if run.over))
        yield seen


NEWEST_FIRST = [
    "other/002-full",
    "model_3/003-full",
    "other/001-full",
    "model_3/002-full",
    "model_3/001-quick",
]


async def test_every_run_of_every_model_newest_first(several: World) -> None:
    async with shown(several) as seen:
        assert seen.keys == NEWEST_FIRST
        await seen.until(lambda: "5 runs" in screen_text(seen.app))
        text = screen_text(seen.app)
        assert (
            "5 runs" in text and "✘ cuda-oom" in text and "■ stopped-by-user" in text and "✔ passed" in text
        )
        assert "other #1 full" in text and "█" in text and "3:00" in text


async def test_r_and_4_lead_there_and_escape_back_to_the_run_that_is_watched(several: World) -> None:
    app = CockpitApp(several.cockpit)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: app.picture is not None)
        for key in ("r", "4"):
            await pilot.press(key)
            await until(pilot, lambda: isinstance(app.screen, RunsScreen))
            app.choose(ModelFolder(several.model.path.parent / "other", several.root).runs()[0])
            await pilot.press("escape")
            await until(pilot, lambda: app.screen.id == "watch")
            assert app.shown_run == several.model.find(3)


async def test_moving(several: World) -> None:
    async with shown(several) as seen:
        places = []
        for key in ("down", "j", "up", "k", "end", "home", "G", "g", "pagedown", "pageup"):
            await seen.press(key)
            places.append(seen.keys.index(seen.here))
        assert places == [1, 2, 1, 0, 4, 0, 4, 0, 4, 0]
        assert "it ended as passed" in screen_text(seen.app)


async def test_filter_as_one_types(several: World) -> None:
    async with shown(several) as seen:
        await seen.press("slash", *"model:other oom")
        await seen.until(lambda: seen.keys == ["other/001-full"])
        assert "1 of 5 runs" in screen_text(seen.app)
        await seen.press("enter")
        assert seen.app.focused is seen.table and seen.screen.has_class("-filtering")
        await seen.press("slash", "x")
        await seen.until(lambda: "no run has all of these words" in screen_text(seen.app))
        await seen.press("escape")
        await seen.until(lambda: seen.keys == NEWEST_FIRST)
        assert seen.app.focused is seen.table and not seen.screen.has_class("-filtering")
        assert seen.app.screen is seen.screen


async def test_sorting_by_keys_and_by_a_click_on_a_header(several: World) -> None:
    async with shown(several) as seen:
        await seen.press("s")
        await seen.until(lambda: seen.keys == sorted(NEWEST_FIRST))
        await seen.press("S")
        await seen.until(lambda: seen.keys == sorted(NEWEST_FIRST, reverse=True))
        header = screen_text(seen.app).splitlines()[2]
        for keys in (NEWEST_FIRST, NEWEST_FIRST[::-1]):  # the longest first, then the shortest
            await seen.pilot.click("#runs-header", offset=(header.index("took"), 0))
            await seen.until(lambda keys=keys: seen.keys == keys)
        assert "took ▲" in screen_text(seen.app)


async def test_a_click_moves_and_two_open(several: World) -> None:
    async with shown(several) as seen:
        await seen.pilot.click("#runs-table", offset=(10, 2))
        assert seen.here == "other/001-full"
        await seen.pilot.click("#runs-table", offset=(10, 2), times=2)
        await seen.until(lambda: seen.app.screen is not seen.screen)
        assert seen.app.shown_run.name == "other/001-full"


async def test_enter_opens_the_log_of_a_failure_and_the_curves_of_others(several: World) -> None:
    async with shown(several) as seen:
        for row, place in ((3, "log"), (4, "curves")):
            await seen.press("home", *["down"] * row)
            wanted = seen.here
            await seen.press("enter")
            await seen.until(lambda place=place: seen.app.current_mode == place)
            assert seen.app.shown_run.name == wanted
            await seen.press("r")
            await seen.until(lambda: seen.app.screen is seen.screen)


async def test_enter_on_the_run_that_is_watched_goes_back_to_it(several: World) -> None:
    async with shown(several) as seen:
        await seen.until(lambda: seen.app.picture is not None)
        await seen.press("down")
        assert seen.here == "model_3/003-full" == seen.app.picture.state.name
        await seen.press("enter")
        await seen.until(lambda: seen.app.screen.id == "watch")


async def test_tags_of_one_and_of_several(several: World) -> None:
    folder = several.model.runs()
    async with shown(several) as seen:
        await seen.press("end", "t", *"lr Paper", "enter")
        await seen.until(lambda: read_labels(folder[0]).tags == ("lr", "Paper"))
        await seen.until(lambda: "#lr #Paper" in screen_text(seen.app))
        await seen.press("space", "up", "space", "t")
        await seen.until(lambda: "Tags of" in screen_text(seen.app))
        await seen.press("ctrl+u", *"paper new", "enter")
        await seen.until(lambda: read_labels(folder[1]).tags == ("paper", "new"))
        assert read_labels(folder[0]).tags == ("Paper", "new")
        await seen.press("escape", "t", "escape")
        assert read_labels(folder[1]).tags == ("paper", "new")


async def test_a_note_on_a_run(several: World) -> None:
    folder = several.model.runs()[0]
    write_labels(folder, Labels(note="old"))
    async with shown(several) as seen:
        await seen.press("end", "n")
        await seen.until(lambda: "Note on" in screen_text(seen.app))
        await seen.press(*" [/x]", "enter")
        await seen.until(lambda: read_labels(folder).note == "old [/x]")
        await seen.until(lambda: "old [/x]" in screen_text(seen.app))


async def test_labels_that_the_disk_refuses_are_told(several: World) -> None:
    async with shown(several) as seen:
        await seen.press("end")
        folder = several.model.runs()[0]
        (folder.path / "tags.json").mkdir()
        await seen.press("t", "x", "enter")
        await seen.until(lambda: "cannot be labelled" in said(seen.app))


async def test_delete_asks_and_u_brings_back(several: World) -> None:
    run = several.model.runs()[0]
    async with shown(several) as seen:
        await seen.press("end", "D")
        await seen.until(lambda: "Delete this run?" in screen_text(seen.app))
        await seen.press("n")
        await seen.press("delete", "y")
        await seen.until(lambda: run.name not in seen.keys)
        assert not run.path.exists() and "in the trash" in said(seen.app)
        await seen.press("u")
        await seen.until(lambda: run.name in seen.keys)
        assert run.log().exists()
        shutil.rmtree(several.root / "output" / ".trash")
        await seen.press("u")
        await seen.until(lambda: "the trash is empty" in said(seen.app))


async def test_marked_runs_are_deleted_together(several: World) -> None:
    async with shown(several) as seen:
        await seen.press("space", "space")
        assert "◆ 2 marked" in screen_text(seen.app)
        await seen.press("D", "y")
        await seen.until(lambda: seen.keys == NEWEST_FIRST[2:])
        assert "marked" not in screen_text(seen.app)


async def test_a_living_run_is_never_deleted(several: World) -> None:
    run = busy(several)
    async with shown(several) as seen:
        assert seen.here == run.folder.name and "● running" in screen_text(seen.app)
        await seen.press("D")
        await seen.until(lambda: "it lives" in said(seen.app))
        assert seen.app.screen is seen.screen and run.folder.path.exists()


async def test_comparing_two_marked_runs(several: World) -> None:
    for number, run in enumerate(several.model.runs()):
        run.source.mkdir()
        (run.source / "m.py").write_text(f"LR = {number}\n" + "x\n" * 100 + f"LATER = {number}\n")
    async with shown(several, (100, 24)) as seen:
        await seen.press("equals_sign")
        await seen.until(lambda: "mark two runs" in said(seen.app))
        await seen.press("end", "space", "up", "equals_sign")
        await seen.until(lambda: isinstance(seen.app.screen, CompareScreen))
        await seen.until(lambda: "+LR = 1" in screen_text(seen.app))
        text = screen_text(seen.app)
        assert "model_3/001-quick and model_3/002-full" in text and "nan-loss" in text and "-LR = 0" in text
        await seen.press("n", "n")
        await seen.until(lambda: "Result" not in screen_text(seen.app))
        await seen.press("N", "N")
        await seen.until(lambda: "Result" in screen_text(seen.app))
        await seen.press("end")
        await seen.until(lambda: "Environment" in screen_text(seen.app))
        await seen.press("x")
        await seen.until(lambda: "model_3/002-full and model_3/001-quick" in screen_text(seen.app))
        await seen.press("escape")
        assert seen.app.screen is seen.screen


async def test_escape_takes_marks_away_before_it_leaves(several: World) -> None:
    async with shown(several) as seen:
        await seen.press("space", "escape")
        assert not seen.table.marked and seen.app.screen is seen.screen


async def test_a_living_run_moves_and_ends_before_our_eyes(world: World) -> None:
    run = busy(world)
    async with shown(world) as seen:
        await seen.until(lambda: "● running" in screen_text(seen.app))
        run.history(5, start=121)
        await seen.until(lambda: seen.table.current is not None and seen.table.current.steps == 125)
        run.events.append("paused", why="asked")
        await seen.until(lambda: "‖ paused" in screen_text(seen.app))
        run.finish("nan-loss", "the loss is NaN", code=1)
        await seen.until(lambda: "✘ nan-loss" in screen_text(seen.app))


async def test_the_cursor_stays_on_its_run_when_others_come_and_go(several: World) -> None:
    async with shown(several) as seen:
        await seen.press("down", "down")
        assert seen.here == "other/001-full"
        ended(several, "third", day=9)
        await seen.until(lambda: seen.keys[0] == "third/001-full")
        assert seen.here == "other/001-full"
        shutil.rmtree(several.root / "output" / "other" / "001-full")
        await seen.until(lambda: "other/001-full" not in seen.keys)
        assert seen.here in seen.keys


async def test_a_long_list_scrolls_with_its_cursor_and_with_the_wheel(world: World) -> None:
    first = ended(world, day=1)
    for number in range(2, 120):
        shutil.copytree(first.folder.path, world.model.path / f"{number:03d}-full")
    async with shown(world, (80, 24)) as seen:
        await seen.press("s")
        await seen.until(lambda: seen.keys[0] == "model_3/001-full")
        await seen.press("end")
        await seen.until(lambda: "model_3 #119" in screen_text(seen.app))
        assert "model_3 #1 " not in screen_text(seen.app)
        seen.table.scroll_to(y=0, animate=False, immediate=True)
        await seen.until(lambda: "model_3 #1 " in screen_text(seen.app))
        assert len(seen.table.in_sight) == seen.table.size.height < 24


async def test_what_lies_in_the_folders_is_never_markup_nor_escape(world: World) -> None:
    run = ended(world, reason="nan-loss", command=["python", "[/x]", "\x1b]0;EVIL\x07"])
    write_labels(run.folder, Labels(("[bold]",), "[/y] \x1b[2J"))
    (run.folder.path.parent / "002-full").mkdir()
    async with shown(world) as seen:
        await seen.until(lambda: "· incomplete" in screen_text(seen.app))
        await seen.press("end")
        await seen.until(lambda: "python [/x]" in screen_text(seen.app))
        text = screen_text(seen.app)
        assert "#[bold]" in text and "[/y]" in text
        assert "\x1b" not in text and "EVIL" not in text
        await seen.press("end", "D", "y")
        await seen.until(lambda: len(seen.keys) == 1)


async def test_an_empty_project_and_one_that_cannot_be_read(world: World) -> None:
    async with shown(world) as seen:
        await seen.until(lambda: "no run yet" in screen_text(seen.app))
        for key in ("enter", "space", "t", "n", "D", "equals_sign", "down", "end"):
            await seen.press(key)
        output = world.root / "output"
        os.rename(output, world.root / "moved")
        output.write_text("a file")
        await seen.until(lambda: "cannot be read" in screen_text(seen.app))


async def test_it_rests_while_another_place_is_in_front(several: World) -> None:
    async with shown(several) as seen:
        await seen.press("1")
        await seen.until(lambda: seen.app.screen.id == "watch")
        ended(several, "third", day=9)
        await asyncio.sleep(1.5)
        assert "third/001-full" not in seen.keys
        await seen.press("r")
        await seen.until(lambda: "third/001-full" in seen.keys)


async def test_two_dashboards_at_once(several: World) -> None:
    async with shown(several) as one:
        two = CockpitApp(several.cockpit, "runs")
        async with two.run_test(size=(100, 30)) as pilot:
            await until(pilot, lambda: "5 runs" in screen_text(two))
            await pilot.press("end", "D", "y")
            await until(pilot, lambda: "4 runs" in screen_text(two))
        await one.until(lambda: len(one.keys) == 4)


@pytest.mark.parametrize("size", [(80, 24), (64, 18), (40, 12), (20, 6), (240, 70)])
async def test_every_size_has_the_name_and_the_state(several: World, size: tuple[int, int]) -> None:
    async with shown(several, size) as seen:
        if size[0] >= 40:
            await seen.until(
                lambda: "#3 full" in screen_text(seen.app) and "■ stopped" in screen_text(seen.app)
            )
        await seen.press("down", "slash", "x", "escape", "equals_sign")


async def test_the_palette_offers_every_key(several: World) -> None:
    async with shown(several) as seen:
        offered = {command.title for command in seen.app.get_system_commands(seen.screen)}
        assert {
            "Open",
            "Filter",
            "Sort",
            "Mark",
            "Compare",
            "Tags",
            "Note",
            "Delete",
            "Undo delete",
        } <= offered


async def test_an_unreadable_history_or_a_broken_document_stops_nothing(several: World) -> None:
    runs = several.model.runs()
    runs[0].run_json.write_text("{")
    runs[1].history.write_bytes(b"\xff\x00\x01" * 1000)
    runs[2].exit_json.write_text(json.dumps({"duration_s": [1]}))
    app = CockpitApp(several.cockpit, "runs")
    async with app.run_test(size=(140, 40)) as pilot:
        await until(pilot, lambda: "incomplete" in screen_text(app))
        assert "cannot list" not in screen_text(app)
