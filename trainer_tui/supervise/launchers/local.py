"""The supervisor as a detached process on this machine."""

from __future__ import annotations

import os
import subprocess
import sys

from trainer_tui.runs.layout import ModelFolder

SCRIPT_VARIABLES = frozenset(
    f"TRAINER_{name}" for name in ("RUN_DIR", "PHASE", "DATA_FRACTION", "SCALE", "CHAINS_SCALE", "SEED")
)
"""What another run of ours may have left in our environment; by these a run knows its own processes."""


def start(model: ModelFolder, lock: int) -> int:
    """Start the supervisor of `model` and hand it the lock; returns its pid.

    It gets a session of its own, so neither a closed terminal nor a lost connection reaches it.
    """
    model.logs.mkdir(parents=True, exist_ok=True)
    with open(model.supervisor_log, "ab") as complaints:
        os.set_inheritable(lock, True)
        process = subprocess.Popen(
            # -P: nothing in the folder where the user happens to stand may pass for a module of ours.
            [
                sys.executable,
                "-P",
                "-m",
                "trainer_tui.supervise",
                str(model.path),
                str(model.logs),
                str(lock),
            ],
            stdin=subprocess.DEVNULL,
            stdout=complaints,
            stderr=complaints,
            start_new_session=True,
            pass_fds=(lock,),
            env={name: value for name, value in os.environ.items() if name not in SCRIPT_VARIABLES},
        )
    return process.pid
