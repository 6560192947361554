"""Every place of the dashboard with hostile texts: no control character and no override is drawn."""

from __future__ import annotations

from typing import Any

from hostile_world import EVIL, unwanted
from textual.app import App
from textual.pilot import Pilot
from tui_world import screen_text, until

from trainer_tui.runs.occasions import Occasion
from trainer_tui.tui import Cockpit, CockpitApp
from trainer_tui.tui.calling import sequences
from trainer_tui.tui.places import PLACES

MEETS = {"log": "epoch 1", "curves": "train_loss", "runs": "2 runs", "history": "train_loss"}
"""What has to stand on a screen before it counts as looked at."""


def drawn(app: App[Any]) -> list[str]:
    return unwanted(screen_text(app).replace("\n", ""))


async def looked_at(pilot: Pilot[Any], faults: dict[str, list[str]], where: str) -> None:
    await pilot.pause(0.05)
    faults |= {where: found[:3]} if (found := drawn(pilot.app)) else {}


async def test_no_screen_draws_what_a_terminal_would_obey(hostile):
    evil = EVIL.replace("/", "|").replace("\x00", "")[:80]
    (hostile.output / "model_3").rename(hostile.output / f"a{evil}")
    (hostile.logs / "model_3").rename(hostile.logs / f"a{evil}")
    model = hostile.model(f"a{evil}")
    app = CockpitApp(Cockpit(model, hostile.output / "dev_diary.md", EVIL, lambda: None, lambda: None))
    faults: dict[str, list[str]] = {}
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: "exception" in screen_text(app) or "gone" in screen_text(app))
        for place in PLACES:
            await pilot.press(place.keys.rpartition(",")[2])
            await until(pilot, lambda place=place: app.current_mode == place.name)
            await until(pilot, lambda place=place: MEETS.get(place.name, "") in screen_text(app))
            await looked_at(pilot, faults, place.name)
            for key in ("j", "enter", "escape"):
                await pilot.press(key)
                await looked_at(pilot, faults, f"{place.name} {key}")
        for key in ("d", "enter", "escape"):
            await pilot.press(key)
            await looked_at(pilot, faults, f"diary {key}")
        app.notify(EVIL, title=EVIL, markup=False)
        await until(pilot, lambda: "gone" in screen_text(app))
        await looked_at(pilot, faults, "notification")
    assert not faults


def test_the_terminal_is_told_clean_words():
    told = Occasion(kind="failed", title=EVIL, text=EVIL + ";more", run=EVIL, bad=True)
    for environment in ({}, {"TERM_PROGRAM": "WezTerm"}, {"TERM_PROGRAM": "iTerm.app"}):
        for one in sequences(told, environment).removesuffix("\x07").split("\x07"):
            assert one.startswith(("\x1b]9;", "\x1b]777;notify;"))
            assert unwanted(one[2:]) == [] and one.count(";") == (1 if one.startswith("\x1b]9") else 3)
