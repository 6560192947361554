"""The sections of the entry in the editor: where the cursor is, where it goes, what a section asks."""

from __future__ import annotations

from dataclasses import dataclass

from trainer_tui.diary import ranges, replace_section, section_text, set_status
from trainer_tui.diary.blanks import has_content
from trainer_tui.diary.entry import render_blank
from trainer_tui.diary.headings import heading
from trainer_tui.diary.sections import HEAD
from trainer_tui.runs.text import clean


@dataclass(frozen=True, slots=True)
class Part:
    """One section."""

    name: str
    title: str
    line: int
    """0-based line of its heading."""


def parts(text: str) -> tuple[Part, ...]:
    """The sections of an entry's text, what stands above them first."""
    found = []
    for name, (start, _) in ranges(text).items():
        row = text[start:].partition("\n")[0]
        head = heading(row)
        title = "its head" if name == HEAD else clean(head.title if head else row, 40)
        found.append(Part(name, title, text.count("\n", 0, start)))
    return tuple(found)


def part_at(found: tuple[Part, ...], line: int) -> int:
    """Which of them a line belongs to."""
    return max((at for at, part in enumerate(found) if part.line <= line), default=0)


def step_to(found: tuple[Part, ...], line: int, step: int) -> int:
    """The line of the section before (-1) or after (1); before: first the heading of the present one."""
    at = part_at(found, line)
    if step < 0 and found[at].line < line:
        return found[at].line
    return found[max(0, min(at + step, len(found) - 1))].line


def with_template(text: str, name: str) -> tuple[str | None, str]:
    """(the text with the questions of a section in it, ''), or (None, why not)."""
    blank = render_blank(1, {}, "", "")
    if name == HEAD or name not in ranges(blank):
        return None, "this part has no template: go to one of the five sections"
    if has_content(section_text(text, name)):
        return None, "this section says something already; a template is for an empty one"
    new = replace_section(text, name, section_text(blank, name))
    return (None, "its template is in it already") if new == text else (new, "")


def resolving(text: str) -> str | None:
    """What accepting would do, as a question's text; None where there is no fix to accept."""
    if "<!-- fix-proposed: " in text:
        return (
            "The proposed fix becomes The Fix, and the status RESOLVED. "
            "What you wrote stays as it is; all of it can be changed afterwards."
        )
    try:
        written = has_content(section_text(text, "fix"))
    except KeyError:
        return None
    return "The status becomes RESOLVED, with The Fix as you wrote it." if written else None


def resolved(text: str) -> str:
    """The entry with the status that says it is done."""
    return set_status(text, "✅ RESOLVED")
