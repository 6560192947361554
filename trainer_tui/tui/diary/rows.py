"""The list of entries: a row for each, and which of them are wanted as somebody types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trainer_tui.diary import Entry
from trainer_tui.diary.lines import scan
from trainer_tui.diary.listing import Summary, summary_of
from trainer_tui.runs.text import clean
from trainer_tui.tui.headlines import Piece
from trainer_tui.tui.pictures import Tone

FIELDS = ("model", "kind", "status", "tag")
"""What can be asked for by name: `model:model_3`."""

LINES = 2
"""Lines of the list that an entry takes."""

_LABEL = re.compile(r"\s*\*\*[^*\n]+(?::\*\*|\*\*\s*:)\s*")
_INCIDENT = re.compile(r"Incident `[^`]*` \([^)]*\)[^:`]*:? *")
"""How an entry that opened by itself begins: what stands behind it says more."""

_MOST = 200
_DONE = ("RESOLVED", "PASSED", "FIXED", "CLOSED", "DONE")


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry in the list."""

    summary: Summary
    words: str
    """Its title, or the first words of what happened."""
    text: str

    @property
    def number(self) -> int:
        """The entry's number."""
        return self.summary.number


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was typed into the filter."""

    words: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()

    def takes(self, row: EntryRow) -> bool:
        """Whether an entry is one of them; a value that is still being typed matches by its beginning."""
        if not all(_has(row.summary, name, value) for name, value in self.fields):
            return False
        if not self.words:
            return True
        text = row.text.lower()
        return all(word in text for word in self.words)


def _has(summary: Summary, name: str, value: str) -> bool:
    if name == "tag":
        return any(tag.lower().startswith(value) for tag in summary.tags)
    if name == "status":
        return any(word.startswith(value) for word in re.findall(r"\w+", summary.status.lower()))
    own = summary.model if name == "model" else summary.kind
    return value in own.lower()


def wanted(typed: str) -> Wanted:
    """`nan status:open clip` → the words `nan` and `clip`, and the status; all of it in any case."""
    words, fields = [], []
    for part in typed.lower().split():
        name, colon, value = part.partition(":")
        if colon and name in FIELDS:
            fields.append((name, value))
        else:
            words.append(part)
    return Wanted(tuple(words), tuple(fields))


def chosen(rows: Sequence[EntryRow], typed: str) -> tuple[EntryRow, ...]:
    """The rows that are wanted, in their order."""
    asked = wanted(typed)
    return tuple(row for row in rows if asked.takes(row))


class Register:
    """The rows of a diary, newest entry first; an entry that did not change is not read again."""

    def __init__(self) -> None:
        self._known: dict[str, EntryRow] = {}

    def rows(self, entries: Iterable[Entry]) -> tuple[EntryRow, ...]:
        """A row for each entry. Call it in a thread: the first time it reads every line."""
        known, self._known = self._known, {}
        rows = []
        for entry in entries:
            row = known.get(entry.text)
            if row is None or row.number != entry.number:
                row = row_of(entry)
            self._known[entry.text] = row
            rows.append(row)
        return tuple(reversed(rows))


def row_of(entry: Entry) -> EntryRow:
    """An entry's row."""
    summary = summary_of(entry)
    return EntryRow(summary, clean(_plain(summary.title) or _first_words(entry), _MOST), entry.text)


def _first_words(entry: Entry) -> str:
    """What the first section that says something begins with, without labels and comments."""
    for section in entry.sections:
        for line in scan(section.body):
            words = _LABEL.sub("", line.raw).strip() if line.kind == "text" else ""
            if words and not words.startswith(("<!--", "#", "|", "---")):
                return _plain(words)
    return ""


def _plain(words: str) -> str:
    return _INCIDENT.sub("", words).strip("` ")


def sign_of(row: EntryRow) -> tuple[str, Tone]:
    """How an entry stands, in a sign and a tone: done, open, or two versions that wait."""
    if row.summary.is_copy:
        return "≠", "bad"
    status = row.summary.status.upper()
    return ("✔", "good") if any(word in status for word in _DONE) else ("○", "warning")


def lines_of(row: EntryRow, width: int, shown: bool) -> tuple[list[Piece], list[Piece]]:
    """The two lines of a row; `shown`: it is the one in the editor."""
    summary = row.summary
    sign, tone = sign_of(row)
    status = clean(re.sub(r"[^\w\s-]+", "", summary.status).strip(), 14) or "no status"
    date = clean(summary.date[:10], 10)
    about = " ".join(clean(part, 40) for part in (summary.kind, summary.model) if part)
    number = f"#{row.number}{' copy' if summary.is_copy else ''}"
    first: list[Piece] = [("▸" if shown else " ", "good"), (f"{number:<5}", "plain"), (f"{sign} ", tone)]
    room = width - sum(len(text) for text, _ in first)
    right = status
    about = about[: max(0, room - len(right) - 1)]
    first += [(about.ljust(max(0, room - len(right))), "plain"), (right, tone if shown else "dim")]
    tags = " ".join(f"#{clean(tag, 20)}" for tag in summary.tags[:3])
    words = " ".join(part for part in (f"      {date}" if date else "     ", tags, row.words) if part)
    return first, [(words if len(words) <= width else f"{words[: width - 1]}…", "dim")]
