"""Commands that ask something of a living run, and those that start or take over one."""

from __future__ import annotations

from typing import Any

from trainer_tui.cli.living import lives
from trainer_tui.cli.places import model_name
from trainer_tui.cli.plans import Site, open_site
from trainer_tui.cli.printing import print_json, say, state_words
from trainer_tui.cli.watch import plan_by_name
from trainer_tui.cli.watch import retry as start_again
from trainer_tui.project import ProjectError
from trainer_tui.runs.control import Request
from trainer_tui.runs.state import observe
from trainer_tui.runs.verdict import EXIT_FAILED, EXIT_PASSED
from trainer_tui.supervise import start
from trainer_tui.supervise.asking import ask_and_wait


def send(model: str, request: Request, as_json: bool, **fields: Any) -> int:
    """Ask, wait for the supervisor's answer, print it. `EXIT_FAILED` when it refused or did not answer.

    Raises ProjectError when nothing runs that could be asked.
    """
    folder = open_site().existing(model)
    if not lives(folder):
        run = folder.newest()
        assert run is not None
        raise ProjectError(f"nothing of {folder.name} runs: {run.name} {state_words(observe(run))}")
    start.revive(folder)
    answer = ask_and_wait(folder, request, fields)
    if answer.run is None:
        raise ProjectError(f"{folder.name} has no run yet", "ask again in a moment")
    if as_json:
        print_json(
            {
                "run": answer.run.name,
                "request": request,
                "id": answer.identity,
                "outcome": answer.outcome or None,
                "accepted": answer.accepted,
            }
        )
    else:
        say(f"{answer.run.name}: {answer.text}")
    return EXIT_PASSED if answer.accepted else EXIT_FAILED


def retry(model: str, as_json: bool, full: bool = False) -> int:
    """Start the next attempt of a model, or of a command watched before, and return."""
    place = open_site()
    name = model_name(place.project, model)
    offer = not full and not as_json and _quick_holds(place, name)
    run = start_again(place.folder(name), full=full)
    if run is None:
        raise ProjectError(f"{name} is being watched", f"`trainer-tui watch {name}` shows it")
    if as_json:
        print_json({"run": run.name, "folder": str(run.path)})
    else:
        say(f"{run.name} was started; `trainer-tui watch {name}` shows it")
        if offer:
            say(
                f"its quick phase passed before with the same sources, settings and environment: "
                f"`trainer-tui retry {name} --full` begins with the full one"
            )
    return EXIT_PASSED


def _quick_holds(place: Site, name: str) -> bool:
    """Whether the quick phase that `retry` begins with has passed with the very same thing before."""
    from trainer_tui.supervise.unchanged import quick_that_holds

    plan = plan_by_name(place, name)
    return plan.phases[0] == "quick" and quick_that_holds(place.folder(name), plan)[0] is not None


def take_over(model: str, as_json: bool) -> int:
    """Start a supervisor for a run that lost its own."""
    folder = open_site().existing(model)
    took = start.revive(folder, asked=True)
    if as_json:
        print_json({"model": folder.name, "took_over": took})
    elif took:
        say(f"a supervisor took over {folder.name}")
    else:
        say(f"{folder.name} has a supervisor, or nothing left to do")
    return EXIT_PASSED
