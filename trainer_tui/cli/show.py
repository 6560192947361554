"""Commands that only look: `status`, `events`, `check`."""

from __future__ import annotations

import time
from dataclasses import replace

from trainer_tui.cli.living import asked, newest_asked
from trainer_tui.cli.plans import Site, open_site
from trainer_tui.cli.printers import progress_text
from trainer_tui.cli.printing import (
    complain,
    event_line,
    gate_line,
    is_bookkeeping,
    print_json,
    say,
    state_words,
)
from trainer_tui.cli.records import look, run_record
from trainer_tui.project import ProjectError
from trainer_tui.runs.changes import Changes
from trainer_tui.runs.events import EventReader
from trainer_tui.runs.files import is_locked
from trainer_tui.runs.follow import RunFollower
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.plan import WatchPlan
from trainer_tui.runs.state import observe
from trainer_tui.runs.verdict import EXIT_GATE, EXIT_PASSED, EXIT_RUNNING
from trainer_tui.supervise import start
from trainer_tui.supervise.revival import Revival


def status(model: str | None, as_json: bool) -> int:
    """The newest run of each model. With a model: exit code of its run, `EXIT_RUNNING` while it runs."""
    place = open_site()
    found = [run for folder in _folders(place, model) if (run := newest_asked(folder)) is not None]
    looks = [look(run) for run in found]
    if as_json:
        print_json(run_record(looks[0]) if model is not None else [run_record(seen) for seen in looks])
    else:
        for seen in looks:
            say(f"{seen.state.name}  {_standing(seen)}")
        if not looks:
            say("no run yet; `trainer-tui watch MODEL` starts one")
    if model is None:
        return EXIT_PASSED
    state = looks[0].state
    return state.exit_code if state.over else EXIT_RUNNING


def events(model: str, number: int | None, follow: bool, as_json: bool) -> int:
    """What happened to a run; `follow` goes on to the runs after it, until the watch is over."""
    folder = open_site().existing(model)
    run = pick(folder, number)
    while True:
        if not _print_events(folder, run, follow, as_json):
            return EXIT_GATE
        following = next((r for r in asked(folder) if r.number > run.number), None)
        if not follow or following is None:
            return EXIT_PASSED
        run = following


def check(model: str, number: int | None, as_json: bool) -> int:
    """The checklist as run and diary stand now; `EXIT_GATE` when a gate failed or waits for a person."""
    from trainer_tui.supervise.gates import evaluate, failures, open_gates

    place = open_site()
    folder = place.existing(model)
    full = (run for run in folder.newest_first() if run.phase == "full" and run.run_json.exists())
    run = (next(full, None) if number is None else None) or pick(folder, number)
    state = observe(run)
    request = run.request()
    if request is None:
        raise ProjectError(f"{run.name} has no readable run.json", "it was never launched")
    if not state.over:
        if as_json:
            print_json(
                {"run": state.name, "reason": None, "passed": None, "gates": [], "exit_code": EXIT_RUNNING}
            )
        else:
            say(f"{state.name} has not ended: {state_words(state)}")
        return EXIT_RUNNING
    results = evaluate(run, state, _with_skips(place, request.plan), place.project.diary)
    code = EXIT_GATE if failures(results) or open_gates(results) else EXIT_PASSED
    if as_json:
        gates = [result.to_dict() for result in results]
        print_json(
            {"run": state.name, "reason": state.reason, "passed": not code, "gates": gates, "exit_code": code}
        )
    else:
        say(f"{state.name}  {state_words(state)}")
        for result in results:
            say(gate_line(result))
    return code


def pick(folder: ModelFolder, number: int | None) -> RunFolder:
    """The run with this number, the newest without one. Raises ProjectError when there is none."""
    run = newest_asked(folder) if number is None else folder.find(number)
    if run is None or not run.run_json.exists():
        found = asked(folder)
        have = ", ".join(str(r.number) for r in found[-8:])
        raise ProjectError(f"{folder.name} has no run {number}", f"it has {have or 'none'}")
    return run


def _folders(place: Site, model: str | None) -> list[ModelFolder]:
    return (
        [place.existing(model)]
        if model is not None
        else [place.folder(name) for name in place.known_models()]
    )


def _standing(seen: RunFollower) -> str:
    words = state_words(seen.state)
    if any(source == "supervisor" for source, _ in seen.state.blind):
        words += f"; `trainer-tui watch {seen.state.model}` takes over"
    return f"{words}  {progress_text(seen)}" if seen.state.alive else words


def _with_skips(place: Site, plan: WatchPlan) -> WatchPlan:
    """The plan with the gates that the settings skip now: a reason written after the run counts as well."""
    skips = place.settings.for_model(plan.model).gates.skip
    return replace(plan, skipped_gates={**plan.skipped_gates, **skips})


def _print_events(folder: ModelFolder, run: RunFolder, follow: bool, as_json: bool) -> bool:
    """To the end of the run; False where its watch waits for a user who asks for it to be carried on."""
    reader = EventReader(run.events)
    changes = Changes([run.path, folder.path])

    def revive() -> None:
        if start.come_back(folder):
            complain(f"{run.name} had no supervisor; one took over")

    revival = Revival(revive)
    try:
        while True:
            # Asked before the events are read, so that the last of them are read too.
            over = (
                not follow or not start.is_unfinished(folder) or (folder.latest() or run).number > run.number
            )
            new = reader.poll()
            for event in new:
                if as_json:
                    print_json({"run": run.name, **event})
                elif not is_bookkeeping(event):
                    for line in event_line(event).split("\n"):
                        say(line)
            if over and not new:
                return True
            if not over:
                revival.look(bool(is_locked(folder.supervisor_lock)), time.monotonic())
                if revival.refused and not observe(run).alive:
                    complain(f"nobody carries on the watch of {run.name}: {revival.problem}")
                    return False
                changes.wait(bool(new))
    finally:
        changes.close()
