"""How long the Curves and the History screen take with a history of a million rows (ROWS=1000000).

Opened in the app itself, without a terminal behind it, at 160x48: from the key to the whole file on the
screen; then redraws after a zoom or a pan, from the wish to the cells being drawn, with and without
smoothing; then the memory that each screen added. The aims: open below 1 s, a redraw below 50 ms, and less
than 150 MB.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
from lab import table
from textual.pilot import Pilot

from trainer_tui.runs.files import replace_json
from trainer_tui.runs.layout import ModelFolder
from trainer_tui.runs.plan import RunRequest, WatchPlan
from trainer_tui.tui import Cockpit, CockpitApp
from trainer_tui.tui.widgets.history_table import HistoryTable
from trainer_tui.tui.widgets.plot_canvas import PlotCanvas

ROWS = int(os.environ.get("ROWS", "1000000"))
NAMES = ("train_loss", "val_loss", "accuracy", "lr", "grad_norm", "time_s", "elapsed_s")


def project(root: Path) -> ModelFolder:
    """A model with one run that wrote eight columns."""
    model = ModelFolder(root / "output" / "model_1", root / "logs" / "model_1")
    run = model.new_run("full")
    plan = WatchPlan(model="model_1", command=("python", "m.py"), cwd=".", root=str(root))
    request = RunRequest(
        model="model_1",
        number=1,
        phase="full",
        watch=1,
        plan=plan,
        command=plan.command,
        cwd=".",
        env={},
        log="",
    )
    replace_json(run.run_json, request.to_dict(), fsync=False)
    chance = np.random.default_rng(1)
    epochs = np.arange(1, ROWS + 1)
    values = [2 * np.exp(-epochs / ROWS * 4) + 0.2 + 0.1 * chance.normal(size=ROWS) for _ in NAMES]
    values[-1] = epochs * 0.05
    np.savetxt(
        run.history,
        np.column_stack([epochs, *values]),
        fmt=["%d", *["%.6f"] * len(NAMES)],
        delimiter=",",
        header="epoch," + ",".join(NAMES),
        comments="",
    )
    return model


async def until(pilot: Pilot[object], condition: Callable[[], object]) -> float:
    """Seconds until something holds."""
    begun = time.perf_counter()
    while not condition():
        await asyncio.sleep(0.001)
        if time.perf_counter() - begun > 60:
            raise TimeoutError
    return time.perf_counter() - begun


def memory() -> float:
    """Our resident memory in MB."""
    return float(psutil.Process().memory_info().rss) / 1e6


Row = tuple[str, str, str, bool | None]


def row(what: str, value: float, unit: str, bar: float | None = None) -> Row:
    """A row of the table."""
    met = None if bar is None else value <= bar
    return what, f"{value:.2f} {unit}", "" if bar is None else f"<= {bar:g} {unit}", met


async def measure(model: ModelFolder) -> list[Row]:
    """One row of the table a figure."""
    cockpit = Cockpit(model, model.path.parent / "diary.md", "bench", lambda: None, lambda: None)
    app = CockpitApp(cockpit)
    rows: list[Row] = []
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: app.picture is not None)
        # The Watch screen follows the same history; its work is not what is measured here.
        await asyncio.sleep(float(os.environ.get("SETTLE_S", "8")))
        for key, what in (("c", "Curves"), ("h", "History")):
            before = memory()
            begun = time.perf_counter()
            app.action_go("curves" if key == "c" else "history")
            await until(pilot, lambda what=what: full(app, what))
            await pilot.pause()
            rows.append(row(f"{what}: open, {ROWS:,} rows", time.perf_counter() - begun, "s", 1))
            await asyncio.sleep(0.5)
            rows.append(row(f"{what}: more memory", memory() - before, "MB", 150))
            if key == "c":
                rows += await redraws(app, pilot)
                rows.append(row(f"{what}: more memory, after smoothing", memory() - before, "MB", 150))
    return rows


def full(app: CockpitApp, what: str) -> bool:
    """Whether the whole file is on the screen."""
    if what == "Curves":
        plots = app.screen.query(PlotCanvas)
        return bool(plots) and plots.first().picture.rows == ROWS and not plots.first().picture.hints
    tables = app.screen.query(HistoryTable)
    picture = tables.first().picture if tables else None
    return picture is not None and picture.rows == ROWS and not picture.hint


async def redraws(app: CockpitApp, pilot: Pilot[object]) -> list[Row]:
    """Zooming, panning and smoothing."""
    plot, screen = app.screen.query_one(PlotCanvas), app.screen
    found = []

    async def wished(act: Callable[[], object]) -> float:
        begun = time.perf_counter()
        act()
        await until(pilot, lambda: plot.picture.wish == screen._wish)  # type: ignore[attr-defined]
        for y in range(plot.size.height):
            plot.render_line(y)
        return time.perf_counter() - begun

    for name, smooth in (("as it is", False), ("smoothed", True)):
        if smooth:
            first = await wished(lambda: screen.action_smooth(1))  # type: ignore[attr-defined]
            found.append(row("Curves: smooth two curves", first * 1e3, "ms"))
        took, inside = [], []
        for _ in range(5):
            for act in (lambda: screen.action_zoom(1), lambda: screen.action_pan(1, 0), screen.action_all):  # type: ignore[attr-defined]
                took.append(await wished(act))
                inside.append(plot.picture.took_s)
        found.append(row(f"Curves: redraw {name}, median", statistics.median(took) * 1e3, "ms", 50))
        found.append(row(f"Curves: redraw {name}, worst", max(took) * 1e3, "ms"))
        found.append(row(f"Curves: of it in the thread {name}", statistics.median(inside) * 1e3, "ms"))
    return found


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="trainer-tui-bench-") as folder:
        model = project(Path(folder))
        sys.exit(table(f"A history of {ROWS:,} rows and eight columns", asyncio.run(measure(model))))


if __name__ == "__main__":
    main()
