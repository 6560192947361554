"""A run as plain data: what `--json` prints of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from trainer_tui.runs.catalog.summary import FACTS, RunSummary
from trainer_tui.runs.follow import RunFollower
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.state import RunState
from trainer_tui.runs.verdict import REASONS

_SAME = (
    "model", "number", "phase", "watch", "attempt", "status", "reason", "sentence", "created", "started",
    "ended", "duration_s", "host", "user", "command", "commit", "peak_bytes", "metric", "best", "best_at",
    "steps", "total", "suspected", "note",
)  # fmt: skip
"""What a record of a list has under the name that it has in `RunSummary`."""


def run_record(follower: RunFollower) -> dict[str, Any]:
    """All that is known of a run, as the follower has read it: state, paths, progress, last metrics."""
    history, progress = follower.history, follower.progress
    return {
        **state_record(follower.state),
        "folder": str(follower.run.path),
        "log": str(follower.run.log()),
        "progress": asdict(progress) if progress is not None else None,
        "last": {name: history.last(name) for name in history.metrics()},
    }


def state_record(state: RunState) -> dict[str, Any]:
    """A run's state; the keys are those of `RunState`, and what follows from them."""
    record = asdict(state)
    record["incidents"] = [incident.to_dict() for incident in state.incidents]
    record["alive"] = state.alive
    record["over"] = state.over
    record["passed"] = state.passed
    record["exit_code"] = state.exit_code if state.over else None
    record["blind"] = dict(state.blind)
    record["diary"] = [{"entry": number, "incident": incident} for number, incident in state.diary]
    record["skipped"] = [{"phase": phase, "why": why} for phase, why in state.skipped]
    return record


def summary_record(run: RunSummary, path: Path, logs: Path) -> dict[str, Any]:
    """One run of a list of thousands: nothing but what its summary knows, so no file of it is opened."""
    ended = 1 if run.reason not in REASONS else REASONS[run.reason].exit_code
    return {
        "name": run.key,
        **{name: getattr(run, name) for name in _SAME},
        "last": {run.metric: run.last} if run.level > FACTS and run.last is not None else {},
        "tags": list(run.tags),
        "unseen": run.blind,
        "alive": run.status in ("running", "paused", "stopping"),
        "over": run.over,
        "passed": run.over and run.reason == "passed",
        "exit_code": ended if run.over else None,
        "folder": str(path),
        "log": str(logs / path.parent.name / f"{path.name}.log"),
    }


def look(run: RunFolder) -> RunFollower:
    """A run as it stands now."""
    follower = RunFollower(run, log_lines=0)
    try:
        follower.poll_history()
        follower.poll_state()
    finally:
        follower.close()
    return follower
