"""How long the Runs screen takes with ten thousand run folders (RUNS=10000, of four models, 200 epochs each).

Opened in the app itself, without a terminal behind it, at 160x48: from the key to a screenful of rows with
their states, to all rows, to all of them read with their curves; once with nothing known of them, and once
with the cache of the time before. Then a keystroke in the filter until the list is the filtered one, the
longest time that the screen was not free to answer a key while all this went on (opening the screen apart),
and the memory that the list added. The aims: all listed below 1 s, never busy for 50 ms.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from lab import median, table
from textual.pilot import Pilot

from trainer_tui.runs.catalog.cache import FILE
from trainer_tui.runs.layout import ModelFolder
from trainer_tui.runs.plan import RunRequest, WatchPlan
from trainer_tui.tui import Cockpit, CockpitApp

RUNS = int(os.environ.get("RUNS", "10000"))
MODELS = 4
EPOCHS = 200
REASONS = ("passed", "passed", "nan-loss", "exception", "stopped-by-user", "cuda-oom")


def project(root: Path) -> ModelFolder:
    """Ended runs of four models, written without our own code: it would take longer than what is measured."""
    chance = random.Random(1)
    losses = [0.4 + 2 * math.exp(-epoch / 60) for epoch in range(1, EPOCHS + 1)]
    history = "epoch,train_loss,val_loss,rmse,grad_norm,time_s\n" + "".join(
        f"{epoch},{loss:.5f},{loss * 1.05:.5f},{4 + loss:.5f},{3 / epoch:.5f},3.2\n"
        for epoch, loss in enumerate(losses, 1)
    )
    cursors = [
        {"time": STAMP, "kind": "cursor", "log_offset": n, "line": n, "history_rows": n} for n in range(40)
    ]
    before = "".join(
        json.dumps(event) + "\n" for event in [{"time": STAMP, "kind": "started", "pid": 1}, *cursors]
    )
    for number in range(RUNS):
        model, phase = f"model_{number % MODELS}", "full" if number % 3 else "quick"
        run = root / "output" / model / f"{number // MODELS + 1:03d}-{phase}"
        run.mkdir(parents=True)
        plan = WatchPlan(model=model, command=("python", "m.py"), cwd=".", root=str(root))
        request = RunRequest(
            model=model, number=number // MODELS + 1, phase=phase, watch=1, plan=plan, command=plan.command,  # type: ignore[arg-type]
            cwd=".", env={}, log="", created=f"2026-01-{number % 28 + 1:02d}T{number % 24:02d}:00:00.000Z",
        )  # fmt: skip
        (run / "run.json").write_text(json.dumps(request.to_dict(), indent=2))
        end = {"time": STAMP, "kind": "ended", "reason": chance.choice(REASONS), "sentence": "it ended so"}
        (run / "events.jsonl").write_text(before + json.dumps(end) + "\n")
        took = {"code": 0, "started": STAMP, "ended": STAMP, "duration_s": chance.uniform(60, 9000)}
        (run / "exit.json").write_text(
            json.dumps(took | {"max_rss_bytes": chance.randrange(1 << 28, 1 << 33)})
        )
        (run / "training_history.csv").write_text(history)
    return ModelFolder(root / "output" / "model_0", root / "logs" / "model_0")


STAMP = "2026-01-25T12:00:00.000Z"
BARS = {"a screenful, s": 1.0, "all listed, s": 1.0, "longest busy, ms": 50.0, "busy meanwhile, ms": 50.0}


class Pulse:
    """The longest time that the screen's loop was not free."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def beat(self) -> None:
        """Ask for every millisecond, and see when it comes."""
        before = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            self.longest, before = max(self.longest, now - before - 0.001), now


async def until(pilot: Pilot[Any], condition: Callable[[], object]) -> float:
    """Seconds until it holds."""
    began = time.perf_counter()
    while not condition():
        await asyncio.sleep(0.002)
        if time.perf_counter() - began > 300:
            raise TimeoutError
    return time.perf_counter() - began


async def measure(model: ModelFolder, root: Path) -> dict[str, float]:
    """One app, from the key that leads to the list."""
    found: dict[str, float] = {}
    app = CockpitApp(Cockpit(model, root / "output" / "dev_diary.md", "bench", lambda: None, lambda: None))
    async with app.run_test(size=(160, 48)) as pilot:
        await until(pilot, lambda: app.picture is not None)
        from trainer_tui.tui.screens.runs import RunsScreen

        process, pulse = psutil.Process(), Pulse()
        before = process.memory_info().rss
        beating = asyncio.create_task(pulse.beat())
        began = time.perf_counter()
        app.action_go("runs")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen) and app.screen.is_mounted)
        found["opening the screen, busy, ms"], pulse.longest = pulse.longest * 1e3, 0.0
        screen = app.screen
        assert isinstance(screen, RunsScreen)
        rows = screen._table

        def screenful() -> bool:
            shown = rows.picture.rows[: rows.size.height]
            return len(shown) > 30 and all(run.status for run in shown)

        await until(pilot, screenful)
        found["a screenful, s"] = time.perf_counter() - began
        await until(pilot, lambda: rows.picture.total == RUNS)
        found["all listed, s"] = time.perf_counter() - began
        await until(pilot, lambda: not rows.picture.unread)
        found["all states, s"] = time.perf_counter() - began
        await until(pilot, lambda: screen._reader._catalog.done)
        found["all curves, s"] = time.perf_counter() - began
        found["memory, MB"] = (process.memory_info().rss - before) / 1e6
        found["longest busy, ms"] = pulse.longest * 1e3
        pulse.longest = 0.0
        times = []
        for words in ("n", "na", "nan", "nan m", "nan model_1", "", "oom", "-passed"):
            started = time.perf_counter()
            screen._filter.value = words
            await until(pilot, lambda words=words: rows.picture.wish.words == words)  # type: ignore[misc]
            times.append((time.perf_counter() - started) * 1e3)
        found["filter keystroke, ms"] = median(times)
        found["its worst, ms"] = max(times)
        started = time.perf_counter()
        screen.action_sort()
        await until(pilot, lambda: rows.picture.wish.order.column == "run")
        found["another order, ms"] = (time.perf_counter() - started) * 1e3
        found["busy meanwhile, ms"] = pulse.longest * 1e3
        beating.cancel()
    return found


def main() -> int:
    """Make the folders, measure, print."""
    with tempfile.TemporaryDirectory(prefix="trainer-tui-bench-") as folder:
        root = Path(folder)
        model = project(root)
        time.sleep(2.5)  # what changed just now may change again unseen, and is not kept
        cold = asyncio.run(measure(model, root))
        assert (root / "output" / FILE).exists()
        warm = asyncio.run(measure(model, root))
        missed = 0
        for title, found in (("nothing known of them", cold), ("known from the time before", warm)):
            rows = [(name, f"{value:.3g}", *_held(name, value)) for name, value in found.items()]
            missed += table(f"{RUNS:,} run folders, {title}", rows)
        return missed


def _held(name: str, value: float) -> tuple[str, bool | None]:
    bar = BARS.get(name)
    return ("", None) if bar is None else (f"at most {bar:g}", value <= bar)


if __name__ == "__main__":
    sys.exit(main())
