"""What a run's process does now, asked at any time: behind `trainer-tui stack` and the key `s`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from trainer_tui.runs.files import read_json
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.process import host_name, life_of, training_identity
from trainer_tui.runs.telemetry import TelemetryReader
from trainer_tui.supervise.doing import Snapshot, Verdict, document, judge, stacks_text, take
from trainer_tui.supervise.doing.pyspy import NOT_PYTHON
from trainer_tui.supervise.job import descendants


@dataclass(frozen=True, slots=True)
class Standing:
    """What was found of a process, or one sentence why nothing was."""

    pid: int | None = None
    snapshot: Snapshot | None = None
    verdict: Verdict | None = None
    problem: str = ""
    runs: bool = True
    """False when there is no process that could be looked at."""

    @property
    def stacks(self) -> str:
        """The stacks as text; empty when there are none."""
        return stacks_text(self.snapshot) if self.snapshot is not None else ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "pid": self.pid,
            "verdict": self.verdict.to_dict() if self.verdict is not None else None,
            "problem": self.problem,
            "snapshot": document(self.snapshot) if self.snapshot is not None else None,
        }


def standing_of_run(run: RunFolder, pid: int | None = None) -> Standing:
    """Look at the training process of a run, or at one of its processes. Takes about a second."""
    process = read_json(run.process_json) or {}
    life = life_of(run)
    if life == "starting":
        return Standing(problem=f"{run.name} has no process yet", runs=False)
    if life in ("ended", "unknown-end", "ending"):
        return Standing(problem=f"{run.name} has ended: there is no process to look at", runs=False)
    if life == "elsewhere" or process.get("host", host_name()) != host_name():
        there = process.get("host") or "another machine"
        return Standing(
            problem=f"{run.name} runs on {there}: its stacks can be taken there alone", runs=False
        )
    identity = training_identity(process)
    if identity is None or not identity.is_alive():
        return Standing(problem=f"the process of {run.name} cannot be found", runs=False)
    if pid is not None and pid not in descendants(identity.pid):
        return Standing(problem=f"process {pid} does not belong to {run.name}", runs=False)
    return standing_of(identity.pid if pid is None else pid, _gpu_percent(run))


def standing_of(pid: int, gpu_percent: tuple[float, ...] = ()) -> Standing:
    """Look at any process and its descendants. Takes about a second."""
    snapshot = take(pid, gpu_percent)
    if snapshot is None:
        return Standing(pid, problem=f"there is no process {pid}", runs=False)
    return Standing(pid, snapshot, judge(snapshot), problem=_refusal(snapshot))


def _refusal(snapshot: Snapshot) -> str:
    """Why no stack at all could be read, where there should be some; a shell has none, its children may."""
    problems = [process.problem for process in snapshot.processes]
    if not all(problems):
        return ""
    return next((problem for problem in problems if problem != NOT_PYTHON), "")


def _gpu_percent(run: RunFolder) -> tuple[float, ...]:
    reader = TelemetryReader(run.telemetry)
    try:
        reader.poll()
        return tuple(gpu.util for gpu in reader.gpus() if not math.isnan(gpu.util))
    except OSError:
        return ()
    finally:
        reader.close()
