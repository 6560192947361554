"""The supervisor process: `python -m trainer_tui.supervise MODEL_OUTPUT LOGS LOCK_DESCRIPTOR`.

It inherits the lock of its model, carries the newest watch from wherever it stands to its end, and leaves.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from trainer_tui.runs.control import ControlReader
from trainer_tui.runs.events import EventLog, read_events
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.plan import RunRequest
from trainer_tui.runs.state import RunState
from trainer_tui.supervise.chain import Step, next_step
from trainer_tui.supervise.launch import prepare_run
from trainer_tui.supervise.publish import update_index
from trainer_tui.supervise.supervisor import RunSupervisor

INDEX_TIMEOUT_S = 20.0


def main(arguments: list[str]) -> int:
    """Supervise; returns 0, whatever became of the runs."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    model = ModelFolder(Path(arguments[0]), Path(arguments[1]))
    run = next((run for run in reversed(model.runs()) if run.request() is not None), None)
    indexing: list[subprocess.Popen[bytes]] = []
    while run is not None:
        request = run.request()
        assert request is not None
        state = RunSupervisor(model, run, request).supervise()
        indexing.append(update_index(run, request, model.path.parent))
        run = _next_run(model, run, request, state)
    for process in indexing:
        _wait(process)
    return 0


def _next_run(model: ModelFolder, run: RunFolder, request: RunRequest, state: RunState) -> RunFolder | None:
    step = next_step(model, request, state)
    if step is None or (step.wait_s and not _wait_out(run, step)):
        return None
    return prepare_run(model, request.plan, step.phase, watch=request.watch, attempt=step.attempt)


def _wait_out(run: RunFolder, step: Step) -> bool:
    """Wait before a restart; False when a user stopped the watch meanwhile."""
    answered = {str(e["id"]) for e in read_events(run.events) if e["kind"] == "control"}
    requests = ControlReader(run.control, answered)
    until = time.monotonic() + step.wait_s
    while time.monotonic() < until:
        for request in requests.poll():
            stop = request.get("request") == "stop"
            outcome = "the restart is called off" if stop else "refused: the run has ended"
            EventLog(run.events).append(
                "control", id=request.get("id"), request=request.get("request"), outcome=outcome
            )
            if stop:
                EventLog(run.events).append("restart", again=False, by_user=True, why="a user called it off")
                return False
        time.sleep(0.2)
    return True


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(INDEX_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        print(
            "the index did not answer in time; it can be rebuilt with `trainer-tui runs --rebuild`",
            file=sys.stderr,
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
