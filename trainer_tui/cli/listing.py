"""Commands about runs in general that only look or label: `runs`, `tag`, `compare`."""

from __future__ import annotations

import math
import os
from pathlib import Path

from trainer_tui.cli.plans import Site, open_site
from trainer_tui.cli.printing import complain, print_json, say, table
from trainer_tui.cli.records import look, run_record, summary_record
from trainer_tui.project import ProjectError
from trainer_tui.runs.catalog.catalog import read_all
from trainer_tui.runs.catalog.compare import Comparison, Difference
from trainer_tui.runs.catalog.compare import compare as hold_against
from trainer_tui.runs.catalog.labels import LONGEST_NOTE, read_labels, split_tags, write_labels
from trainer_tui.runs.catalog.shortlist import Order, Shortlist
from trainer_tui.runs.catalog.summary import RunSummary
from trainer_tui.runs.clock import duration_text
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.text import clean
from trainer_tui.runs.units import bytes_text
from trainer_tui.runs.verdict import EXIT_PASSED

NO_RUN = "no run yet; `trainer-tui watch MODEL` starts one"


def runs(model: str | None, words: str, as_json: bool, rebuild: bool, whole: bool = False) -> int:
    """Every run, newest last, or those that have all the words; `whole`: the JSON has all of each run."""
    if whole and not as_json:
        raise ProjectError("--whole is for --json", "`trainer-tui status MODEL` shows one run")
    place = open_site()
    if rebuild:
        _rebuild(place)
    only = None if model is None else [place.existing(model).name]
    listed = read_all(place.project.output, place.project.logs, only)
    # A folder without `run.json` was never finished and is nobody's run.
    folders = {
        run.key: folder for folder, run in listed if run.status != "incomplete" or folder.run_json.exists()
    }
    found = [run for _, run in listed if run.key in folders]
    if words:
        wanted = {run.key for run in Shortlist().of(found, words, Order())}
        found = [run for run in found if run.key in wanted]
    if as_json and whole:
        print_json([_record(folders[run.key]) for run in found])
    elif as_json:
        print_json([summary_record(run, folders[run.key].path, place.project.logs) for run in found])
    elif found:
        rows = [_row(run) for run in found]
        table(rows, ("run", "state", "started (UTC)", "took", "memory", "best", "why"))
    else:
        say("no run has all of these words" if words else NO_RUN)
    return EXIT_PASSED


def tag(name: str, add: list[str], remove: list[str], note: str | None, as_json: bool) -> int:
    """Change the labels of a run and print them; without a change only that."""
    run = find_run(open_site(), name)
    before = read_labels(run)
    gone = [word for text in remove for word in split_tags(text)]
    labels = before.with_tags((word for text in add for word in split_tags(text)), gone)
    if note is not None:
        labels = type(labels)(labels.tags, clean(note, LONGEST_NOTE).strip())
    if labels != before:
        try:
            write_labels(run, labels)
        except OSError as error:
            raise ProjectError(f"{run.name} cannot be labelled: {error.strerror or error}") from None
    if as_json:
        print_json({"run": run.name, "tags": list(labels.tags), "note": labels.note})
    else:
        say(f"{run.name}  {' '.join(f'#{word}' for word in labels.tags) or 'no tags'}")
        if labels.note:
            say(labels.note)
    return EXIT_PASSED


def compare(name: str, other: str, as_json: bool) -> int:
    """Print what differs between two runs."""
    place = open_site()
    comparison = hold_against(find_run(place, name), find_run(place, other))
    if as_json:
        print_json(comparison.to_dict())
    else:
        _print_comparison(comparison)
    return EXIT_PASSED


def open_screen(model: str | None) -> int:
    """The screens, with the list of all runs in front; they watch the model, or the one that ran last."""
    place = open_site()
    if model is None:
        listed = read_all(place.project.output, place.project.logs)
        asked = [folder for folder, run in listed if run.status != "incomplete"]
        if not asked:
            raise ProjectError("there is no run yet", "`trainer-tui watch MODEL` starts one")
        model = asked[-1].model
    folder = place.existing(model)
    from trainer_tui.cli.watch import retry
    from trainer_tui.supervise import start
    from trainer_tui.tui.app import run_cockpit
    from trainer_tui.tui.cockpit import Cockpit
    from trainer_tui.tui.themes import theme_setting

    cockpit = Cockpit(
        model=folder,
        diary=place.project.diary,
        project_name=place.project.root.name,
        retry=lambda: retry(folder),
        revive=lambda: start.come_back(folder),
        theme=theme_setting(place.project.root, os.environ),
    )
    left = run_cockpit(cockpit, "runs")
    for path in left.unsaved:
        complain(f"diary text that could not be written into the diary is kept in {path}")
    return EXIT_PASSED


def find_run(place: Site, text: str) -> RunFolder:
    """The run that a word on the command line names. Raises ProjectError when there is none."""
    path = Path(text)
    if path.is_dir() and (path / "run.json").exists():
        return RunFolder(path.absolute())
    model, _, number = text.strip("/").rpartition("/")
    number = number.partition("-")[0]
    if not model or not number.isdecimal():
        folder = place.existing(text)
        newest = folder.newest()
        if newest is None:
            raise ProjectError(f"{folder.name} has no run that can be read", "`trainer-tui runs` lists them")
        return newest
    folder = place.existing(model.rpartition("/")[2])
    run = folder.find(int(number))
    if run is None:
        have = ", ".join(str(other.number) for other in folder.runs()[-8:])
        raise ProjectError(f"{folder.name} has no run {int(number)}", f"it has {have or 'none'}")
    return run


def _row(run: RunSummary) -> tuple[str, ...]:
    tags = " ".join(f"#{word}" for word in run.tags)
    return (
        run.key,
        run.word,
        run.started[:19].replace("T", " "),
        duration_text(run.duration_s),
        bytes_text(math.nan if run.peak_bytes is None else run.peak_bytes),
        "–" if run.best is None else f"{run.metric} {run.best:.4g}",
        "  ".join(part for part in (tags, run.note, run.sentence) if part),
    )


def _record(run: RunFolder) -> dict[str, object]:
    labels = read_labels(run)
    return {**run_record(look(run)), "tags": list(labels.tags), "note": labels.note}


def _print_comparison(comparison: Comparison) -> None:
    for title, rows in (
        ("Configuration", comparison.configuration),
        ("Environment", comparison.environment),
        ("Result", comparison.result),
    ):
        say(title)
        if rows:
            table([_line(row) for row in rows], ("", comparison.left, comparison.right, ""))
        else:
            say("  alike")
        say("")
    say("Code")
    for line in comparison.patch.splitlines() or ["  alike"]:
        say(line)
    for note in comparison.notes:
        complain(note)


def _line(row: Difference) -> tuple[str, ...]:
    return f"  {row.name}", row.left or "–", row.right or "–", row.change


def _rebuild(place: Site) -> None:
    from sqlalchemy.exc import SQLAlchemyError

    from trainer_tui.runs import index, index_rows

    url = place.project.index_url or index_rows.default_url(place.project.output)
    try:
        count = index.rebuild(index.open_index(url), place.project.output)
    except (SQLAlchemyError, ImportError) as error:
        why = str(error).splitlines()[0]
        raise ProjectError(
            f"the run index cannot be made at {url}: {why}", "mend [index] url in trainer.toml"
        ) from None
    complain(f"the index was made anew from {count} run{'' if count == 1 else 's'}")
