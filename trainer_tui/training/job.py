"""The process of a training, watched like any model: `python -m trainer_tui.training.job SPEC.json`."""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from pathlib import Path

from trainer_tui.runs.training_run import TrainingRun
from trainer_tui.training.errors import ModelTrainerError
from trainer_tui.training.spec import TrainSpec

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(arguments: list[str]) -> int:
    """Train; 1, and the error's name and sentence on the last line, for what a user has to know."""
    spec = TrainSpec.from_dict(json.loads(Path(arguments[0]).read_bytes()))
    if spec.workers > 1:
        for name in ONE_THREAD:  # before numpy is there: workers side by side would fight for the cores
            os.environ.setdefault(name, "1")
    from trainer_tui.training.pipeline import train

    with TrainingRun.current() as run:
        try:
            train(spec, run, say=partial(print, flush=True))
        except ModelTrainerError as error:
            print(f"ERROR {type(error).__name__}: {error}", flush=True)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
