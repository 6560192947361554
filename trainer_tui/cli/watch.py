"""`watch`: start or find the run, then look at it, with the screen or without."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from trainer_tui.cli.plans import Workplace, plan_for_command, plan_for_model, workplace
from trainer_tui.project import ProjectError
from trainer_tui.runs.layout import ModelFolder
from trainer_tui.runs.plan import WatchPlan
from trainer_tui.runs.verdict import EXIT_PASSED
from trainer_tui.supervise import start

if TYPE_CHECKING:
    from trainer_tui.tui.cockpit import Departure

UNTIL = ("failure", "gate", "end")


def watch(
    *,
    model: str | None,
    command: list[str] | None,
    name: str,
    headless: bool,
    until: str,
    skip_quick: str,
    attach: bool,
    as_json: bool,
) -> int:
    """Start or attach, view, and return the exit code of the run (0 when it goes on without us)."""
    if until not in UNTIL:
        raise ProjectError(f"--until {until!r} is unknown", f"allowed: {', '.join(UNTIL)}")
    if (model is None) == (command is None):
        raise ProjectError(
            "say what to watch", "a model (`trainer-tui watch model_3`) or a command (`trainer-tui watch -- CMD ARGS`)"
        )
    place = workplace(without_project=command is not None)
    if command is not None:
        chosen, plan = plan_for_command(place, command, name)
    else:
        assert model is not None
        chosen, plan = model, None
    folder = place.folder(chosen)
    begun = _begin(place, folder, chosen, plan, skip_quick=skip_quick, attach=attach)
    if headless or as_json or not _has_screen():
        from trainer_tui.cli.headless import follow

        return follow(folder, until=until, as_json=as_json, begun=begun)
    return _cockpit(place, folder, chosen, plan)


def _begin(
    place: Workplace, folder: ModelFolder, name: str, plan: WatchPlan | None, *, skip_quick: str, attach: bool
) -> bool:
    """Start a watch, or find that one is there; True when a new one was started."""
    if attach:
        place.existing(name)
        start.revive(folder)
        return False
    if start.is_unfinished(folder):
        if plan is not None and _other_command(folder, plan):
            raise ProjectError(
                f"another command is being watched as {name}", f"choose another name: `trainer-tui watch --name NAME -- …`"
            )
        start.revive(folder)
        return False
    place.project.check_writable()
    plan = plan or _plan(place, folder, name, skip_quick)
    return start.start_watch(folder, plan) is not None


def _plan(place: Workplace, folder: ModelFolder, name: str, skip_quick: str) -> WatchPlan:
    try:
        return plan_for_model(place, name, skip_quick)
    except ProjectError:
        latest = folder.latest()
        request = latest.request() if latest else None
        if name in place.project.model_names() or request is None or request.plan.is_model:
            raise
        return request.plan  # a command that was watched before, by its name


def _other_command(folder: ModelFolder, plan: WatchPlan) -> bool:
    latest = folder.latest()
    request = latest.request() if latest else None
    return request is not None and request.plan.command != plan.command


def _has_screen() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _cockpit(place: Workplace, folder: ModelFolder, name: str, plan: WatchPlan | None) -> int:
    from trainer_tui.tui.app import run_cockpit
    from trainer_tui.tui.cockpit import Cockpit

    def retry() -> None:
        start.start_watch(folder, plan or _plan(place, folder, name, ""))

    departure = run_cockpit(
        Cockpit(
            model=folder,
            diary=place.project.diary,
            project_name=place.project.root.name,
            retry=retry,
            revive=lambda: start.revive(folder),
        )
    )
    return _farewell(departure, name)


def _farewell(departure: Departure, name: str) -> int:
    state = departure.state
    for path in departure.unsaved:
        print(f"diary text that could not be written into the diary is kept in {path}", file=sys.stderr)
    if state is None:
        return EXIT_PASSED
    if departure.goes_on:
        print(f"{state.name} goes on without this screen. Come back: trainer-tui watch {name}")
        print(f"End it: trainer-tui stop {name}")
        return EXIT_PASSED
    from trainer_tui.cli.printing import say, state_words

    say(f"{state.name} {state_words(state)}")
    return state.exit_code
