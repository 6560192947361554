"""`diary add`, `edit`, `search-log`: what changes the diary, and nothing in it but what is meant."""

from __future__ import annotations

import getpass
import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from trainer_tui.cli.diary_reading import one_entry
from trainer_tui.cli.living import asked
from trainer_tui.cli.places import model_name
from trainer_tui.cli.plans import Site, open_site
from trainer_tui.cli.printing import complain, print_json, say
from trainer_tui.diary import (
    SaveResult,
    add_entry,
    append_to_section,
    edit_entry,
    read,
    replace_section,
    save_entry,
    section_text,
    set_field,
    set_status,
)
from trainer_tui.diary.document import Diary
from trainer_tui.diary.entry import render_blank
from trainer_tui.diary.listing import summary_of, tags_of
from trainer_tui.diary.store import change_diary
from trainer_tui.project import ProjectError
from trainer_tui.runs.plan import PHASE_TITLES
from trainer_tui.runs.verdict import EXIT_GATE, EXIT_PASSED


@dataclass(frozen=True, slots=True)
class Change:
    """What `diary edit` is asked to do; nothing at all means: in an editor."""

    section: str = ""
    text: str | None = None
    append: bool = False
    status: str | None = None
    tags: tuple[str, ...] = ()

    @property
    def is_told(self) -> bool:
        """Whether it can be done without an editor."""
        return self.text is not None or self.status is not None or bool(self.tags)


def add(model: str | None, title: str, text: str, tags: list[str], as_json: bool) -> int:
    """Open an entry; about the newest run of a model, where one is named that has some."""
    place = open_site(without_project=model is None)
    fields = {"Date": datetime.now().strftime("%Y-%m-%d %H:%M"), **_about(place, model)}
    fields |= {"Author": getpass.getuser(), "Tags": ", ".join(tags)}
    told = _given(text)
    number = add_entry(place.project.diary, lambda number: render_blank(number, fields, title, told))
    entry = one_entry(read(place.project.diary), str(number))
    if as_json:
        print_json({"entry": number, "line": entry.line, "file": str(place.project.diary)})
    else:
        say(f"entry #{number}: {place.project.diary}:{entry.line}")
    return EXIT_PASSED


def _about(place: Site, model: str | None) -> dict[str, str]:
    if model is None:
        return {}
    name = model_name(place.project, model)
    found = asked(place.folder(name))
    if not found and name not in place.known_models():
        place.existing(model)  # says that there is none, and which there are
    request = found[-1].request() if found else None
    phase = PHASE_TITLES[request.phase] if request else ""
    return {"Phase": phase, "Model": name, "Run": found[-1].name if found else ""}


def _given(text: str) -> str:
    return sys.stdin.read() if text == "-" else text


def edit(what: str, change: Change, as_json: bool) -> int:
    """Change an entry as told, or in an editor; `EXIT_GATE` when two versions of something are in it now."""
    place = open_site()
    number = one_entry(read(place.project.diary), what).number
    if change.text is not None and not change.section:
        raise ProjectError("which section is that text for?", "name it with --section")
    try:
        result = _told(place, number, change) if change.is_told else _in_editor(place, number, change.section)
    except KeyError as error:
        raise ProjectError(f"entry #{number}: {error.args[0]}") from None
    if as_json:
        print_json({key: value for key, value in asdict(result).items() if key != "text"})
    else:
        say(result.sentence or f"entry #{result.number} is {result.outcome}")
    return EXIT_GATE if result.outcome == "conflict" else EXIT_PASSED


def accept(what: str, as_json: bool) -> int:
    """Accept the fix that an entry proposes: its status becomes RESOLVED."""
    from trainer_tui.supervise.notebook.fix import accept as do

    place = open_site()
    number = one_entry(read(place.project.diary), what).number
    try:
        accepted = do(place.project.diary, number)
    except ValueError as error:
        raise ProjectError(f"entry #{number}: {error}") from None
    if as_json:
        print_json({"number": accepted.number, "run": accepted.run, "sentence": accepted.sentence})
    else:
        say(accepted.sentence)
    return EXIT_PASSED


