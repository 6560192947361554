"""The row of a run in the index, as its folder stands now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trainer_tui.runs.history import History, read_history
from trainer_tui.runs.index_training import of_training, plain
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.secrets import masked_command, masked_text
from trainer_tui.runs.state import RunState, observe

_FINAL = {"passed": "completed"}


def default_url(output: Path) -> str:
    """The index next to the runs."""
    return f"sqlite:///{output / 'runs.db'}"


def all_runs(output: Path) -> list[RunFolder]:
    """Every run below `output`, by model and number."""
    if not output.is_dir():
        return []
    folders = sorted(path for path in output.iterdir() if path.is_dir())
    return [run for folder in folders for run in ModelFolder(folder, folder).runs() if run.run_json.exists()]


def row_of(run: RunFolder) -> dict[str, Any] | None:
    """Column → value; None: nothing was asked of this run."""
    request = run.request()
    if request is None:
        return None
    state = observe(run)
    try:
        history = read_history(run.history)
    except OSError:
        history = History()
    last = {name: history.last(name) for name in history.metrics()}
    row = {
        "training_run_id": run.name,
        "algorithm_name": request.model,
        "framework": None,
        "hyperparameters": {"command": masked_command(request.command), "seed": request.plan.seed},
        "train_metrics": {name: value for name, value in last.items() if not name.startswith("val_")},
        "validation_metrics": {name: value for name, value in last.items() if name.startswith("val_")},
        "model_artifact_uri": next((path.absolute().as_uri() for path in run.models()), None),
        "status": _status(state),
        "started_at": state.started or state.created,
        "completed_at": state.ended or None,
        "training_duration_seconds": state.duration_s,
        "trained_by": request.user,
        "phase": request.phase,
        "number": request.number,
        "watch": request.watch,
        "reason": state.reason or None,
        "sentence": state.sentence or None,
        "peak_memory_bytes": (state.exit or {}).get("max_rss_bytes"),
        "epochs": history.last(history.step_column) if history.step_column else history.rows or None,
    }
    return {name: plain(value) for name, value in (row | of_training(run)).items()}


def _status(state: RunState) -> str:
    return _FINAL.get(state.reason, "failed") if state.over else "running"


def refusal(url: str, error: Exception) -> str:
    """The one sentence about an index that cannot be reached."""
    return masked_text(f"the run index {url or 'runs.db'} was not updated: {error}")
