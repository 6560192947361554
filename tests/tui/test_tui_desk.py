"""Saving what was typed: with others at the file, and when nothing can be written."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

import pytest
from tui_world import World

from trainer_tui.diary import EntryFacts, open_entry
from trainer_tui.diary.files import locked
from trainer_tui.tui.desk import Desk, Sheet


def test_a_supervisor_waits_for_the_lock_a_moment_and_a_person_longer(world: World) -> None:
    world.write_entry(1, "001-full")
    desk = Desk(world.diary)
    sheet = desk.open(1)
    assert sheet is not None
    sheet.text += "mine\n"
    with locked(world.diary.parent):
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            open_entry(world.diary, EntryFacts("now", "full", "model_3", "model_3/001-full", "ada"))
        assert time.monotonic() - began < 2.0
    holding, waited = threading.Event(), threading.Event()

    def hold() -> None:
        with locked(world.diary.parent):
            holding.set()
            waited.wait(0.7)

    holder = threading.Thread(target=hold)
    holder.start()
    assert holding.wait(5)
    desk.save(sheet)
    holder.join()
    assert "mine" in world.diary.read_text()


def test_rescue_goes_on_after_an_entry_that_nobody_expected_to_fail(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        world.write_entry(number, "001-full")
    desk = Desk(world.diary)
    sheets = [desk.open(1), desk.open(2)]
    for sheet in sheets:
        assert sheet is not None
        sheet.text += f"mine {sheet.number}\n"
    really = desk.save

    def save(sheet: Sheet, patience_s: float = 1.0) -> str:
        if sheet.number == 1:
            raise RuntimeError("a bug")
        return really(sheet, patience_s)

    monkeypatch.setattr(desk, "save", save)
    monkeypatch.setattr(tempfile, "tempdir", str(world.root / "there-is-no-such-folder"))
    (kept,) = desk.rescue()
    assert "mine 1" in kept.read_text()
    assert "mine 2" in world.diary.read_text()


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
