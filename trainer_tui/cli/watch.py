"""`watch`: start or find the run, then look at it, with the screen or without."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer_tui.cli.living import lives
from trainer_tui.cli.places import declared_project, model_folder, model_name
from trainer_tui.cli.printing import complain, say
from trainer_tui.project import Project, ProjectError
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.plain import FILE_MODE
from trainer_tui.runs.state import observe
from trainer_tui.runs.verdict import EXIT_PASSED
from trainer_tui.supervise import start

if TYPE_CHECKING:
    from trainer_tui.cli.plans import Site
    from trainer_tui.runs.plan import WatchPlan
    from trainer_tui.tui.cockpit import Departure

UNTIL = ("failure", "gate", "end")

Begin = Callable[[], RunFolder | None]
"""Starts what is to be watched and returns its first run; None when it lived already or is only looked at."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What stood on the command line."""

    model: str | None
    command: list[str] | None
    name: str = ""
    headless: bool = False
    until: str = "end"
    skip_quick: str | None = None
    attach: bool = False
    as_json: bool = False

    @property
    def on_screen(self) -> bool:
        """Whether the dashboard is what shows it."""
        plain = self.headless or self.as_json or self.until != "end"
        return not plain and _has_screen()


def watch(wish: Wish) -> int:
    """Start or attach, view, and return the exit code of the run (0 when it goes on without us)."""
    _check(wish)
    if wish.command is not None:
        project, folder, begin = _for_command(wish, wish.command)
    else:
        project, folder, begin = _for_model(wish)
    return _view(wish, project, folder, begin)


def watch_plan(place: Site, plan: WatchPlan, *, headless: bool, as_json: bool) -> int:
    """Start what a plan says, or come back to it while it lives; the exit code of the run."""
    folder = place.folder(plan.model)
    wish = Wish(model=plan.model, command=None, headless=headless, as_json=as_json)
    if not lives(folder):
        return _view(wish, place.project, folder, _starting(place, plan.model, plan))
    latest = folder.newest()
    request = latest.request() if latest else None
    if request is not None and request.plan.command != plan.command:
        raise ProjectError(
            f"something else is being watched as {plan.model}",
            f"choose another name, or look at it with `trainer-tui watch {plan.model}`",
        )
    return _view(wish, place.project, folder, lambda: _revive(folder))


def _view(wish: Wish, project: Project, folder: ModelFolder, begin: Begin) -> int:
    if wish.on_screen:
        code = _cockpit(project, folder, begin)
    else:
        from trainer_tui.cli.headless import follow

        code = follow(folder, until=wish.until, as_json=wish.as_json, first=begin())
    mark_seen(folder)
    return code


def _check(wish: Wish) -> None:
    """Raises ProjectError for what makes no sense together."""
    if wish.until not in UNTIL:
        raise ProjectError(f"--until {wish.until!r} is unknown", f"allowed: {', '.join(UNTIL)}")
    if (wish.model is None) == (wish.command is None):
        raise ProjectError(
            "say what to watch",
            "a model (`trainer-tui watch model_3`) or a command (`trainer-tui watch -- CMD ARGS`)",
        )
    if wish.skip_quick is not None:
        if not wish.skip_quick.strip():
            raise ProjectError("--skip-quick needs a written reason", "it stays with the run")
        if wish.command is not None or wish.attach:
            raise ProjectError(
                "--skip-quick is for starting a model",
                "a command has no quick phase, and --attach starts nothing",
            )
    if wish.name and wish.command is None:
        raise ProjectError("--name names a command", "as in `trainer-tui watch --name NAME -- CMD ARGS`")


def _for_model(wish: Wish) -> tuple[Project, ModelFolder, Begin]:
    assert wish.model is not None
    project = declared_project()
    name = model_name(project, wish.model)
    folder = model_folder(project, name)
    unseen = wish.on_screen and wish.skip_quick is None and _ended_unseen(folder)
    if unseen or lives(folder) or (wish.attach and folder.newest() is not None):
        if wish.skip_quick is not None:
            complain(
                f"--skip-quick comes too late, {name} is being watched; "
                f"`trainer-tui skip {name} --why REASON` ends the quick phase"
            )
        # Coming back needs no settings: they are in the run folder.
        return project, folder, lambda: _revive(folder)
    from trainer_tui.cli.plans import open_site

    place = open_site()
    if wish.attach:
        place.existing(name)
    return (
        place.project,
        place.folder(name),
        _starting(place, name, plan_by_name(place, name, wish.skip_quick or "")),
    )


