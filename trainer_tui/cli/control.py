"""Commands that ask something of a living run, and those that start or take over one."""

from __future__ import annotations

import time
from typing import Any

from trainer_tui.cli.plans import workplace
from trainer_tui.cli.printing import print_json, say
from trainer_tui.cli.watch import plan_by_name
from trainer_tui.project import ProjectError
from trainer_tui.runs.control import Request, ask
from trainer_tui.runs.events import EventReader
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.state import observe
from trainer_tui.runs.verdict import EXIT_FAILED, EXIT_PASSED
from trainer_tui.supervise import start

ANSWER_WITHIN_S = 15.0


def send(model: str, request: Request, as_json: bool, **fields: Any) -> int:
    """Ask, wait for the supervisor's answer, print it. `EXIT_FAILED` when it refused or did not answer."""
    folder = workplace().existing(model)
    run = folder.latest()
    assert run is not None
    if not start.is_unfinished(folder):
        state = observe(run)
        raise ProjectError(f"{state.name} does not run: it ended with {state.reason}", "there is nothing to ask of it")
    start.revive(folder)
    identity = ask(run, request, **fields)
    outcome = _answer(run, identity)
    refused = outcome is None or outcome.startswith("refused")
    text = outcome or f"no answer within {ANSWER_WITHIN_S:.0f} s; the request stays in {run.control.name}"
    if as_json:
        print_json({"run": run.name, "request": request, "id": identity, "outcome": outcome, "accepted": not refused})
    else:
        say(f"{run.name}: {text}")
    return EXIT_FAILED if refused else EXIT_PASSED


def retry(model: str, as_json: bool) -> int:
    """Start the next attempt of a model, or of a command watched before, and return."""
    place = workplace()
    folder = place.folder(model)
    plan = plan_by_name(place, model)
    place.project.check_writable()
    run = start.start_watch(folder, plan)
    if run is None:
        raise ProjectError(f"{model} is being watched", f"`trainer-tui watch {model}` shows it")
    if as_json:
        print_json({"run": run.name, "folder": str(run.path)})
    else:
        say(f"{run.name} was started; `trainer-tui watch {model}` shows it")
    return EXIT_PASSED


def take_over(model: str) -> int:
    """Start a supervisor for a run that lost its own."""
    folder = workplace().existing(model)
    if start.revive(folder):
        say(f"a supervisor took over {folder.name}")
    else:
        say(f"{folder.name} has a supervisor, or nothing left to do")
    return EXIT_PASSED


def _answer(run: RunFolder, identity: str) -> str | None:
    reader = EventReader(run.events)
    until = time.monotonic() + ANSWER_WITHIN_S
    while time.monotonic() < until:
        for event in reader.poll():
            if event["kind"] == "control" and event.get("id") == identity:
                return str(event.get("outcome", ""))
        time.sleep(0.05)
    return None