def _told(place: Site, number: int, change: Change) -> SaveResult:
    text = _given(change.text) if change.text is not None else None

    def apply(entry: str) -> str:
        if text is not None:
            put = append_to_section if change.append else replace_section
            entry = put(entry, change.section, text)
        if change.status is not None:
            entry = set_status(entry, change.status)
        if change.tags:
            entry = set_field(entry, "Tags", ", ".join((*_tags(entry), *_new(change.tags, _tags(entry)))))
        return entry

    return edit_entry(place.project.diary, number, apply)


def _tags(entry: str) -> tuple[str, ...]:
    from trainer_tui.diary import parse

    return summary_of(parse(entry).entries[0]).tags


def _new(tags: tuple[str, ...], known: tuple[str, ...]) -> list[str]:
    return [tag for tag in tags_of(", ".join(tags)) if tag not in known]


def _editor() -> list[str]:
    asked = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        words = shlex.split(asked)
    except ValueError:
        words = []
    if not words:
        raise ProjectError(f"the editor {asked!r} is no command", "set EDITOR")
    return words


def _in_editor(place: Site, number: int, section: str) -> SaveResult:
    """Let a person edit the entry, or a section of it; what cannot be saved stays in a file that is named."""
    command = _editor()
    entry = one_entry(read(place.project.diary), str(number))
    shown = section_text(entry.text, section) if section else entry.text
    descriptor, name = tempfile.mkstemp(prefix=f"dev_diary-entry-{number}-", suffix=".md")
    path = Path(name)
    with os.fdopen(descriptor, "wb") as file:
        file.write(shown.encode("utf-8", "surrogateescape"))
    try:
        code = subprocess.run([*command, name]).returncode
    except OSError as error:
        path.unlink()
        raise ProjectError(
            f"the editor {command[0]!r} cannot be started: {error.strerror}", "set EDITOR"
        ) from None
    written = path.read_bytes().decode("utf-8", "surrogateescape")
    try:
        if code:
            raise ProjectError(f"{command[0]} ended with exit code {code}; nothing was saved")
        new = replace_section(entry.text, section, written) if section and written != shown else written
        result = (
            SaveResult("unchanged", number, entry.text, f"entry #{number} is as it was")
            if written == shown
            else save_entry(place.project.diary, number, entry.text, new)
        )
    except BaseException:
        if written != shown:
            complain(f"what you wrote is in {path}")
        else:
            path.unlink()
        raise
    path.unlink()
    return result


def search_log(source: str, study: str, model: str, metric: str, direction: str, as_json: bool) -> int:
    """Write a search into the diary, or bring it up to date."""
    from trainer_tui.diary.search_log import Logged, SearchLogError, log_search
    from trainer_tui.diary.studies import StudyError, from_csv, from_optuna, from_trials

    place = open_site()
    try:
        if "://" in source:
            if not study:
                raise ProjectError("which study?", "name it with --study")
            found = from_optuna(source, study, metric)
        else:
            path = Path(source).expanduser()
            if path.is_dir() or path.suffix == ".jsonl":
                found = from_trials(path, study, metric, direction)
            else:
                found = from_csv(path, study or path.stem, metric, direction)
    except StudyError as error:
        raise ProjectError(str(error)) from None

    def change(diary: Diary) -> tuple[Diary, Logged]:
        return log_search(diary, found, model, _entries_of_runs(diary))

    try:
        logged = change_diary(place.project.diary, change)
    except SearchLogError as error:
        raise ProjectError(str(error)) from None
    best = found.best
    if as_json:
        chosen = {"trial": best.number, "value": best.value, "params": dict(best.params)} if best else None
        print_json({**asdict(logged), "study": found.name, "trials": len(found.trials), "selected": chosen})
        return EXIT_PASSED
    kept = "; what was changed in it by hand stands below it now" if logged.outcome == "kept" else ""
    told = "is up to date" if logged.outcome == "unchanged" else "was written"
    say(f"the search log of {found.name} {told}: {place.project.diary}:{logged.line}{kept}")
    return EXIT_PASSED


def _entries_of_runs(diary: Diary) -> dict[str, int]:
    """Run → number of its first entry."""
    found: dict[str, int] = {}
    for entry in diary.entries:
        run = summary_of(entry).run
        if run:
            found.setdefault(run, entry.number)
    return found
