"""`diary list`, `show`, `check`: they only read; the file keeps every byte and its time."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

from trainer_tui.cli.plans import Site, open_site
from trainer_tui.cli.printing import print_json, say, table
from trainer_tui.cli.streams import put_bytes
from trainer_tui.diary import Diary, Entry, complete, ranges, read, section_text
from trainer_tui.diary.advice import check_diary, run_of
from trainer_tui.diary.advice_table import RUN_NAME
from trainer_tui.diary.document import encode
from trainer_tui.diary.known import known_runs
from trainer_tui.diary.listing import Filter, Summary, find_entries, summary_of
from trainer_tui.diary.marker import quoted
from trainer_tui.project import ProjectError
from trainer_tui.runs.incident import Incident
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.state import observe
from trainer_tui.runs.units import counted
from trainer_tui.runs.verdict import EXIT_GATE, EXIT_PASSED

_TITLE_WIDTH = 60


def list_entries(wanted: Filter, as_json: bool) -> int:
    """The entries that are wanted, in the order of the file."""
    place = open_site()
    found = [
        (entry, row)
        for entry in read(place.project.diary).entries
        if wanted.wants(entry, row := summary_of(entry))
    ]
    if as_json:
        print_json([record(entry, row) for entry, row in found])
        return EXIT_PASSED
    if not found:
        say("no entry; `trainer-tui diary add` opens one")
        return EXIT_PASSED
    rows = [_row(row) for _, row in found]
    table(rows, ("entry", "date", "run", "kind", "status", "tags", "title"))
    return EXIT_PASSED


def _row(row: Summary) -> tuple[str, ...]:
    title = row.title if len(row.title) <= _TITLE_WIDTH else row.title[: _TITLE_WIDTH - 1] + "…"
    copy = " (conflict copy)" if row.is_copy else ""
    run = row.run or row.model
    return f"#{row.number}{copy}", row.date, run, row.kind, row.status, ", ".join(row.tags), title


def record(entry: Entry, row: Summary) -> dict[str, Any]:
    """An entry as plain data, without its text."""
    return {**asdict(row), "sections": list(ranges(entry.text))[1:], "complete": not complete(entry)}


def show(what: str, section: str, with_incident: bool, as_json: bool) -> int:
    """An entry as it stands; with its incident, where it is about one."""
    place = open_site()
    entry = one_entry(read(place.project.diary), what)
    text = _section(entry, section) if section else entry.text
    row = summary_of(entry)
    found = incident_of(place, row) if with_incident else None
    if as_json:
        document = {**record(entry, row), "text": text}
        if with_incident:
            document["incident_record"] = _incident_record(place, found)
        print_json(document)
        return EXIT_PASSED
    if sys.stdout.isatty():
        for line in text.splitlines():
            say(line)
    else:
        put_bytes(encode(text))
    if with_incident:
        for line in _incident_lines(place, row, found):
            say(line)
    return EXIT_PASSED


def one_entry(diary: Diary, what: str) -> Entry:
    """The entry that is named. Raises ProjectError when there is none."""
    found = find_entries(diary, what)
    if not found:
        numbers = [entry.number for entry in diary.entries]
        have = f"it has #{min(numbers)} to #{max(numbers)}" if numbers else "it is empty"
        raise ProjectError(f"the diary has no entry {what!r}", f"{have}; `trainer-tui diary list` shows them")
    return found[0] if what.strip().removeprefix("#").isdigit() else found[-1]


def _section(entry: Entry, name: str) -> str:
    try:
        return section_text(entry.text, name)
    except KeyError as error:
        raise ProjectError(f"entry #{entry.number} has {error.args[0]}") from None


def incident_of(place: Site, row: Summary) -> tuple[RunFolder, Incident] | None:
    """The run and the incident that an entry was opened for, where they are still there."""
    model, _, name = row.run.rpartition("/")
    run = next((run for run in place.folder(model).runs() if run.path.name == name), None) if model else None
    if run is None:
        return None
    incidents = observe(run).incidents
    found = next((each for each in incidents if row.incident and quoted(each.id) == row.incident), None)
    return (run, found) if found is not None else None


def _incident_record(place: Site, found: tuple[RunFolder, Incident] | None) -> dict[str, Any] | None:
    if found is None:
        return None
    run, incident = found
    return {"run": run.name, "log": str(run.log()), **incident.to_dict()}


def _incident_lines(place: Site, row: Summary, found: tuple[RunFolder, Incident] | None) -> list[str]:
    if found is None:
        why = (
            f"the run {row.run} is not here, or knows it no more" if row.incident else "it was opened by hand"
        )
        return ["", f"No incident: {why}."]
    run, incident = found
    where = f":{incident.line}" if incident.line else ""
    return [
        "",
        f"Incident {incident.id} of {run.name}: {incident.kind}, {incident.severity}, {incident.fate}",
        f"  {incident.message}",
        f"  {run.log()}{where}",
        *(f"  | {line}" for line in incident.excerpt.splitlines()[-20:]),
    ]


def check(what: str | None, as_json: bool) -> int:
    """What waits in the diary, or in one entry; `EXIT_GATE` when something does."""
    place = open_site()
    diary = read(place.project.diary)
    entries = None if what is None else [one_entry(diary, what)]
    found = check_diary(diary, known_runs(place.project.output, _models(entries or diary.entries)), entries)
    code = EXIT_GATE if found else EXIT_PASSED
    if as_json:
        rows = [{"entry": number, **asdict(advice)} for number, advice in found]
        print_json({"clean": not found, "advice": rows, "exit_code": code})
        return code
    for _, advice in found:
        mark = "○" if advice.severity == "missing" else "·"
        say(f"{mark} {place.project.diary.name}:{advice.line}: {advice.sentence} → {advice.todo}")
    if not found:
        count = len(diary.entries if entries is None else entries)
        say(f"✔ {counted(count, 'entry', 'entries')}, nothing is missing")
    return code


def _models(entries: tuple[Entry, ...] | list[Entry]) -> set[str]:
    """The models whose runs the entries name."""
    names = {name for entry in entries for name in (run_of(entry) or "", *RUN_NAME.findall(entry.text))}
    return {
        model for name in names if (model := name.rpartition("/")[0]) and "/" not in model and model != ".."
    }
