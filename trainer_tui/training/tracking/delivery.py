"""Sends the outbox of a run folder, in a process with a deadline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from trainer_tui.training.tracking.addresses import cleaned, destination, local_uri, shown
from trainer_tui.training.tracking.outbox import read_state, records

__all__ = ["Sent", "local_uri", "start", "sync"]

TIMEOUT_S = 120.0
"""The end of a training waits no longer for a server; on a busy machine the start alone takes a while."""
GRACE_S = 2.0

QUIET = {
    # MLflow and what it brings tell nobody else, start no git, retry little.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "OTEL_SDK_DISABLED": "true",
}
_LOADED = """
import sys
from trainer_tui.training.tracking.sending import main
sys.exit(main())
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of it."""

    sent: int
    """Lines that the server has."""
    left: int
    """Lines that it has not; they stay in the run folder."""
    mlflow_run_id: str = ""
    experiment_id: str = ""
    server: str = ""
    """Without secrets."""
    problem: str = ""
    """One sentence where `left` is not 0; empty when all is there."""


def start(folder: Path, uri: str = "", timeout_s: float = TIMEOUT_S) -> subprocess.Popen[bytes]:
    """Starts the process that sends; it ends itself after `timeout_s`. Raises OSError, DataSourceError.

    The address goes through a pipe: neither a list of processes nor a file shows it. `-P`: a file of the
    project that is called as a module of MLflow's is not taken for it.
    """
    whole = destination(uri, folder)
    request = max(1.0, timeout_s / 4)
    # Without the marks of the run: nobody must take this process for the training.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TRAINER_")}
    environment = {**inherited, **QUIET, "MLFLOW_HTTP_REQUEST_TIMEOUT": str(int(request))}
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", _LOADED],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    assert process.stdin is not None
    asked = {"folder": str(folder.absolute()), "uri": whole, "timeout_s": timeout_s}
    try:
        process.stdin.write(json.dumps(asked).encode())
        process.stdin.close()
    except BrokenPipeError:
        process.wait()
    return process


def sync(folder: Path, uri: str = "", timeout_s: float = TIMEOUT_S) -> Sent:
    """Sends what the server has not yet and waits for it, `timeout_s` at most; may be repeated at any time,
    later too.

    `uri`: as for `Tracker`. Raises OSError when no process can be started, DataSourceError for a variable not
    set.
    """
    whole = destination(uri, folder)
    if not records(folder):
        return Sent(0, 0, server=shown(whole), problem=f"{folder} has nothing that was tracked.")
    process = start(folder, uri, timeout_s)
    # Its pipe of stdin is closed already: communicate() must not touch it.
    process.stdin = None
    try:
        _, said = process.communicate(timeout=timeout_s + GRACE_S)
        problem = said.decode(errors="replace").strip().splitlines()[-1:] if process.returncode else []
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        problem = []
    state = read_state(folder, whole)
    left = len(records(folder)) - state.sent
    why = ""
    if left:
        why = state.problem or (problem[0] if problem else f"no answer within {timeout_s:g} s")
        why = f"{left} of {state.sent + left} entries were not sent to {shown(whole)}: {cleaned(why, whole)}"
        why = f"{why.rstrip('.')}. They wait in {folder}."
    return Sent(state.sent, left, state.mlflow_run_id, state.experiment_id, shown(whole), why)
