"""A run as plain data: what `--json` prints of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from trainer_tui.runs.follow import RunFollower
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.state import RunState


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


def look(run: RunFolder) -> RunFollower:
    """A run as it stands now."""
    follower = RunFollower(run, log_lines=0)
    try:
        follower.poll_history()
        follower.poll_state()
    finally:
        follower.close()
    return follower
