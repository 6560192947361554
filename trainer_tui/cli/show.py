"""Commands that only look: `status`, `runs`, `events`, `check`."""

from __future__ import annotations

from trainer_tui.cli.plans import Workplace, workplace
from trainer_tui.cli.printing import event_line, gate_line, print_json, say, state_record, state_words, table
from trainer_tui.project import ProjectError
from trainer_tui.runs.changes import Changes
from trainer_tui.runs.clock import duration_text
from trainer_tui.runs.events import EventReader
from trainer_tui.runs.history import History, read_history
from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.state import RunState, observe
from trainer_tui.runs.verdict import EXIT_GATE, EXIT_PASSED, EXIT_RUNNING
from trainer_tui.supervise import start


def status(model: str | None, as_json: bool) -> int:
    """The newest run of each model. With a model: exit code of its run, `EXIT_RUNNING` while it runs."""
    place = workplace()
    folders = [place.existing(model)] if model else [place.folder(name) for name in place.known_models()]
    states = [observe(latest) for folder in folders if (latest := folder.latest()) is not None]
    if as_json:
        print_json(state_record(states[0]) if model else [state_record(state) for state in states])
    else:
        for state in states:
            say(f"{state.name}  {state_words(state)}")
        if not states:
            say("no run yet; `trainer-tui watch MODEL` starts one")
    if model is None:
        return EXIT_PASSED
    return states[0].exit_code if states[0].over else EXIT_RUNNING


def runs(model: str | None, as_json: bool, rebuild: bool) -> int:
    """Every run, newest last."""
    place = workplace()
    if rebuild:
        _rebuild(place)
    folders = [place.existing(model)] if model else [place.folder(name) for name in place.known_models()]
    found = [(run, observe(run)) for folder in folders for run in folder.runs() if run.run_json.exists()]
    found.sort(key=lambda pair: (pair[1].created, pair[1].name))
    if as_json:
        print_json([_run_record(run, state) for run, state in found])
        return EXIT_PASSED
    rows = [
        (
            state.name,
            state.reason or state.status,
            (state.started or state.created)[:19].replace("T", " "),
            duration_text(state.duration_s),
            _gib((state.exit or {}).get("max_rss_bytes")),
            state.sentence,
        )
        for _, state in found
    ]
    table(rows, ("run", "state", "started (UTC)", "took", "memory", "why"))
    return EXIT_PASSED


def events(model: str, number: int | None, follow: bool, as_json: bool) -> int:
    """What happened to a run; `follow` goes on to the runs after it, until the watch is over."""
    folder = workplace().existing(model)
    run = pick(folder, number)
    while True:
        _print_events(folder, run, follow, as_json)
        following = next((r for r in folder.runs() if r.number > run.number), None)
        if not follow or following is None:
            return EXIT_PASSED
        run = following


def check(model: str, number: int | None, as_json: bool) -> int:
    """The checklist as run and diary stand now; `EXIT_GATE` when a gate failed or waits for a person."""
    from trainer_tui.supervise.gates import evaluate, failures, open_gates

    place = workplace()
    folder = place.existing(model)
    full = [run for run in folder.runs() if run.phase == "full"]
    run = pick(folder, number) if number or not full else full[-1]
    state = observe(run)
    request = run.request()
    if request is None:
        raise ProjectError(f"{run.name} has no readable run.json", "it was never launched")
    if not state.over:
        say(f"{state.name} has not ended: {state_words(state)}")
        return EXIT_RUNNING
    results = evaluate(run, state, request.plan, place.project.diary)
    if as_json:
        print_json({"run": state.name, "reason": state.reason, "gates": list(results)})
    else:
        say(f"{state.name}  {state_words(state)}")
        for result in results:
            say(gate_line(result))
    return EXIT_GATE if failures(results) or open_gates(results) else EXIT_PASSED


def pick(folder: ModelFolder, number: int | None) -> RunFolder:
    """The run with this number, the newest without one. Raises ProjectError when there is none."""
    run = folder.latest() if number is None else folder.find(number)
    if run is None:
        have = ", ".join(str(r.number) for r in folder.runs()[-8:])
        raise ProjectError(f"{folder.name} has no run {number}", f"it has {have}")
    return run


def _print_events(folder: ModelFolder, run: RunFolder, follow: bool, as_json: bool) -> None:
    reader = EventReader(run.events)
    changes = Changes([run.path, folder.path])
    try:
        while True:
            # Asked before the events are read, so that the last of them are read too.
            over = not follow or not start.is_unfinished(folder) or (folder.latest() or run).number > run.number
            new = reader.poll()
            for event in new:
                if as_json:
                    print_json({"run": run.name, **event})
                else:
                    for line in event_line(event).split("\n"):
                        say(line)
            if over and not new:
                return
            if not over:
                changes.wait(bool(new))
    finally:
        changes.close()


def _run_record(run: RunFolder, state: RunState) -> dict[str, object]:
    request = run.request()
    try:
        history = read_history(run.history_of(request.plan)) if request else History()
    except OSError:
        history = History()
    last = {name: history.last(name) for name in history.metrics()}
    return {**state_record(state), "folder": str(run.path), "log": str(run.log()), "last": last}


def _rebuild(place: Workplace) -> None:
    from trainer_tui.runs import index

    url = place.project.index_url or index.default_url(place.project.output)
    count = index.rebuild(index.open_index(url), place.project.output)
    say(f"the index was made anew from {count} runs")


def _gib(size: float | None) -> str:
    return f"{size / (1 << 30):.2f} GiB" if size else "–"
