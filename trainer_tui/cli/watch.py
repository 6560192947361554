"""`watch`: start or find the run, then look at it, with the screen or without."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from trainer_tui.project import Project, ProjectError
from trainer_tui.runs.layout import ModelFolder
from trainer_tui.runs.verdict import EXIT_PASSED
from trainer_tui.supervise import start

if TYPE_CHECKING:
    from trainer_tui.cli.plans import Workplace
    from trainer_tui.runs.plan import WatchPlan
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
    if command is not None:
        project, folder, begin = _for_command(command, name)
    else:
        assert model is not None
        project, folder, begin = _for_model(model, skip_quick, attach)
    if headless or as_json or not _has_screen():
        from trainer_tui.cli.headless import follow

        return follow(folder, until=until, as_json=as_json, begun=begin())
    return _cockpit(project, folder, begin)


Begin = Callable[[], bool]
"""Starts what is to be watched; True when that is a new watch, False when it lived already."""


def _for_model(name: str, skip_quick: str, attach: bool) -> tuple[Project, ModelFolder, Begin]:
    project = Project.declared()
    folder = ModelFolder(project.model_output(name), project.model_logs(name))
    if start.is_unfinished(folder) or (attach and folder.runs()):
        # Coming back needs no settings: they are in the run folder.
        return project, folder, lambda: start.revive(folder) and False
    from trainer_tui.cli.plans import workplace

    place = workplace()
    if attach:
        place.existing(name)
    return place.project, place.folder(name), _starting(place, name, plan_by_name(place, name, skip_quick))


def _for_command(command: list[str], name: str) -> tuple[Project, ModelFolder, Begin]:
    from trainer_tui.cli.plans import plan_for_command, workplace

    place = workplace(without_project=True)
    chosen, plan = plan_for_command(place, command, name)
    folder = place.folder(chosen)
    if not start.is_unfinished(folder):
        return place.project, folder, _starting(place, chosen, plan)
    latest = folder.latest()
    request = latest.request() if latest else None
    if request is not None and request.plan.command != plan.command:
        raise ProjectError(
            f"another command is being watched as {chosen}", "choose another name: `trainer-tui watch --name NAME -- …`"
        )
    return place.project, folder, lambda: start.revive(folder) and False


def _starting(place: Workplace, name: str, plan: WatchPlan) -> Begin:
    place.project.check_writable()
    return lambda: start.start_watch(place.folder(name), plan) is not None


def plan_by_name(place: Workplace, name: str, skip_quick: str = "") -> WatchPlan:
    """The plan for a model, or again for a command that was watched under this name before."""
    from trainer_tui.cli.plans import plan_for_model

    try:
        return plan_for_model(place, name, skip_quick)
    except ProjectError:
        latest = place.folder(name).latest()
        request = latest.request() if latest else None
        if name in place.project.model_names() or request is None or request.plan.is_model:
            raise
        return request.plan


def _has_screen() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _cockpit(project: Project, folder: ModelFolder, begin: Begin) -> int:
    with ThreadPoolExecutor(1) as pool:
        # Starting waits for disks and processes; meanwhile the screen's modules are loaded.
        begun: Future[bool] = pool.submit(begin)
        from trainer_tui.tui.app import run_cockpit
        from trainer_tui.tui.cockpit import Cockpit

        begun.result()
    departure = run_cockpit(
        Cockpit(
            model=folder,
            diary=project.diary,
            project_name=project.root.name,
            retry=lambda: _retry(folder),
            revive=lambda: start.revive(folder),
        )
    )
    return _farewell(departure, folder.name)


def _retry(folder: ModelFolder) -> None:
    from trainer_tui.cli.plans import workplace

    place = workplace(without_project=True)
    start.start_watch(folder, plan_by_name(place, folder.name))


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
