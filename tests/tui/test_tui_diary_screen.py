"""The Diary screen: the list, the sections, the evidence, and what leaves the entry for a while."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Markdown
from tui_world import World, said, screen_text, until

from trainer_tui.diary import append_to_section, edit_entry, read
from trainer_tui.tui import CockpitApp
from trainer_tui.tui.screens.dialogs import Confirm
from trainer_tui.tui.screens.diary import DiaryScreen
from trainer_tui.tui.screens.help import HelpScreen
from trainer_tui.tui.screens.preview import PreviewScreen
from trainer_tui.tui.screens.watch import WatchScreen
from trainer_tui.tui.widgets.entry_list import EntryList

pytestmark = pytest.mark.usefixtures("anyhow_dark")

WIDE, NARROW = (160, 48), (80, 24)


def failed(world: World, entries: int = 1) -> None:
    run = world.run().begin()
    run.history(130, nan_from=120)
    for number in range(1, entries):
        world.write_entry(number, run.folder.path.name)
    run.fail(entries)
    run.finish("nan-loss", "the loss is NaN", code=1)


async def opened(pilot: Pilot[Any], entry: int) -> DiaryScreen:
    app = pilot.app
    await until(pilot, lambda: "✘ nan-loss" in screen_text(app))
    await pilot.press("e")
    await until(pilot, lambda: isinstance(app.screen, DiaryScreen) and f"entry #{entry}" in screen_text(app))
    screen = app.screen
    assert isinstance(screen, DiaryScreen)
    await until(pilot, lambda: screen.query_one(EntryList).rows)
    return screen


def title(app: CockpitApp) -> str:
    return screen_text(app).split("\n")[1]


async def test_the_list_opens_an_entry_by_enter_and_by_a_click(world: World) -> None:
    failed(world, entries=3)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=WIDE) as pilot:
        screen = await opened(pilot, 3)
        await pilot.press(*"unsaved", "f4", "j", "enter")
        await until(pilot, lambda: "entry #2" in title(app))
        assert "unsaved" in world.diary.read_text(), "turning the page saves"
        assert screen.editor.has_focus
        await pilot.click(EntryList, offset=(4, 5))
        await until(pilot, lambda: "entry #1" in title(app))
        await pilot.press("f4", "home", "k", "enter")
        await until(pilot, lambda: "entry #3" in title(app))
        await pilot.press("f4", "end", "pageup", "pagedown", "escape")
        assert screen.editor.has_focus


async def test_the_list_is_filtered_while_somebody_types(world: World) -> None:
    failed(world, entries=3)
    edit_entry(world.diary, 2, lambda text: text.replace("OPEN", "✅ RESOLVED"))
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=WIDE) as pilot:
        screen = await opened(pilot, 3)
        entries = screen.query_one(EntryList)
        await pilot.press("f4", "slash", *"status:res")
        await until(pilot, lambda: [row.number for row in entries.rows] == [2])
        assert "1 of 3" in str(entries.border_title)
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "entry #2" in title(app))
        await pilot.press("f4", "escape")
        await until(pilot, lambda: len(entries.rows) == 3)
        assert screen.query_one(Input).value == ""
        await pilot.press("slash", *"zebra")
        await until(pilot, lambda: "no entry is like that" in screen_text(app))
        await pilot.press("down")
        assert entries.has_focus


async def test_a_narrow_screen_shows_one_thing_above_the_entry(world: World) -> None:
    failed(world, entries=2)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=NARROW) as pilot:
        await opened(pilot, 2)
        assert "Entries" not in screen_text(app) and "What is known" not in screen_text(app)
        await pilot.press("f5")
        await until(pilot, lambda: "NaN detected in loss" in screen_text(app))
        await pilot.press("f4")
        await until(pilot, lambda: "Entries ─ 2" in screen_text(app))
        assert "What is known" not in screen_text(app)
        await pilot.press("down", "enter")
        await until(pilot, lambda: "entry #1" in title(app) and "Entries" not in screen_text(app))
        await pilot.press("f4", "f4")
        await until(pilot, lambda: "Entries" not in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, WatchScreen))


async def test_a_wide_screen_can_hide_them(world: World) -> None:
    failed(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot, 1)
        await until(pilot, lambda: "What is known" in screen_text(app))
        await pilot.press("f5")
        await until(pilot, lambda: "What is known" not in screen_text(app))
        await pilot.press("f4", "f4")
        await until(pilot, lambda: "Entries" not in screen_text(app))
        await pilot.press("f4", "f5")
        await until(pilot, lambda: "Entries" in screen_text(app) and "What is known" in screen_text(app))


async def test_what_is_known_is_beside_the_entry(world: World) -> None:
    failed(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot, 1)
        for text in ("Likely causes", "learning rate is too high", "val_loss", "train.py:88 in step"):
            await until(pilot, lambda text=text: text in screen_text(app))
        assert any(0x2800 < ord(sign) < 0x2900 for sign in screen_text(app))


async def test_an_entry_without_its_run_says_so(world: World) -> None:
    failed(world, entries=2)
    edit_entry(world.diary, 1, lambda text: text.replace("001-full", "099-full"))
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot, 2)
        await pilot.press("f2")
        await until(pilot, lambda: "model_3/099-full is not here" in " ".join(screen_text(app).split()))


async def test_from_section_to_section_and_a_template(world: World) -> None:
    failed(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=WIDE) as pilot:
        screen = await opened(pilot, 1)
        await until(pilot, lambda: "The Investigation (2 of 5)" in title(app))
        await pilot.press("alt+down", "ctrl+down")
        await until(pilot, lambda: "The Why (Physical Interpretation) (4 of 5)" in title(app))
        before = screen.editor.text
        await pilot.press("ctrl+t")
        await until(pilot, lambda: "**Root Cause**:" in screen.editor.text)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: "template is in it already" in said(app))
        await pilot.press("ctrl+z")
        await until(pilot, lambda: screen.editor.text == before)
        await pilot.press("alt+up", "ctrl+up", "alt+up")
        await until(pilot, lambda: "The Struggle (1 of 5)" in title(app))
        await pilot.press("ctrl+t")
        await until(pilot, lambda: "says something already" in said(app))


async def test_advice_follows_what_is_written(world: World) -> None:
    failed(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=WIDE) as pilot:
        screen = await opened(pilot, 1)
        await until(pilot, lambda: "The Investigation is empty" in screen_text(app))
        await pilot.press("f8")
        await until(pilot, lambda: "The Fix is empty" in screen_text(app))
        line = screen.editor.cursor_location[0]
        assert screen.editor.document.get_line(line) == "### The Fix"
        await pilot.press("down", "down", "end", "enter", *"clipped the gradients", "alt+up")
        await until(pilot, lambda: "The Fix is empty" not in screen_text(app))


async def test_the_preview_and_the_help_close_again(world: World) -> None:
    failed(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=NARROW) as pilot:
        screen = await opened(pilot, 1)
        await pilot.press("f9")
        await until(pilot, lambda: isinstance(app.screen, PreviewScreen))
        assert "What Happened" in app.screen.query_one(Markdown).source
        await pilot.press("f9")
        await until(pilot, lambda: app.screen is screen)
        await pilot.press("f1")
        await until(
            pilot, lambda: isinstance(app.screen, HelpScreen) and "questions into" in screen_text(app)
        )
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)


@contextmanager
def given_away() -> Iterator[None]:
    """A terminal that can be given to another program; the one of the tests cannot."""
    yield


@pytest.mark.parametrize(
    ("body", "told"),
    [('printf "from outside\\n" >> "$1"', ""), ("exit 4", "exit code 4"), (None, "cannot be used")],
)
async def test_the_editor_of_the_user(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str | None, told: str
) -> None:
    failed(world)
    path = tmp_path / "editor"
    if body is not None:
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", str(path))
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=WIDE) as pilot:
        screen = await opened(pilot, 1)
        before = screen.editor.text
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "cannot be given to another" in said(app))
        monkeypatch.setattr(app, "suspend", given_away)
        await pilot.press("ctrl+o")
        if told:
            await until(pilot, lambda: told in said(app))
            assert screen.editor.text == before
        else:
            await until(pilot, lambda: "unsaved changes" in title(app))
            await pilot.press("ctrl+s")
            await until(pilot, lambda: "from outside" in world.diary.read_text())


async def test_a_proposed_fix_is_accepted_after_a_question(world: World) -> None:
    failed(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=WIDE) as pilot:
        screen = await opened(pilot, 1)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "The Fix says nothing yet" in said(app))
        proposal = (
            "<!-- fix-proposed: model_3/002-full -->\n**Proposed Fix** (from model_3/002-full):\n- lr 0.01"
        )
        edit_entry(world.diary, 1, lambda text: append_to_section(text, "fix", proposal))
        await until(pilot, lambda: "Proposed Fix" in screen.editor.text)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("n")
        await until(pilot, lambda: app.screen is screen)
        assert "RESOLVED" not in world.diary.read_text()
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: "RESOLVED" in screen.editor.text)
        assert "What I Did" in screen.editor.text and "fix-accepted" in world.diary.read_text()
        await until(pilot, lambda: "saved" in title(app) and "unsaved" not in title(app))


async def test_a_fix_that_a_person_wrote_is_resolved_too(world: World) -> None:
    failed(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot, 1)
        await pilot.press("alt+down", "down", "down", "end", "enter", *"clipped", "ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: "**Status**: ✅ RESOLVED" in world.diary.read_text())
        assert "clipped" in world.diary.read_text()


async def test_what_is_written_outside_joins_what_is_typed_here_and_the_cursor_stays(world: World) -> None:
    failed(world)
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=WIDE) as pilot:
        screen = await opened(pilot, 1)
        await pilot.press(*"mine")
        edit_entry(
            world.diary, 1, lambda text: text.replace("NaN at epoch 50", "NaN at epoch 50\nand before")
        )
        edit_entry(world.diary, 1, lambda text: text.replace("what did you change?", "clipped"))
        await until(pilot, lambda: "and before" in screen.editor.text and "clipped" in screen.editor.text)
        assert "both changes are here" in title(app)
        await pilot.press(*"more")
        await until(pilot, lambda: "minemore" in screen.editor.text)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "minemore" in world.diary.read_text())
        assert "conflict" not in world.diary.read_text()
        assert "and before" in world.diary.read_text()


async def test_odd_separators_survive_an_edit(world: World) -> None:
    failed(world)
    text = world.diary.read_text().replace("NaN at epoch 50", "NaN\x0cat\u2028epoch 50")
    world.diary.write_text(text, newline="")
    app = CockpitApp(world.cockpit)
    async with app.run_test(size=WIDE) as pilot:
        screen = await opened(pilot, 1)
        assert not screen.sheet.changed
        await pilot.press(*"mine", "ctrl+s")
        await until(pilot, lambda: "mine" in world.diary.read_text())
        assert "NaN\x0cat\u2028epoch 50" in read(world.diary).text
