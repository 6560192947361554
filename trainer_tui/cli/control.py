"""Commands that ask something of a living run, and those that start or take over one."""

from __future__ import annotations

import time
from typing import Any

from trainer_tui.cli.living import lives, newest
from trainer_tui.cli.places import model_name
from trainer_tui.cli.plans import workplace
from trainer_tui.cli.printing import print_json, say, state_words
from trainer_tui.cli.watch import retry as start_again
from trainer_tui.project import ProjectError
from trainer_tui.runs.control import Request, ask
from trainer_tui.runs.events import read_events
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.state import observe
from trainer_tui.runs.verdict import EXIT_FAILED, EXIT_PASSED
from trainer_tui.supervise import start

ANSWER_WITHIN_S = 15.0
ASK_EVERY_S = 0.1


def send(model: str, request: Request, as_json: bool, **fields: Any) -> int:
    """Ask, wait for the supervisor's answer, print it. `EXIT_FAILED` when it refused or did not answer.

    Raises ProjectError when nothing runs that could be asked.
    """
    folder = workplace().existing(model)
    if not lives(folder):
        run = newest(folder)
        assert run is not None
        raise ProjectError(f"nothing of {folder.name} runs: {run.name} {state_words(observe(run))}")
    start.revive(folder)
    run, identity, outcome = _ask(folder, request, fields)
    accepted = bool(outcome) and not outcome.startswith("refused")
    if as_json:
        print_json(
            {
                "run": run.name,
                "request": request,
                "id": identity,
                "outcome": outcome or None,
                "accepted": accepted,
            }
        )
    else:
        silence = f"no answer within {ANSWER_WITHIN_S:.0f} s; the request stays in {run.control.name}"
        say(f"{run.name}: {outcome or silence}")
    return EXIT_PASSED if accepted else EXIT_FAILED


def retry(model: str, as_json: bool) -> int:
    """Start the next attempt of a model, or of a command watched before, and return."""
    place = workplace()
    name = model_name(place.project, model)
    run = start_again(place.folder(name))
    if run is None:
        raise ProjectError(f"{name} is being watched", f"`trainer-tui watch {name}` shows it")
    if as_json:
        print_json({"run": run.name, "folder": str(run.path)})
    else:
        say(f"{run.name} was started; `trainer-tui watch {name}` shows it")
    return EXIT_PASSED


def take_over(model: str, as_json: bool) -> int:
    """Start a supervisor for a run that lost its own."""
    folder = workplace().existing(model)
    took = start.revive(folder)
    if as_json:
        print_json({"model": folder.name, "took_over": took})
    elif took:
        say(f"a supervisor took over {folder.name}")
    else:
        say(f"{folder.name} has a supervisor, or nothing left to do")
    return EXIT_PASSED


def _ask(folder: ModelFolder, request: Request, fields: dict[str, Any]) -> tuple[RunFolder, str, str]:
    """The run that was asked, the request's id, and the answer, empty when there was none.

    A run that ends before it answers passes the question on to the run after it; a process that is only being
    started is asked again.
    """
    until = time.monotonic() + ANSWER_WITHIN_S
    asked: RunFolder | None = None
    identity = outcome = ""
    while time.monotonic() < until:
        latest = newest(folder)
        if latest is not None and latest != asked and latest.request() is not None:
            asked, identity = latest, ask(latest, request, **fields)
        if asked is not None:
            outcome = _answer(asked, identity)
            if outcome and "has not started yet" not in outcome:
                break
            if outcome:
                identity = ask(asked, request, **fields)
            elif not start.is_unfinished(folder):
                break
        time.sleep(ASK_EVERY_S)
    if asked is None:
        raise ProjectError(f"{folder.name} has no run yet", "ask again in a moment")
    return asked, identity, outcome


def _answer(run: RunFolder, identity: str) -> str:
    events = (e for e in read_events(run.events) if e["kind"] == "control" and e.get("id") == identity)
    return next((str(event.get("outcome", "")) for event in events), "")
