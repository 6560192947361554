"""Run folders as supervisors leave them, by the dozen, for the tests of lists of runs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from trainer_tui.runs.events import EventLog
from trainer_tui.runs.files import replace_json
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.plan import RunRequest, WatchPlan


class Yard:
    """A project's output and logs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.output, self.logs = root / "output", root / "logs"
        self.output.mkdir(parents=True)

    def model(self, name: str = "model_3") -> ModelFolder:
        """The folder of a model."""
        return ModelFolder(self.output / name, self.logs / name)

    def asked(self, model: str = "model_3", phase: str = "full", **changes: Any) -> RunFolder:
        """A run that was asked for, and no more."""
        folder = self.model(model)
        run = folder.new_run(phase)
        log = folder.log_of(run)
        plan = WatchPlan(model=model, command=("python", "m.py"), cwd=".", root=str(self.root))
        request = RunRequest(
            model=model, number=run.number, phase=phase, watch=run.number, plan=plan,  # type: ignore[arg-type]
            command=plan.command, cwd=".", env={}, log=f"../../../logs/{model}/{log.name}",
            created=f"2026-01-{run.number % 28 + 1:02d}T12:00:00.000Z", host="gpu01", user="anna",
        )  # fmt: skip
        document = request.to_dict()
        document["plan"] |= changes.pop("plan", {})
        replace_json(run.run_json, document | changes, fsync=False)
        log.write_text("epoch 1\n")
        return run

    def ended(
        self,
        model: str = "model_3",
        reason: str = "passed",
        *,
        rows: int = 20,
        phase: str = "full",
        **changes: Any,
    ) -> RunFolder:
        """A run that has ended, with a loss that falls."""
        run = self.asked(model, phase, **changes)
        self.history(run, rows)
        events = EventLog(run.events)
        events.append("started", pid=1, at="2026-01-02T12:00:05.000Z")
        run.exit_json.write_text(
            json.dumps({"code": 0, "started": "2026-01-02T12:00:05.000Z", "ended": "2026-01-02T13:00:05.000Z",
                        "duration_s": 3600.0, "max_rss_bytes": 2 << 30})
        )  # fmt: skip
        events.append("ended", reason=reason, sentence=f"it ended as {reason}")
        return run

    def history(self, run: RunFolder, rows: int) -> None:
        """Metrics whose validation loss is best in the last row but one."""
        lines = ["epoch,train_loss,val_loss"]
        losses = [math.exp(-epoch / 7) for epoch in range(1, rows + 1)]
        losses[-1:] = [losses[0]] if rows > 1 else []
        lines += [f"{i},{loss / 2:.6f},{loss:.6f}" for i, loss in enumerate(losses, 1)]
        run.history.write_text("\n".join(lines) + "\n")
