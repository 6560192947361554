"""Commands that delete runs and bring them back: `delete`, `restore`, `trash`."""

from __future__ import annotations

import sys

from trainer_tui.cli.listing import find_run
from trainer_tui.cli.plans import open_site
from trainer_tui.cli.printing import complain, print_json, say, table
from trainer_tui.project import ProjectError
from trainer_tui.runs.catalog.trash import Trashed, TrashError, list_trash, refusal
from trainer_tui.runs.catalog.trash import delete as put_away
from trainer_tui.runs.catalog.trash import empty as empty_trash
from trainer_tui.runs.catalog.trash import restore as bring_back
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.units import counted
from trainer_tui.runs.verdict import EXIT_FAILED, EXIT_PASSED


def delete(names: list[str], yes: bool, as_json: bool) -> int:
    """Move runs to the trash; `EXIT_FAILED` when one was refused, and then the others still go."""
    place = open_site()
    found = {run.path: run for run in (find_run(place, name) for name in names)}
    allowed = [run for run in found.values() if not refusal(run)]
    if allowed and not _agreed(f"move {_listed(allowed)} to the trash?", yes):
        return EXIT_PASSED
    answers = [(run.name, _delete(run)) for run in found.values()]
    if as_json:
        print_json([{"run": name, "deleted": not why, "why": why} for name, why in answers])
    for name, why in answers:
        if why:
            complain(why)
        elif not as_json:
            say(f"{name} is in the trash; `trainer-tui restore {name}` brings it back")
    return EXIT_FAILED if any(why for _, why in answers) else EXIT_PASSED


def restore(name: str, as_json: bool) -> int:
    """Bring one run back."""
    lying = list_trash(open_site().project.output)
    found = [one for one in lying if _is_named(one, name)]
    if not found:
        have = ", ".join(one.name for one in lying[-8:])
        raise ProjectError(f"{name} is not in the trash", f"it holds {have or 'nothing'}")
    try:
        run = bring_back(found[-1])
    except TrashError as error:
        raise ProjectError(str(error)) from None
    except OSError as error:
        raise ProjectError(f"{name} cannot be restored: {error.strerror or error}") from None
    if as_json:
        print_json({"run": run.name, "folder": str(run.path)})
    else:
        say(f"{run.name} is back")
    return EXIT_PASSED


def trash(empty: bool, yes: bool, as_json: bool) -> int:
    """List the trash, or empty it."""
    output = open_site().project.output
    lying = list_trash(output)
    if not empty:
        if as_json:
            print_json([{"run": one.name, "when": one.when, "folder": str(one.run.path)} for one in lying])
        elif lying:
            table([(one.name, one.when[:19].replace("T", " ")) for one in lying], ("run", "deleted (UTC)"))
        else:
            say("the trash is empty")
        return EXIT_PASSED
    if lying and not _agreed(f"delete {counted(len(lying), 'run', 'runs')} for good?", yes):
        return EXIT_PASSED
    try:
        count = empty_trash(output)
    except OSError as error:
        raise ProjectError(f"the trash cannot be emptied: {error.strerror or error}") from None
    if as_json:
        print_json({"deleted": count})
    else:
        say(f"{counted(count, 'run', 'runs')} deleted for good")
    return EXIT_PASSED


def _delete(run: RunFolder) -> str:
    """Move one run to the trash; why not, in one sentence."""
    try:
        put_away(run)
    except TrashError as error:
        return str(error)
    except OSError as error:
        return f"{run.name} cannot be moved to the trash: {error.strerror or error}"
    return ""


def _agreed(question: str, yes: bool) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        raise ProjectError("nobody can be asked here", "--yes says that it is meant so")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _listed(runs: list[RunFolder]) -> str:
    names = ", ".join(run.name for run in runs[:5])
    return names if len(runs) <= 5 else f"{names} and {len(runs) - 5} more"


def _is_named(one: Trashed, text: str) -> bool:
    model, _, number = text.strip("/").rpartition("/")
    number = number.partition("-")[0]
    return one.run.model == model and number.isdecimal() and one.run.number == int(number)
