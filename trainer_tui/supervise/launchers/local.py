"""The supervisor as a detached process on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import BinaryIO

from trainer_tui.runs.layout import ModelFolder
from trainer_tui.runs.plain import make_folders, open_plain

SCRIPT_VARIABLES = frozenset(
    f"TRAINER_{name}" for name in ("RUN_DIR", "PHASE", "DATA_FRACTION", "SCALE", "CHAINS_SCALE", "SEED")
)
"""What another run of ours may have left in our environment; by these a run knows its own processes."""


def open_complaints(model: ModelFolder) -> BinaryIO:
    """The file for what a supervisor complains of; nowhere when something else is in its place."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    try:
        return os.fdopen(open_plain(model.supervisor_log, flags), "ab")
    except OSError:
        return open(os.devnull, "wb")  # no reason not to launch


def start(model: ModelFolder, lock: int) -> int:
    """Start the supervisor of `model` and hand it the lock; returns its pid.

    It gets a session of its own, so neither a closed terminal nor a lost connection reaches it.
    """
    make_folders(model.logs)
    with open_complaints(model) as complaints:
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
