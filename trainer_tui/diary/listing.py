"""An entry in one row, and which rows are wanted: for lists on a screen, in a terminal, in JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trainer_tui.diary.document import Diary, Entry
from trainer_tui.diary.edits import STATUS
from trainer_tui.diary.headings import bare, entry_number, heading
from trainer_tui.diary.lines import scan
from trainer_tui.diary.marker import marker_in, quoted
from trainer_tui.diary.placing import is_conflict_copy

_FIELD = re.compile(r" {0,3}\*\*([^*\r\n]+?)(?::\*\*|\*\*[ \t]*:)(.*)")
_KIND = re.compile(r"Incident `([a-z0-9-]+)` \(")
_TITLE = re.compile(r"^[\W_]*dev\s+diary\s+entry\s*[#№]?\s*\d+", re.I)
_RUN = re.compile(r"(.+)/(\d{1,9})(?:-(quick|full))?")


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list shows of an entry."""

    number: int
    line: int
    title: str
    """What stands behind its number, or what happened."""
    model: str
    run: str
    incident: str
    """Id of the incident it was opened for, or ''."""
    kind: str
    """Kind of that incident (`nan-loss`); `note` for a run that broke nowhere; else `struggle`."""
    status: str
    """Text behind **Status**, e.g. `✅ RESOLVED`."""
    tags: tuple[str, ...]
    date: str
    phase: str
    is_copy: bool
    """A conflict copy that waits for a person."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries are wanted; what is empty asks for nothing."""

    model: str = ""
    kind: str = ""
    status: str = ""
    """A word of the status: `open` finds OPEN."""
    tag: str = ""
    search: str = ""
    """Words that all must be in the text, in any case."""

    def wants(self, entry: Entry, summary: Summary) -> bool:
        """Whether an entry is one of them."""
        text = entry.text.lower()
        return (
            (not self.model or summary.model == self.model)
            and (not self.kind or self.kind.lower() in _kinds(summary))
            and (not self.status or self.status.lower() in re.findall(r"\w+", summary.status.lower()))
            and (not self.tag or self.tag.lower() in (tag.lower() for tag in summary.tags))
            and all(word in text for word in self.search.lower().split())
        )


def _kinds(summary: Summary) -> tuple[str, ...]:
    return (summary.kind,) if summary.kind == "note" else (summary.kind, "struggle")


def summary_of(entry: Entry) -> Summary:
    """An entry in one row."""
    fields: dict[str, str] = {}
    kind = what = ""
    mark = None
    for index, line in enumerate(scan(entry.text)):
        if line.kind != "text" or not index:
            continue
        row = bare(line.raw)
        mark = mark or marker_in(row)
        found = _FIELD.match(row)
        if found:
            fields.setdefault(found[1].strip().lower(), found[2].strip())
        elif row.strip() and not what and heading(row) is None and not row.lstrip().startswith("<!--"):
            what = row.strip()
        if not kind:
            incident = _KIND.match(row)
            kind = incident[1] if incident else ""
    run = mark.run if mark else next(iter(fields.get("run", "").replace("`", " ").split()), "")
    head = heading(entry.title_line)
    title = _TITLE.sub("", head.title).strip(" :–—-") if head else ""
    note = mark is not None and mark.incident is None
    return Summary(
        number=entry.number,
        line=entry.line,
        title=title or what,
        model=fields.get("model", "").strip("` ") or run.rpartition("/")[0],
        run=run,
        incident=(mark.incident or "") if mark else "",
        kind=kind or ("note" if note else "struggle"),
        status=fields.get(STATUS.lower(), ""),
        tags=tags_of(fields.get("tags", "")),
        date=fields.get("date", ""),
        phase=fields.get("phase", ""),
        is_copy=is_conflict_copy(entry),
    )


def tags_of(text: str) -> tuple[str, ...]:
    """The tags behind `**Tags**:`."""
    return tuple(dict.fromkeys(tag.strip("`# ") for tag in text.split(",") if tag.strip("`# ")))


def find_entries(diary: Diary, what: str) -> list[Entry]:
    """The entries that `what` names: a number (`3`, `#3`), a run (`model_3/7`), or the id of an incident."""
    text = what.strip()
    number = text.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 10:
        return [entry for entry in diary.entries if entry.number == int(number)]
    asked = _RUN.fullmatch(text)
    return [entry for entry in diary.entries if _is_about(summary_of(entry), text, asked)]


def _is_about(summary: Summary, text: str, asked: re.Match[str] | None) -> bool:
    if summary.incident and summary.incident == quoted(text):
        return True
    own = _RUN.fullmatch(summary.run) if asked else None
    if asked is None or own is None:
        return False
    same_phase = asked[3] is None or own[3] == asked[3]
    return own[1] == quoted(asked[1]) and int(own[2]) == int(asked[2]) and same_phase


def title_of(raw: str) -> str:
    """The words of a heading line, without `Dev Diary Entry` where it is one."""
    head = heading(raw)
    if head is None:
        return raw.strip()
    number = entry_number(raw)
    rest = _TITLE.sub("", head.title).strip(" :–—-")
    return head.title if number is None else f"#{number}" + (f" {rest}" if rest else "")
