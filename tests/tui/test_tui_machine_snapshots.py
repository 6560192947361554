"""How the Machine screen looks at a frozen moment. After an intended change: `pytest --snapshot-update`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from tui_world import GIB, SIZES, World, hushed, screen_text, until

from trainer_tui.tui import CockpitApp
from trainer_tui.tui.machine.sampler import Present, PresentSampler
from trainer_tui.tui.machine.tree import Process

pytestmark = pytest.mark.usefixtures("frozen")


def _family() -> tuple[Process, ...]:
    """A training process with its loaders, and one that hangs in the kernel."""
    python = "python train.py --epochs 90 --data /data/imagenet [/x]"
    loaders = [
        Process(4200 + n, 4101, f"pt_data_worker {n}", 88.0 - n, 900 << 20, 3, "runs" if n else "waits")
        for n in range(4)
    ]
    return (
        Process(4101, 1, python, 101.5, 6 << 30, 42, "runs"),
        *loaders,
        Process(4300, 4203, "ffmpeg -i x.mp4", 12.0, 80 << 20, 2, "sleeps"),
    )


@pytest.fixture
def ended(world: World, frozen: None, monkeypatch: pytest.MonkeyPatch) -> World:
    """A run of two hours with two GPUs; its processes are made up: a picture must not depend on this host."""
    cores = tuple(100 * abs(math.sin(n)) for n in range(16))

    def look(self: PresentSampler, run: Any, now: float) -> Present:
        return Present(run, cores, _family(), 6, host_ram=64 * GIB)

    monkeypatch.setattr(PresentSampler, "_look", look)
    run = world.run("full")
    for second in range(0, 7200, 5):
        load = 70 + 20 * math.sin(second / 400)
        # For ten minutes nobody looked.
        if not 5000 < second < 5600:
            run.sample(float(second), gpus=2, cpu_percent=load, gpu1_temp=88 + math.sin(second / 60))
    run.finish("passed", "exit 0", duration=7200.0)
    return world


async def complete(pilot: Pilot[Any]) -> None:
    """Wait until every pane has its content."""
    app = pilot.app
    await until(pilot, lambda: "✔ passed" in screen_text(app))
    await pilot.press("M")
    await until(pilot, lambda: "of its cgroup" in screen_text(app) and "train.py" in screen_text(app), 20)
    await until(pilot, lambda: any("⠀" < character <= "⣿" for character in screen_text(app)))
    screen = app.screen
    await until(
        pilot, lambda: screen._charts.cells == (screen._picture.wish.width, screen._picture.wish.height)
    )
    await hushed(pilot)


@SIZES
def test_dark(ended: World, snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    assert snap_compare(CockpitApp(ended.cockpit), terminal_size=size, run_before=complete)


@pytest.mark.usefixtures("light")
def test_light(ended: World, snap_compare: Callable[..., bool]) -> None:
    assert snap_compare(CockpitApp(ended.cockpit), terminal_size=(120, 36), run_before=complete)


def test_high_contrast(
    ended: World, snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTUAL_THEME", "trainer-contrast")
    assert snap_compare(CockpitApp(ended.cockpit), terminal_size=(120, 36), run_before=complete)


async def with_help(pilot: Pilot[Any]) -> None:
    """The help over it."""
    await complete(pilot)
    await pilot.press("question_mark")
    await until(pilot, lambda: "esc or ? closes" in screen_text(pilot.app))
    # The screen below is drawn a moment later.
    await until(pilot, lambda: "model_3" in pilot.app.export_screenshot())


@SIZES
def test_help(ended: World, snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    assert snap_compare(CockpitApp(ended.cockpit), terminal_size=size, run_before=with_help)
