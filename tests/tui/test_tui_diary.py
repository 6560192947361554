"""The Diary screen: what is typed is never lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import TextArea
from tui_world import World, said, screen_text, until

from trainer_tui.diary import save_entry
from trainer_tui.tui import CockpitApp
from trainer_tui.tui.desk import Desk
from trainer_tui.tui.screens.diary import DiaryScreen
from trainer_tui.tui.screens.watch import WatchScreen

pytestmark = pytest.mark.usefixtures("anyhow_dark")


def failed(world: World, entries: int = 1) -> None:
    run = world.run().begin()
    for number in range(1, entries):
        world.write_entry(number, run.folder.path.name)
    run.fail(entries)
    run.finish("nan-loss", "the loss is NaN", code=1)


async def test_the_cursor_waits_in_the_first_empty_section_and_ctrl_s_saves(world: World) -> None:
    failed(world)
    before = world.diary.read_text()
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "✘ nan-loss" in screen_text(app))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, DiaryScreen))
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
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "✘ nan-loss" in screen_text(app))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, DiaryScreen))
        await pilot.press(*"abc", "escape")
        await until(pilot, lambda: isinstance(app.screen, WatchScreen))
        assert "abc" in world.diary.read_text()


async def test_what_another_editor_wrote_meanwhile_is_kept_beside(world: World) -> None:
    failed(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "✘ nan-loss" in screen_text(app))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, DiaryScreen))
        base = app.screen.query_one(TextArea).text
        save_entry(world.diary, 1, base, base.replace("what did you try?", "theirs"))
        await pilot.press(*"ours", "ctrl+s")
        await until(pilot, lambda: "conflict copy" in world.diary.read_text())
        assert "theirs" in world.diary.read_text()
        await until(pilot, lambda: "changed elsewhere" in said(app))
        await pilot.press(*"more", "ctrl+s")
        await until(pilot, lambda: "oursmore" in world.diary.read_text())
        assert world.diary.read_text().count("conflict copy)") == 1


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


async def test_without_an_entry_the_diary_says_so(world: World) -> None:
    world.run().begin()
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: app.picture is not None)
        await pilot.press("e")
        await until(pilot, lambda: "no entry yet" in said(app))


async def test_an_entry_with_windows_line_endings_is_unchanged_until_it_is_changed(world: World) -> None:
    failed(world)
    world.diary.write_bytes(world.diary.read_bytes().replace(b"\n", b"\r\n"))
    before = world.diary.read_bytes()
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "✘ nan-loss" in screen_text(app))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, DiaryScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, WatchScreen))
        assert world.diary.read_bytes() == before
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, DiaryScreen))
        await pilot.press("x", "ctrl+s")
        await until(pilot, lambda: world.diary.read_bytes() != before)
        assert world.diary.read_bytes().count(b"\n") == world.diary.read_bytes().count(b"\r\n")


def test_what_the_diary_refuses_at_the_end_goes_into_a_file(tmp_path: Path, world: World) -> None:
    world.write_entry(1, "001-full")
    desk = Desk(world.diary)
    sheet = desk.open(1)
    assert sheet is not None
    sheet.text += "what only I know\n"
    world.diary.unlink()
    world.diary.mkdir()
    (file,) = desk.rescue()
    assert file.read_text().endswith("what only I know\n")
    file.unlink()


async def test_quitting_with_unsaved_text_saves_it(world: World) -> None:
    failed(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "✘ nan-loss" in screen_text(app))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, DiaryScreen))
        await pilot.press(*"almost lost", "ctrl+q")
    assert app.desk.rescue() == []
    assert "almost lost" in world.diary.read_text()


async def test_what_the_supervisor_adds_is_shown_while_nothing_is_changed(world: World) -> None:
    failed(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "✘ nan-loss" in screen_text(app))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, DiaryScreen))
        text = world.diary.read_text()
        world.diary.write_text(text.replace("<!-- what did you try? -->", "**Test 1**: lr 0.01"))
        await until(pilot, lambda: "**Test 1**: lr 0.01" in screen_text(app))
        await pilot.press(*"mine", "ctrl+s")
        await until(pilot, lambda: "mine" in world.diary.read_text())
        assert "conflict" not in world.diary.read_text()
        assert "**Test 1**: lr 0.01" in world.diary.read_text()
