"""The pictures of the README, made by the app itself from real runs: `make picture`.

Two runs are watched in a throw-away copy of the project: model_3 to beyond the middle of its full phase, and
diverges until its diary entry is open.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from trainer_tui.cli.plans import open_site, plan_for_model
from trainer_tui.runs.control import ask
from trainer_tui.runs.follow import WatchFollower
from trainer_tui.supervise import start
from trainer_tui.tui.app import CockpitApp
from trainer_tui.tui.cockpit import Cockpit

HERE = Path(__file__).resolve().parents[1]
SIZE = (160, 48)


async def until(condition: Callable[[], object], timeout: float = 400.0) -> None:
    """Wait until it holds. Raises TimeoutError."""
    for _ in range(int(timeout / 0.2)):
        if condition():
            return
        await asyncio.sleep(0.2)
    raise TimeoutError("the screen never came to the state that the picture needs")


async def take(name: str, picture: Path, ready: Callable[[CockpitApp], object]) -> None:
    """Watch a model in the current folder and save the screen when it is ready."""
    place = open_site()
    folder = place.folder(name)
    start.start_watch(folder, plan_for_model(place, name))
    cockpit = Cockpit(
        folder, place.project.diary, place.project.root.name, lambda: None, lambda: start.revive(folder)
    )
    app = CockpitApp(cockpit)
    async with app.run_test(size=SIZE) as pilot:
        await until(lambda: ready(app))
        await pilot.pause(1.0)
        picture.write_text(app.export_screenshot(title="trainer-tui"), encoding="utf-8")
    latest = folder.latest()
    if latest is not None and start.is_unfinished(folder):
        ask(latest, "stop", why="the picture is taken")
        await until(lambda: not start.is_unfinished(folder))


def far_in_full(app: CockpitApp) -> bool:
    """Past the middle of the full phase."""
    watch = WatchFollower(app.cockpit.model)
    watch.poll_runs()
    if watch.current is None or watch.current.run.phase != "full":
        return False
    watch.current.poll_history()
    watch.current.poll_state()
    progress = watch.current.progress
    watch.current.close()
    return progress is not None and (progress.fraction or 0) > 0.55


def diary_open(app: CockpitApp) -> bool:
    """The failure's entry is in front of the user."""
    return "Diary" in type(app.screen).__name__


def main() -> int:
    """Write docs/watch.svg and docs/diary.svg."""
    os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    os.environ.pop("NO_COLOR", None)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        root.mkdir()
        shutil.copytree(HERE / "models", root / "models", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(HERE / "trainer.toml", root)
        os.chdir(root)
        asyncio.run(take("model_3", HERE / "docs" / "watch.svg", far_in_full))
        asyncio.run(take("diverges", HERE / "docs" / "diary.svg", diary_open))
        os.chdir(HERE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
