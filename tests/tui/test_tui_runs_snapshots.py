"""How the Runs screen and a comparison look, frozen. After an intended change: `pytest --snapshot-update`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from tui_world import SIZES, FakeRun, World, screen_text, until

from trainer_tui.runs.catalog.labels import Labels, write_labels
from trainer_tui.runs.files import read_json, replace_json
from trainer_tui.runs.layout import ModelFolder
from trainer_tui.tui import CockpitApp

pytestmark = pytest.mark.usefixtures("frozen")

ENDS = (
    ("model_3", "quick", "passed", "exit 0 and every gate passed", 131.0),
    ("model_3", "full", "nan-loss", "train_loss is nan at epoch 25 and stayed so", 2710.0),
    (
        "resnet50_distilled_from_a_large_teacher",
        "full",
        "cuda-oom",
        "CUDA out of memory. Tried 2.00 GiB",
        95.0,
    ),
    ("baseline", "full", "stopped-by-user", "stopped by anna: the wrong data [/x]", 5400.0),
    ("model_3", "full", "passed", "exit 0 and every gate passed", 11_700.0),
    ("baseline", "quick", "gate-failed", "1 of 3 gates failed: converged", 610.0),
)


def made(world: World, day: int, model: str, phase: str, reason: str, sentence: str, took: float) -> FakeRun:
    """One run that ended."""
    world.model = ModelFolder(world.root / "output" / model, world.root / "logs" / model)
    run = world.run(phase)
    run.history(40 + 20 * day, nan_from=25 if reason == "nan-loss" else None)
    run.events.append("started", pid=1, at=f"2026-01-{day + 19}T0{day}:30:00.000Z")
    document = read_json(run.folder.run_json) or {}
    document |= {
        "created": f"2026-01-{day + 19}T0{day}:30:00.000Z",
        "command": ["python", f"models/{model}.py"],
    }
    document["plan"] |= {"seed": day, "root": "/project"}
    replace_json(run.folder.run_json, document, fsync=False)
    run.folder.source.mkdir()
    (run.folder.source / "model.py").write_text(
        f"import torch\n\nRATE = {day / 100}\n\n\ndef train():\n    return {day}\n"
    )
    run.finish(reason, sentence, code=int(reason != "passed"), duration=took)
    world.model = ModelFolder(world.root / "output" / "model_3", world.root / "logs" / "model_3")
    return run


@pytest.fixture
def project(world: World, frozen: None) -> World:
    """Runs of three models."""
    runs = [made(world, day, *end) for day, end in enumerate(ENDS, 1)]
    write_labels(runs[4].folder, Labels(("paper", "best"), "the one in the talk"))
    write_labels(runs[1].folder, Labels(("lr",)))
    return world


def listed(*keys: str, then: str = "") -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Wait until every run is read, press the keys, and wait for a text."""

    async def run_before(pilot: Pilot[Any]) -> None:
        app = pilot.app
        await until(pilot, lambda: "6 runs" in screen_text(app) and "✔ passed" in screen_text(app))
        table = app._places["runs"]._table
        await until(pilot, lambda: all(run.spark for run in table.picture.rows))
        await until(pilot, lambda: "✔ passed  3:15:00" in screen_text(app))  # the run that is watched
        app.clear_notifications()
        await until(pilot, lambda: "This is how it ended" not in screen_text(app))
        for key in keys:
            await pilot.press(key)
        await until(pilot, lambda: then in screen_text(app))

    return run_before


@SIZES
def test_the_list(project: World, snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    before = listed("down", "space")
    assert snap_compare(CockpitApp(project.cockpit, "runs"), terminal_size=size, run_before=before)


@pytest.mark.usefixtures("light")
def test_the_list_in_light(project: World, snap_compare: Callable[..., bool]) -> None:
    app = CockpitApp(project.cockpit, "runs")
    assert snap_compare(app, terminal_size=(160, 48), run_before=listed("down"))


def test_the_list_filtered(project: World, snap_compare: Callable[..., bool]) -> None:
    before = listed("slash", *"status:failed -oom", then="2 of 6")
    assert snap_compare(CockpitApp(project.cockpit, "runs"), terminal_size=(120, 36), run_before=before)


@SIZES
def test_a_comparison(project: World, snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    before = listed("down", "space", "end", "up", "equals_sign", then="── Result")
    assert snap_compare(CockpitApp(project.cockpit, "runs"), terminal_size=size, run_before=before)


def test_a_question_before_deleting(project: World, snap_compare: Callable[..., bool]) -> None:
    before = listed("down", "D", then="Delete this run?")
    assert snap_compare(CockpitApp(project.cockpit, "runs"), terminal_size=(80, 24), run_before=before)
