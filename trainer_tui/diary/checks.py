"""Whether the struggles are written up, and which entries belong to a run or a model."""

from __future__ import annotations

from dataclasses import dataclass

from trainer_tui.diary.blanks import has_content
from trainer_tui.diary.conflicts import marker_lines
from trainer_tui.diary.document import Diary, Entry
from trainer_tui.diary.headings import count_lines
from trainer_tui.diary.marker import field_value, is_about_model, is_about_run, marker_of
from trainer_tui.diary.placing import is_conflict_copy
from trainer_tui.diary.sections import SECTION_TITLES, SectionKind, parts_of

REQUIRED: tuple[SectionKind, ...] = ("struggle", "investigation", "fix", "why")
REQUIRED_OF_NOTE: tuple[SectionKind, ...] = ("why",)


@dataclass(frozen=True, slots=True)
class Problem:
    """What an entry lacks."""

    line: int
    """1-based line in the diary."""
    text: str


def is_note(entry: Entry) -> bool:
    """Whether this is the note on a run that passed, where nothing broke and nothing was fixed."""
    mark = marker_of(entry)
    return mark is not None and mark.incident is None


def status_of(entry: Entry) -> str:
    """The text behind `**Status**:`; '' if there is none."""
    return field_value(entry, "Status") or ""


def complete(entry: Entry) -> list[Problem]:
    """What is missing before the struggle counts as written up; empty when nothing is.

    The Struggle, The Investigation, The Fix and The Why must be there and hold more than hints, labels and
    placeholders; of a note only The Why. A conflict copy, or two versions of a section, must be merged.
    """
    sections = entry.sections
    problems = []
    if is_conflict_copy(entry):
        problems.append(
            Problem(entry.line, f"entry #{entry.number} has a conflict copy that is not merged yet")
        )
    for part in parts_of(entry.text):
        waiting = marker_lines(entry.text[part.start : part.end])
        if waiting:
            line = entry.line + count_lines(entry.text, 0, part.start) + waiting[0]
            title = next((s.title for s in sections if s.start == part.start), "its head")
            problems.append(Problem(line, f"entry #{entry.number} holds two versions of {title}"))
    for kind in REQUIRED_OF_NOTE if is_note(entry) else REQUIRED:
        title = SECTION_TITLES[kind]
        found = [section for section in sections if section.kind == kind]
        if not found:
            problems.append(Problem(entry.line, f"entry #{entry.number} has no section {title}"))
        elif not any(has_content(section.body) for section in found):
            line = entry.line + found[0].line
            problems.append(Problem(line, f"entry #{entry.number}: {title} is empty"))
    return problems


def entries_for_run(diary: Diary, run: str) -> tuple[Entry, ...]:
    """The entries about a run such as `model_3/007-full`, by their marker or their `**Run**:` line."""
    return tuple(entry for entry in diary.entries if is_about_run(entry, run))


def entries_for_model(diary: Diary, model: str) -> tuple[Entry, ...]:
    """The entries about a model, by their marker or their `**Model**:` line."""
    return tuple(entry for entry in diary.entries if is_about_model(entry, model))
