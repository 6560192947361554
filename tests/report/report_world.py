"""Watches on disk, written through the real parts, with fixed times: the same folder gives the same page."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from trainer_tui.report import WatchFacts, collect
from trainer_tui.runs.files import replace_json
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.plan import RunRequest, WatchPlan

NOW = "2026-01-25T15:00:00.000Z"
GIB = float(1 << 30)


def stamp(second: float) -> str:
    """A moment so many seconds after 14:00."""
    minutes, rest = divmod(second, 60)
    return f"2026-01-25T{14 + int(minutes // 60):02d}:{int(minutes % 60):02d}:{rest:06.3f}Z"


class World:
    """A project with one model."""

    def __init__(self, root: Path, model: str = "model_3") -> None:
        self.root = root
        self.model = ModelFolder(root / "output" / model, root / "logs" / model)
        self.diary = root / "output" / "dev_diary.md"

    def run(self, phase: str, watch: int | None = None, attempt: int = 1, **asked: Any) -> Run:
        """A new run."""
        return Run(self, phase, watch, attempt, **asked)

    def facts(self, number: int | None = None, now: str = NOW) -> WatchFacts:
        """What is known of a watch."""
        run = self.model.latest() if number is None else self.model.find(number)
        assert run is not None
        return collect(self.model, run, "demo", self.diary, now)


class Run:
    """One run, whose files are written with fixed times."""

    def __init__(self, world: World, phase: str, watch: int | None, attempt: int, **asked: Any) -> None:
        self.folder: RunFolder = world.model.new_run(phase)
        plan: dict[str, Any] = {"min_s": 0.0, "data_fraction": 0.2, **asked.pop("plan", {})}
        command = asked.pop("command", ("python", "models/m.py"))
        request = RunRequest(
            model=world.model.name,
            number=self.folder.number,
            phase=phase,  # type: ignore[arg-type]
            watch=watch or self.folder.number,
            plan=WatchPlan(
                model=world.model.name, command=command, cwd=str(world.root), root=str(world.root), **plan
            ),
            command=command,
            cwd=str(world.root),
            env=asked.pop("env", {}),
            log=os.path.relpath(world.model.log_of(self.folder), self.folder.path),
            attempt=attempt,
            created=stamp(0),
            host="gpu01",
            user="ada",
            python="3.12.1",
            **asked,
        )
        replace_json(self.folder.run_json, request.to_dict(), fsync=False)
        self.event(0, "started", pid=1234, at=stamp(0))

    def event(self, second: float, kind: str, **fields: Any) -> None:
        """Something happened."""
        with open(self.folder.events, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(json.dumps({"time": stamp(second), "kind": kind, **fields}) + "\n")

    def incident(self, second: float, **fields: Any) -> Incident:
        """Something went wrong."""
        known = {
            "id": "log:1",
            "severity": "error",
            "kind": "nan-loss",
            "message": "loss is nan",
            "fate": "confirmed",
        }
        incident = Incident(**{**known, **fields})
        self.event(second, "incident", incident=incident.to_dict())
        return incident

    def history(
        self, rows: int, *, names: str = "epoch,train_loss,val_loss,rmse,elapsed_s", nan_from: int = 0
    ) -> None:
        """Epochs of a loss that falls, one a second."""
        lines = [names]
        for epoch in range(1, rows + 1):
            loss = 0.1 + math.exp(-epoch / 40)
            broken = nan_from and epoch >= nan_from
            values = [math.nan if broken else loss, math.nan if broken else loss * 1.1, loss + 2]
            lines.append(f"{epoch}," + ",".join(f"{value:.6g}" for value in values) + f",{epoch}")
        self.folder.history.write_text("\n".join(lines) + "\n")

    def machine(self, seconds: int, gpus: int = 0) -> None:
        """A sample a second."""
        gpu = [
            f"gpu{n}_{name}"
            for n in range(gpus)
            for name in ("util", "mem_used", "mem_total", "temp", "power")
        ]
        names = [
            "time",
            "elapsed_s",
            "cpu_percent",
            "cpu_count",
            "ram_used",
            "ram_total",
            "job_cpu_percent",
            "job_rss",
        ]
        lines = [",".join([*names, *gpu])]
        for second in range(seconds):
            row = [
                1.7e9 + second,
                second,
                40 + second % 7,
                8,
                9 * GIB,
                24 * GIB,
                250,
                (1 + second / seconds) * GIB,
            ]
            row += [95, 60 * GIB, 80 * GIB, 61, 400] * gpus
            lines.append(",".join(f"{value:.6g}" for value in row))
        self.folder.telemetry.write_text("\n".join(lines) + "\n")

    def end(self, reason: str, sentence: str, second: float = 120, code: int = 0) -> None:
        """The process ended and was judged."""
        exit_status = {"code": code, "duration_s": second, "ended": stamp(second), "max_rss_bytes": 3 << 30}
        self.folder.exit_json.write_text(json.dumps(exit_status))
        self.event(second, "exited", **exit_status)
        self.event(second, "ended", reason=reason, sentence=sentence)


def whole(world: World) -> World:
    """A quick run that passed, an attempt that failed, and one that passed."""
    quick = world.run("quick")
    quick.history(30)
    quick.machine(30)
    quick.event(28, "gates", results=[{"name": "exit", "state": "passed", "sentence": "exit code 0"}])
    quick.event(
        29,
        "forecast",
        seconds_low=90,
        seconds_high=200,
        memory_low=GIB,
        memory_high=2 * GIB,
        basis="25 s of training",
    )
    quick.end("passed", "exit code 0, 3 of 3 gates passed", 30)
    watch = quick.folder.number
    broken = world.run("full", watch)
    broken.history(60, nan_from=50)
    broken.incident(
        50.4,
        line=81,
        excerpt="Traceback\nValueError: nan",
        hypotheses=("the rate is too high",),
        facts={"row": 49},
    )
    broken.end("nan-loss", "train_loss is nan at epoch 50", 60, 1)
    full = world.run("full", watch, 2)
    full.history(120)
    full.machine(120, gpus=1)
    full.event(60, "note", text="looks good", by="ada@gpu01")
    full.event(
        119,
        "gates",
        results=[
            {"name": "exit", "state": "passed", "sentence": "exit code 0"},
            {"name": "diary", "state": "open", "sentence": "no entry", "advice": "press e"},
        ],
    )
    full.end("passed", "exit code 0, 8 of 9 gates passed", 120)
    full.folder.results.write_text("medals,score\n1,0.123456789\n2,0.5\n")
    world.diary.write_text(
        "# Diary\n\n## Dev Diary Entry #1\n\n**Run**: model_3/002-full\n\n### The Struggle\n\n"
        "It <b>diverged</b>, see [the plot](javascript:alert(1)) ![x](http://evil/x.png).\n\n<!-- hint -->\n"
    )
    return world
