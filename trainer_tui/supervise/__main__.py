"""The supervisor process: `python -m trainer_tui.supervise MODEL_OUTPUT LOGS LOCK_DESCRIPTOR`.

It inherits the lock of its model, carries the newest watch from wherever it stands to its end, and leaves.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

from trainer_tui.runs.control import ControlReader
from trainer_tui.runs.events import EventLog, read_events
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.plan import RunRequest
from trainer_tui.runs.schema import NewerVersionError
from trainer_tui.runs.state import RunState
from trainer_tui.supervise.chain import Step, newest_run, next_step
from trainer_tui.supervise.complaints import complain
from trainer_tui.supervise.launch import prepare_run
from trainer_tui.supervise.publish import IndexWriters, update_index
from trainer_tui.supervise.start import refuse_newer
from trainer_tui.supervise.supervisor import RunSupervisor

INDEX_TIMEOUT_S = 20.0
UNREADABLE_FOR_S = 60.0
RETRY_S = 2.0
RETRY_AT_MOST_S = 60.0


def main(arguments: list[str]) -> int:
    """Supervise; returns 0, whatever became of the runs, and 1 when what happened so far cannot be read."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    model = ModelFolder(Path(arguments[0]), Path(arguments[1]))
    lock = int(arguments[2])
    try:
        refuse_newer(model)
    except NewerVersionError as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    following = newest_run(model)
    index = IndexWriters(update_index)
    while following is not None:
        run, request = following
        supervisor = _supervisor_of(model, run, request)
        if supervisor is None:
            return 1
        tell = partial(index.told, run, request, model.path.parent)
        state = supervisor.supervise(begun=tell)
        if run.path.is_dir():  # what was deleted or moved away is not made anew
            tell()
        following = _next_run(model, run, request, state)
    # A slow index must not keep the next watch from starting.
    os.close(lock)
    index.wait(INDEX_TIMEOUT_S)
    return 0


def _supervisor_of(model: ModelFolder, run: RunFolder, request: RunRequest) -> RunSupervisor | None:
    """The supervisor of a run; None when its events cannot be read, for who began anew would do all twice."""
    until = time.monotonic() + UNREADABLE_FOR_S
    while True:
        try:
            return RunSupervisor(model, run, request)
        except OSError as error:
            if time.monotonic() > until:
                complain(f"{run.name} cannot be taken over: {error}")
                return None
        time.sleep(RETRY_S)


def _next_run(
    model: ModelFolder, run: RunFolder, request: RunRequest, state: RunState
) -> tuple[RunFolder, RunRequest] | None:
    step = next_step(model, request, state)
    if step is None or not _wait_out(run, step):
        return None
    pause = RETRY_S
    while model.path.is_dir():
        try:
            prepare_run(model, request.plan, step.phase, watch=request.watch, attempt=step.attempt)
            return newest_run(model)
        except OSError as error:
            if pause == RETRY_S:
                complain(f"the {step.phase} phase waits until its folder can be made: {error}")
            time.sleep(pause)
            pause = min(2 * pause, RETRY_AT_MOST_S)
    return None


def _wait_out(run: RunFolder, step: Step) -> bool:
    """Wait before the next run; False when a user stopped the watch meanwhile."""
    events = EventLog(run.events)
    answered = {str(e["id"]) for e in read_events(run.events) if e["kind"] == "control"}
    requests = ControlReader(run.control, answered)
    until = time.monotonic() + step.wait_s
    while True:
        called_off = _called_off(requests, events)
        if called_off or time.monotonic() >= until:
            break
        time.sleep(0.2)
    while not events.flush() and run.path.is_dir():
        time.sleep(RETRY_S)
    return not called_off


def _called_off(requests: ControlReader, events: EventLog) -> bool:
    try:
        asked = requests.poll()
    except OSError:
        return False  # who cannot be heard cannot stop it; the next run's supervisor says so
    stops = [request for request in asked if request.get("request") == "stop"]
    if stops:  # first: what was answered and not done would be a restart against a user's will
        events.append("restart", again=False, by_user=True, why="a user called it off")
    for request in asked:
        outcome = "what was to follow is called off" if request in stops else "refused: the run has ended"
        what = str(request.get("request"))
        events.append("control", id=str(request.get("id")), request=what, outcome=outcome)
    return bool(stops)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
