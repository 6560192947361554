"""What a training tells: `Tracker` writes it into the run folder and starts the sending beside the
training."""

from __future__ import annotations

import json
import math
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer_tui.runs.files import LineAppender
from trainer_tui.training.errors import ModelTrainerError
from trainer_tui.training.tracking.addresses import NONE
from trainer_tui.training.tracking.delivery import TIMEOUT_S, Sent, start, sync
from trainer_tui.training.tracking.outbox import OUTBOX

if TYPE_CHECKING:
    from trainer_tui.training.records import ValidationMetrics

EVERY_S = 20.0
"""Between two sendings during a training, at least."""
PARTS = {"train_metrics": "train", "validation_metrics": "val", "test_metrics": "test"}


def final_metrics(record: ValidationMetrics) -> dict[str, float]:
    """The document's names: `train_auc`, `val_auc`, `test_auc` …, with thresholds, precision@k and
    intervals."""
    found = {
        f"{prefix}_{name}": value
        for part, prefix in PARTS.items()
        for name, value in getattr(record, part).items()
    }
    measured = "test" if record.test_metrics else "val"
    found |= {f"{measured}_precision_at_{k}": value for k, value in record.precision_at_k.items()}
    for name, (low, high) in record.confidence_interval.items():
        found |= {f"{measured}_{name}_low": low, f"{measured}_{name}_high": high}
    if record.optimal_threshold is not None:
        found["optimal_threshold"] = record.optimal_threshold
    return found


class Tracker:
    """Tells MLflow about one training. No method raises for a server, a network or a full disk: `problem` has
    it.

    `uri`: an MLflow server or database, `env:NAME`, empty for the project's own SQLite, `none` for no
    tracking. `run_name`: that of the MLflow run, the training run id.
    """

    def __init__(self, folder: Path, uri: str = "", experiment: str = "", run_name: str = "") -> None:
        self.folder = folder
        self.uri = uri
        self.off = uri == NONE
        self.problem = ""
        self._lines = LineAppender(folder / OUTBOX)
        self._child: subprocess.Popen[bytes] | None = None
        self._last = time.monotonic()
        self._add("run", experiment=experiment or folder.absolute().parent.name, name=run_name or folder.name)

    def _add(self, kind: str, **fields: Any) -> None:
        if self.off:
            return
        record = {"kind": kind, "at": time.time_ns() // 1_000_000, **fields}
        if not self._lines.append(json.dumps(record, default=str).encode()):
            self.problem = f"{self.folder / OUTBOX} cannot be written ({self._lines.problem})."

    def params(self, values: Mapping[str, Any]) -> None:
        """Settings; MLflow keeps them as text, and keeps the first value of each."""
        self._add("params", values={str(name): _text(value) for name, value in values.items()})

    def metrics(self, values: Mapping[str, float | None], step: int = 0) -> None:
        """Numbers; None and what is not finite are left out."""
        finite = {str(k): float(v) for k, v in values.items() if v is not None and math.isfinite(v)}
        if finite:
            self._add("metrics", values=finite, step=step)

    def tags(self, values: Mapping[str, Any]) -> None:
        """Words about it: the data's fingerprint, the split id, versions of the artifacts."""
        self._add("tags", values={str(name): _text(value) for name, value in values.items()})

    def trial(self, record: Mapping[str, Any]) -> None:
        """A line of `trials.jsonl`: its value and seconds at the step of its number. Sent now and then, in
        the background."""
        values = {"trial_value": record.get("value"), "trial_seconds": record.get("seconds")}
        numbers = {k: v for k, v in values.items() if isinstance(v, int | float)}
        self.metrics(numbers, int(record.get("number", 0)))
        if time.monotonic() - self._last > EVERY_S:
            self.send()

    def artifact(self, path: Path, to: str = "") -> None:
        """A file or folder inside the run folder, to be uploaded below `to`. Raises ValueError for one
        outside."""
        self._add("artifact", path=str(path.absolute().relative_to(self.folder.absolute())), to=to)

    def send(self) -> None:
        """Starts the sending beside the training, unless one is under way; waits for nothing."""
        self._last = time.monotonic()
        if self.off or (self._child is not None and self._child.poll() is None):
            return
        try:
            self._child = start(self.folder, self.uri)
        except (OSError, ModelTrainerError) as problem:
            self.problem = str(problem)

    def finish(self, status: str = "FINISHED", timeout_s: float = TIMEOUT_S) -> Sent:
        """Ends the run (`FINISHED`, `FAILED` or `KILLED`), sends what is left and waits for that so long at
        most."""
        self._add("end", status=status)
        if self.off:
            return Sent(0, 0, problem="Tracking is switched off.")
        began = time.monotonic()
        if self._child is not None:
            try:
                self._child.wait(timeout_s / 2)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        try:
            return sync(self.folder, self.uri, max(1.0, timeout_s - (time.monotonic() - began)))
        except (OSError, ModelTrainerError) as problem:
            return Sent(0, self._lines.waiting, problem=str(problem))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