def _for_command(wish: Wish, command: list[str]) -> tuple[Project, ModelFolder, Begin]:
    from trainer_tui.cli.plans import open_site, plan_for_command

    place = open_site(without_project=True)
    chosen, plan = plan_for_command(place, command, wish.name)
    if wish.attach:
        place.existing(chosen)
    folder = place.folder(chosen)
    living = lives(folder)
    latest = folder.newest()
    request = latest.request() if latest else None
    if living and request is not None and request.plan.command != plan.command:
        raise ProjectError(
            f"another command is being watched as {chosen}",
            "choose another name: `trainer-tui watch --name NAME -- …`",
        )
    if living or wish.attach:
        return place.project, folder, lambda: _revive(folder)
    return place.project, folder, _starting(place, chosen, plan)


def _ended_unseen(folder: ModelFolder) -> bool:
    """Whether the newest run ended while nobody looked: who comes back wants its end, not another run."""
    latest = folder.newest()
    return latest is not None and not latest.seen.exists() and not lives(folder)


def mark_seen(folder: ModelFolder) -> None:
    latest = folder.newest()
    if latest is not None and observe(latest).over:
        with contextlib.suppress(OSError):  # on a full disk the end is shown once more, no harm
            latest.seen.touch(FILE_MODE)


def _revive(folder: ModelFolder) -> None:
    start.revive(folder)


def _starting(place: Site, name: str, plan: WatchPlan) -> Begin:
    place.project.check_writable()
    return lambda: start.start_watch(place.folder(name), plan)


def plan_by_name(place: Site, name: str, skip_quick: str = "") -> WatchPlan:
    """The plan for a model, or again for a command that was watched under this name before.

    Raises ProjectError when there is neither.
    """
    from trainer_tui.cli.plans import moved_here, plan_for_model

    try:
        return plan_for_model(place, name, skip_quick)
    except ProjectError:
        latest = place.folder(name).newest()
        request = latest.request() if latest else None
        if name in place.project.model_names() or request is None or _has_its_own_file(request.plan):
            raise
        if skip_quick:
            raise ProjectError(
                "--skip-quick is for starting a model", "a command has no quick phase"
            ) from None
        return moved_here(request.plan, place.project.root)


def _has_its_own_file(plan: WatchPlan) -> bool:
    from trainer_tui.cli.train_plan import is_training

    return plan.is_model and not is_training(plan)


def retry(folder: ModelFolder, *, full: bool = False) -> RunFolder | None:
    """Start the next attempt of a model, or of a command watched before; None while it is being watched.

    `full`: begin with the full phase, which is refused unless a quick run passed with just this. Raises
    ProjectError or SettingsError when it cannot be planned any more.
    """
    from trainer_tui.cli.plans import open_site

    place = open_site(without_project=True)
    plan = plan_by_name(place, folder.name)
    place.project.check_writable()
    if lives(folder):
        return None
    if full and plan.phases[0] == "quick":
        from trainer_tui.supervise.unchanged import quick_that_holds, without_quick

        quick, why = quick_that_holds(folder, plan)
        if quick is None:
            raise ProjectError(
                f"the quick phase is needed: {why}", f"`trainer-tui retry {folder.name}` begins with it"
            )
        plan = without_quick(plan, quick)
    return start.start_watch(folder, plan)


def _has_screen() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _cockpit(project: Project, folder: ModelFolder, begin: Begin) -> int:
    with ThreadPoolExecutor(1) as pool:
        # Starting waits for disks and processes; meanwhile the screen's modules are loaded.
        begun: Future[RunFolder | None] = pool.submit(begin)
        from trainer_tui.tui.app import run_cockpit
        from trainer_tui.tui.cockpit import Cockpit
        from trainer_tui.tui.themes import theme_setting

        begun.result()
    departure = run_cockpit(
        Cockpit(
            model=folder,
            diary=project.diary,
            project_name=project.root.name,
            retry=lambda: retry(folder),
            revive=lambda: start.come_back(folder),
            theme=theme_setting(project.root, os.environ),
        )
    )
    return _farewell(departure, folder.name)


def _farewell(departure: Departure, name: str) -> int:
    from trainer_tui.cli.printing import state_words

    state = departure.state
    for path in departure.unsaved:
        complain(f"diary text that could not be written into the diary is kept in {path}")
    if state is None:
        return EXIT_PASSED
    if departure.goes_on:
        say(f"{state.name} goes on without this screen. Come back: trainer-tui watch {name}")
        say(f"End it: trainer-tui stop {name}")
        return EXIT_PASSED
    say(f"{state.name} {state_words(state)}")
    return state.exit_code
