"""What a training (`trainer-tui train`) leaves in its run folder, read: trials, data, split, evaluation.

All of it is optional, may be half written or another version's: what has not the form that is expected is
passed over, texts come out clean. Standard library only.
"""

from __future__ import annotations

from pathlib import Path

from trainer_tui.runs.layout import RunFolder

TRIALS, DATA, SPLIT, EVALUATION = "trials.jsonl", "data.json", "split.json", "evaluation.json"

_JOB = "trainer_tui.training.job"
"""The module that the command of a training runs."""


def is_training(run: RunFolder) -> bool:
    """Whether the run is a training: it was asked for as one, or left one of a training's files."""
    request = run.request()
    if request is not None and _JOB in request.command:
        return True
    return any((run.path / name).is_file() for name in (TRIALS, DATA, SPLIT, EVALUATION))


def study_name(trials: Path) -> str:
    """What the search in this `trials.jsonl` is called: `credit #7`, by model and watch.

    A quick run and the full run after it are one watch, so they share one name.
    """
    run = RunFolder(trials.parent)
    request = run.request()
    return f"{request.model} #{request.watch}" if request is not None else run.path.name
