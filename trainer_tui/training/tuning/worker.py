"""A process that runs trials: `python -m trainer_tui.training.tuning.worker FOLDER PARENT`, started by
`tuning.runners.Worker`."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

LOOK_S = 0.5
"""Seconds between two looks whether the parent lives: a fit may take hours in which nothing is read."""


def end_with(parent: int) -> None:
    """Ends this process when that is no longer its parent."""
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os._exit(1)


def main() -> None:
    """Settings, then trials, one JSON line each on standard input; answers on standard output; ends with its
    input."""
    threading.Thread(target=end_with, args=(int(sys.argv[2]),), daemon=True).start()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not get between the answers

    def say(message: dict[str, Any]) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    def on_step(percent: int, value: float) -> str:
        say({"step": percent, "value": value})
        line = sys.stdin.readline()
        return str(json.loads(line)["why"]) if line else "the training ended"

    first = sys.stdin.readline()
    if not first:
        return
    from trainer_tui.training.tuning import matrices
    from trainer_tui.training.tuning.evaluating import evaluate
    from trainer_tui.training.tuning.runners import told
    from trainer_tui.training.tuning.scoring import Scoring

    settings = json.loads(first)
    scoring = Scoring(**settings["scoring"])
    data = matrices.load(Path(sys.argv[1]))
    for line in sys.stdin:
        job = json.loads(line)
        found = evaluate(
            data, scoring, job["algorithm"], job["params"], settings["seed"], settings["threads"], on_step
        )
        say(told(found))


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(1)
