"""The Diary screen: what is typed is never lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import TextArea
from tui_world import World, said, screen_text, until

from trainer_tui.diary import complete, entries_for_run, read, save_entry, store
from trainer_tui.tui import CockpitApp
from trainer_tui.tui.screens.diary import DiaryScreen
from trainer_tui.tui.screens.watch import WatchScreen

pytestmark = pytest.mark.usefixtures("anyhow_dark")


def failed(world: World, entries: int = 1) -> None:
    run = world.run().begin()
    for number in range(1, entries):
        world.write_entry(number, run.folder.path.name)
    run.fail(entries)
    run.finish("nan-loss", "the loss is NaN", code=1)


@asynccontextmanager
async def in_the_diary(world: World) -> AsyncIterator[tuple[CockpitApp, Pilot[Any]]]:
    """The app, with the entry of the run's failure in front."""
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "✘ nan-loss" in screen_text(app))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, DiaryScreen))
        yield app, pilot


async def test_the_cursor_waits_in_the_first_empty_section_and_ctrl_s_saves(world: World) -> None:
    failed(world)
    before = world.diary.read_text()
    async with in_the_diary(world) as (app, pilot):
        await pilot.press(*"clip gradients")
        await until(pilot, lambda: "unsaved changes" in screen_text(app))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "clip gradients" in world.diary.read_text())
        expected = before.replace(
            "<!-- what did you try? -->\n\n", "<!-- what did you try? -->\nclip gradients\n"
        )
        assert world.diary.read_text() == expected
        assert isinstance(app.screen, DiaryScreen)


async def test_escape_saves_and_returns(world: World) -> None:
    failed(world)
    async with in_the_diary(world) as (app, pilot):
        await pilot.press(*"abc", "escape")
        await until(pilot, lambda: isinstance(app.screen, WatchScreen))
        assert "abc" in world.diary.read_text()


async def test_what_another_editor_wrote_meanwhile_is_kept_beside(world: World) -> None:
    failed(world)
    async with in_the_diary(world) as (app, pilot):
        base = app.screen.query_one(TextArea).text
        await pilot.press(*"ours")
        save_entry(world.diary, 1, base, base.replace("did you try? -->", "did you try? -->\ntheirs"))
        await until(pilot, lambda: "saving keeps both versions" in screen_text(app))
        assert "theirs" not in app.screen.query_one(TextArea).text, "nobody types into what moves"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "conflict:" in world.diary.read_text())
        assert "theirs" in world.diary.read_text()
        await until(pilot, lambda: "holds both versions of The Investigation" in said(app))
        await until(pilot, lambda: "theirs" in app.screen.query_one(TextArea).text)
        await pilot.press(*"more", "ctrl+s")
        await until(pilot, lambda: "more" in world.diary.read_text())
        assert "ours" in world.diary.read_text() and "theirs" in world.diary.read_text()
        assert world.diary.read_text().count("conflict: end") == 1


async def test_a_diary_that_cannot_be_written_costs_no_text(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed(world)
    app = CockpitApp(world.cockpit)
    text = world.diary.read_text()
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "✘ nan-loss" in screen_text(app))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, DiaryScreen))
        await pilot.press(*"kept")
        world.diary.unlink()
        world.diary.mkdir()  # whoever runs the tests, nobody can write text into a folder
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, WatchScreen))
        await until(pilot, lambda: "not saved" in said(app))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, DiaryScreen) and "kept" in screen_text(app))
        world.diary.rmdir()
        world.diary.write_text(text)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "kept" in world.diary.read_text())


async def test_f2_and_f3_turn_the_pages(world: World) -> None:
    failed(world, entries=3)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "✘ nan-loss" in screen_text(app))
        await pilot.press("e")
        await until(pilot, lambda: "entry #3" in screen_text(app))
        await pilot.press("f2")
        await until(pilot, lambda: "entry #2" in screen_text(app))
        await pilot.press("f3")
        await until(pilot, lambda: "entry #3" in screen_text(app))


async def test_without_a_run_or_an_entry_the_diary_says_so(world: World) -> None:
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "waits for the first run" in screen_text(app))
        await pilot.press("e")
        await until(pilot, lambda: "no entry yet" in said(app))


