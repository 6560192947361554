"""How the Diary looks at a frozen moment. After an intended change: `pytest --snapshot-update`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from tui_world import SIZES, World, hushed, screen_text, until

from trainer_tui.diary import EntryFacts, open_entry, save_entry
from trainer_tui.diary.store import read
from trainer_tui.runs.incident import Incident
from trainer_tui.tui import CockpitApp
from trainer_tui.tui.widgets.entry_editor import EntryEditor

pytestmark = pytest.mark.usefixtures("frozen")

WHEN = "2026-01-25 14:30"
OLDER = (
    ("cpu-oom", "killed: the kernel's oom_kill counter rose", "✅ RESOLVED"),
    ("exception", "KeyError: 'target'", "✅ RESOLVED"),
    ("hang", "no line and no CPU time for 20 min", "OPEN"),
)


@pytest.fixture
def notebook(world: World, frozen: None) -> World:
    """Four entries, the newest about a run that is there."""
    for number, (kind, message, status) in enumerate(OLDER, 1):
        incident = Incident(f"log:{number}", "error", kind, message, fate="confirmed")
        run = f"model_{number}/00{number}-full"
        open_entry(world.diary, EntryFacts(WHEN, "Phase 5B", f"model_{number}", run, "anna", incident))
        text = read(world.diary).entries[-1].text
        save_entry(world.diary, number, text, text.replace("**Status**: OPEN", f"**Status**: {status}"))
    run = world.run("full")
    run.history(130, nan_from=122)
    incident = Incident(
        "log:7",
        "error",
        "nan-loss",
        "RuntimeError: NaN detected in loss computation",
        fate="confirmed",
        line=1081,
        excerpt='Traceback (most recent call last):\n  File "train.py", line 88, in step\n'
        "RuntimeError: NaN detected in loss computation",
        frames=("train.py:120 in main", "train.py:88 in step"),
        hypotheses=("The learning rate is too high for the gradients' scale.",),
        facts={"row": 118},
    )
    run.events.append("incident", incident=incident.to_dict())
    rows = [{"epoch": 118, "train_loss": 0.71, "val_loss": 0.83}]
    facts = EntryFacts(WHEN, "Phase 5B", "model_3", run.folder.name, "anna", incident, last_metrics=rows)
    run.events.append("diary", entry=open_entry(world.diary, facts), incident=incident.id)
    run.finish("nan-loss", "train_loss is NaN since epoch 122", duration=6130.0)
    return world


def shows(*keys: str, sees: tuple[str, ...]) -> Callable[[Pilot[Any]], Any]:
    """Open the diary, press keys, wait for texts."""

    async def run(pilot: Pilot[Any]) -> None:
        app = pilot.app
        await until(pilot, lambda: "✘ nan-loss" in screen_text(app))
        await pilot.press("e")
        await until(pilot, lambda: "entry #4" in screen_text(app) and "f8: next" in screen_text(app))
        editor = app.screen.query_one(EntryEditor)
        await until(pilot, lambda: editor.has_focus)
        # From here on the cursor is there; the library may remember its line from when it was not.
        editor.cursor_blink = False
        editor._draw_anew()
        for key in keys:
            await pilot.press(key)
        await until(pilot, lambda: all(text in screen_text(app) for text in sees), 20)
        await hushed(pilot)

    return run


ROOMY = shows(sees=("Entries ─ 4", "Likely causes", "▲", "The Investigation is empty"))
NARROW = shows(sees=("The Investigation is empty",))
LISTED = shows("f4", sees=("Entries ─ 4", "The Investigation is empty", "KeyError"))
KNOWN = shows("f5", sees=("val_loss", "The Investigation is empty"))


@SIZES
def test_dark(notebook: World, snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    before = NARROW if size[0] < 112 else ROOMY
    assert snap_compare(CockpitApp(notebook.cockpit), terminal_size=size, run_before=before)


@pytest.mark.parametrize("before", [LISTED, KNOWN], ids=["list", "evidence"])
def test_narrow(notebook: World, snap_compare: Callable[..., bool], before: Callable[..., Any]) -> None:
    assert snap_compare(CockpitApp(notebook.cockpit), terminal_size=(80, 24), run_before=before)


@pytest.mark.usefixtures("light")
def test_light(notebook: World, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(CockpitApp(notebook.cockpit), terminal_size=(160, 48), run_before=ROOMY)
