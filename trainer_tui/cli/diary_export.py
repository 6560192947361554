"""`diary export`: the diary as one page, as data, or as it stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from trainer_tui.cli.diary_reading import record
from trainer_tui.cli.export import write
from trainer_tui.cli.plans import open_site
from trainer_tui.diary import Diary, Entry, ranges, read, section_text
from trainer_tui.diary.blocks import line_end
from trainer_tui.diary.document import encode
from trainer_tui.diary.headings import heading
from trainer_tui.diary.listing import Filter, summary_of, title_of
from trainer_tui.project import ProjectError
from trainer_tui.runs.verdict import EXIT_PASSED

_SUFFIXES = {".html": "html", ".htm": "html", ".json": "json", ".md": "md", ".markdown": "md"}


def export(form: str, output: str, wanted: Filter) -> int:
    """Write out the diary; with a filter the entries that it wants."""
    form = form or _SUFFIXES.get(Path(output).suffix.lower(), "md")
    if form not in ("html", "json", "md"):
        raise ProjectError(f"the format {form!r} is unknown", "--format takes html, json, md")
    place = open_site()
    diary = read(place.project.diary)
    entries = [entry for entry in diary.entries if wanted.wants(entry, summary_of(entry))]
    chosen = None if wanted == Filter() else entries
    if form == "json":
        document = {"file": place.project.diary.name, "entries": [as_data(entry) for entry in entries]}
        data = json.dumps(document, ensure_ascii=False, indent=2).encode("utf-8", "replace") + b"\n"
    elif form == "md":
        data = diary.to_bytes() if chosen is None else encode("".join(entry.text for entry in chosen))
    else:
        data = as_page(diary, chosen, place.project.root.name).encode("utf-8", "replace")
    write(data, output)
    return EXIT_PASSED


def as_data(entry: Entry) -> dict[str, Any]:
    """An entry as plain data, with the text of its sections."""
    told = record(entry, summary_of(entry))
    texts = {name: section_text(entry.text, name) for name in ranges(entry.text)}
    return {**told, "sections": texts, "text": entry.text}


def as_page(diary: Diary, entries: list[Entry] | None, project: str) -> str:
    """The diary as one HTML page: no script, nothing fetched, HTML in it shown as text."""
    from trainer_tui.report.blocks import Page, Prose, Section
    from trainer_tui.report.html import as_html

    spans = (
        [(entry.start, entry.end) for entry in entries]
        if entries is not None
        else list(zip((0, *diary.breaks), diary.breaks, strict=False))
    )
    sections = []
    for start, end in spans:
        first = diary.text[start : line_end(diary.text, start)]
        is_head = heading(first) is not None and end > start
        body = diary.text[start + len(first) : end] if is_head else diary.text[start:end]
        if body.strip() or (is_head and start):
            sections.append(Section(title_of(first) if is_head else "Preamble", (Prose(body),)))
    shown = diary.entries if entries is None else entries
    rows = [summary_of(entry) for entry in shown]
    waiting = sum("OPEN" in row.status.upper().split() for row in rows)
    page = Page(
        title=project,
        sign="✎",
        tone="plain",
        outcome="Dev Diary",
        sentence="What broke, what was tried, what fixed it, why.",
        as_of="",
        figures=(("entries", str(len(rows))), ("open", str(waiting))),
        sections=tuple(sections),
    )
    return as_html(page)