async def test_e_on_a_run_that_passed_opens_a_note_with_its_numbers(world: World) -> None:
    world.write_entry(1, "000-full")
    run = world.run().begin()
    run.history(30)
    run.finish("passed", "exit 0", duration=131.0)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "✔ passed" in screen_text(app))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, DiaryScreen) and "entry #2" in screen_text(app))
        (note,) = entries_for_run(read(world.diary), "model_3/001-full")
        assert "passed in 2 min 11 s" in note.text.replace("2:11", "2 min 11 s")
        assert "| 30 " in note.text
        assert "PASSED" in note.text
        assert [p.text for p in complete(note)] == ["entry #2: The Why (Physical Interpretation) is empty"]
        await pilot.press(*"enough data", "escape")
        await until(pilot, lambda: isinstance(app.screen, WatchScreen))
        (note,) = entries_for_run(read(world.diary), "model_3/001-full")
        assert complete(note) == []
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, DiaryScreen) and "enough data" in screen_text(app))
        assert len(read(world.diary).entries) == 2


async def test_a_note_on_a_run_that_goes_on_does_not_say_that_it_passed(world: World) -> None:
    world.supervise()
    world.run().begin()
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "● running" in screen_text(app))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, DiaryScreen))
        text = world.diary.read_text()
        assert "is running" in text
        assert "passed" not in text.lower()


async def test_the_diary_is_never_read_by_the_thread_of_the_screen(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers: list[threading.Thread] = []
    really = store.read_bytes

    def watched(path: Path) -> bytes | None:
        readers.append(threading.current_thread())
        return really(path)

    monkeypatch.setattr(store, "read_bytes", watched)
    failed(world, entries=2)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "✘ nan-loss" in screen_text(app))
        await pilot.press("e")
        await until(pilot, lambda: "entry #2" in screen_text(app))
        await pilot.press("f2")
        await until(pilot, lambda: "entry #1" in screen_text(app))
        world.diary.write_text(world.diary.read_text().replace("<!-- what did you try? -->", "theirs"))
        await until(pilot, lambda: "theirs" in screen_text(app))
    assert len(readers) >= 3
    assert threading.main_thread() not in readers


async def test_an_entry_with_windows_line_endings_is_unchanged_until_it_is_changed(world: World) -> None:
    failed(world)
    world.diary.write_bytes(world.diary.read_bytes().replace(b"\n", b"\r\n"))
    before = world.diary.read_bytes()
    async with in_the_diary(world) as (app, pilot):
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, WatchScreen))
        assert world.diary.read_bytes() == before
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, DiaryScreen))
        await pilot.press("x", "ctrl+s")
        await until(pilot, lambda: world.diary.read_bytes() != before)
        assert world.diary.read_bytes().count(b"\n") == world.diary.read_bytes().count(b"\r\n")


async def test_quitting_with_unsaved_text_saves_it(world: World) -> None:
    failed(world)
    async with in_the_diary(world) as (app, pilot):
        await pilot.press(*"almost lost", "ctrl+q")
    assert app.desk.rescue() == []
    assert "almost lost" in world.diary.read_text()


async def test_what_the_supervisor_adds_is_shown_while_nothing_is_changed(world: World) -> None:
    failed(world)
    async with in_the_diary(world) as (app, pilot):
        text = world.diary.read_text()
        world.diary.write_text(text.replace("<!-- what did you try? -->", "**Test 1**: lr 0.01"))
        await until(pilot, lambda: "**Test 1**: lr 0.01" in screen_text(app))
        await pilot.press(*"mine", "ctrl+s")
        await until(pilot, lambda: "mine" in world.diary.read_text())
        assert "conflict" not in world.diary.read_text()
        assert "**Test 1**: lr 0.01" in world.diary.read_text()


@pytest.mark.parametrize("steps", range(4))
async def test_leaving_while_an_entry_is_being_opened_is_no_error(world: World, steps: int) -> None:
    failed(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: app.picture is not None)
        app.pages.open(1)
        while not isinstance(app.screen, DiaryScreen):
            await asyncio.sleep(0)
        for _ in range(steps):
            await asyncio.sleep(0)
        app.exit()
    assert app.return_code == 0
