"""One entry changed by two writers, merged section by section; what both changed is kept twice and said.

For each section: who left it as it was takes the other's; the same change is one change; a paragraph that one
of them only added at the end goes below whatever the other made of it, unless both added one. Everything else
is a conflict, and both versions stand in the section (`conflicts`). What a machine added (it begins with a
comment) is never one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from trainer_tui.diary.conflicts import conflict_block, conflicts_of, git_conflicts, marker_lines
from trainer_tui.diary.document import parse
from trainer_tui.diary.edits import set_field
from trainer_tui.diary.headings import bare, newline_of, split, with_newlines
from trainer_tui.diary.lines import closed, restore_line_endings
from trainer_tui.diary.marker import field_line
from trainer_tui.diary.sections import parts_of

_FIELDS = ("Status", "Tags")
"""Lines that are merged by themselves, wherever they stand."""

_BY_MACHINE = re.compile(r"<!-- [a-z][a-z-]*: .*-->\s*$")


@dataclass(frozen=True, slots=True)
class Merged:
    """An entry made of two."""

    text: str
    conflicts: tuple[str, ...] = ()
    """Names of the sections that both changed."""


def same(text: str) -> str:
    """What two versions of a text are compared by: line endings and blank lines at the end are no change."""
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip()


def merge_entry(base: str, mine: str, theirs: str) -> Merged | None:
    """The entry that `base` becomes with the changes of `mine` (an editor's) and `theirs` (the file's).

    Bytes come from `theirs` wherever `mine` changed nothing. Every line that either added is in the result.
    None where sections cannot tell what belongs to what: a merge of git's waits in one of them, one of them
    reaches over several entries, or a conflict would have to stand in a conflict.
    """
    versions = (base, mine, theirs)
    if any(git_conflicts(version) or len(parse(version).breaks) > 2 for version in versions):
        return None
    for name in _FIELDS:
        base, mine, theirs = _field_merged(name, base, mine, theirs)
    olds, ours, files = _pieces(base), _pieces(mine), _pieces(theirs)
    names = _order(list(files), list(ours))
    newline = newline_of(theirs)
    parts: list[str] = []
    conflicts: list[str] = []
    for name in names:
        known, here, there = olds.get(name, ""), ours.get(name, ""), files.get(name, "")
        merged = _merge_part(known, here, there, newline)
        if merged is None:
            if marker_lines(here) or marker_lines(there):
                return None
            conflicts.append(name)
            merged = _both(known, here, there, newline)
        if not merged:
            continue  # what stands before it still has to be ended for what comes behind it
        if parts:
            parts[-1] = _ended(parts[-1], newline, name not in files)
        parts.append(merged)
    return Merged("".join(parts), tuple(conflicts))


def _field_merged(name: str, base: str, mine: str, theirs: str) -> tuple[str, str, str]:
    """The three texts with one value of a field, where not both changed it: a line that is no prose."""
    lines = [field_line(text, name) for text in (base, mine, theirs)]
    if any(line is None for line in lines):
        return base, mine, theirs
    known, here, there = (
        text[line[0] : line[1]].strip()
        for text, line in zip((base, mine, theirs), lines, strict=True)
        if line is not None
    )
    if here not in (known, there) and there != known:
        return base, mine, theirs
    value = there if here == known else here
    texts = zip((base, mine, theirs), (known, here, there), strict=True)
    base, mine, theirs = (text if old == value else set_field(text, name, value) for text, old in texts)
    return base, mine, theirs


def _pieces(text: str) -> dict[str, str]:
    return {part.name: text[part.start : part.end] for part in parts_of(text)}


def _order(theirs: list[str], mine: list[str]) -> list[str]:
    """The file's order, with what only the editor has behind what it follows there."""
    names = list(theirs)
    for at, name in enumerate(mine):
        if name not in names:
            before = next((known for known in reversed(mine[:at]) if known in names), None)
            names.insert(names.index(before) + 1 if before is not None else 0, name)
    return names


def _ended(part: str, newline: str, apart: bool) -> str:
    """A part after which another one can begin."""
    part = closed(part)
    if part == bare(part) and part:
        part += newline
    return part + newline if apart and part and split(part)[-1].strip() else part


def _merge_part(base: str, mine: str, theirs: str, newline: str) -> str | None:
    """One section made of two; None where both changed it."""
    known, here, there = same(base), same(mine), same(theirs)
    if here in (known, there):
        return theirs
    if there == known:
        return _fit(mine, theirs, newline)
    inside = _in_conflict(base, mine, theirs, newline)
    if inside is not None:
        return inside
    added_here, added_there = _added(known, here), _added(known, there)
    if added_there is not None and (added_here is None or _by_machine(added_there)):
        # Theirs only added something: below ours.
        return _below(_fit(mine, theirs, newline), theirs[_length(theirs, known) :], newline)
    if added_here is not None and (added_there is None or _by_machine(added_here)):
        return _below(theirs, mine[_length(mine, known) :], newline)
    return None


def _added(base: str, new: str) -> str | None:
    """What was added behind `base`, as whole lines; None where something else was done too."""
    if not base or not new.startswith(base):
        return None
    rest = new[len(base) :]
    return rest.strip("\n") if rest.startswith("\n") else None


def _length(text: str, known: str) -> int:
    """How many characters of `text` are `known`, whose line endings are line feeds."""
    at = 0
    for raw in split(text):
        if len(known) <= 0:
            break
        row = bare(raw)
        at += min(len(row), len(known)) if len(known) <= len(row) else len(raw)
        known = known[len(row) + 1 :]
    return at


def _by_machine(added: str) -> bool:
    return _BY_MACHINE.match(added.lstrip().split("\n", 1)[0]) is not None


def _below(text: str, added: str, newline: str) -> str:
    """`text`, a blank line, what was added, and the blank lines that `text` ended with."""
    rows = split(closed(text))
    blanks: list[str] = []
    while rows and not rows[-1].strip():
        blanks.insert(0, rows.pop())
    kept = "".join(rows)
    new = with_newlines(closed(added.strip("\r\n")), newline)
    gap = newline if kept != bare(kept) else 2 * newline
    return kept + gap + new + newline + "".join(blanks)


def _fit(mine: str, theirs: str, newline: str) -> str:
    """`mine` with the file's line endings and the blank lines that the file has at its end."""
    fitted = restore_line_endings(theirs, mine) if theirs else with_newlines(mine, newline)
    rows, old = split(fitted), split(theirs)
    blank_after = len(old) > 1 and not old[-1].strip()
    if rows and rows[-1].strip() and blank_after:
        return _ended(fitted, newline, True)
    return fitted


def _in_conflict(base: str, mine: str, theirs: str, newline: str) -> str | None:
    """Where the file holds a conflict whose second version is `base`, that version becomes `mine`."""
    found = conflicts_of(theirs)
    if len(found) != 1:
        return None
    (one,) = found
    if same(_body(base)).strip() != same(one.mine).strip():
        return None
    block = conflict_block(one.theirs, _body(mine), newline)
    return theirs[: one.start] + block + theirs[one.end :]


def _body(part: str) -> str:
    return "".join(split(part)[1:])


def _both(base: str, mine: str, theirs: str, newline: str) -> str:
    """Both versions in one section: the file's heading, and both bodies between comments."""
    heading = (split(theirs) or split(mine))[0]
    own = split(mine)[0] if mine else ""
    body = _body(mine)
    if own and same(own) not in (same(heading), same((split(base) or [""])[0])):
        body = f"> {bare(own).lstrip()}{newline}{newline}{body}"
    return bare(heading) + newline + newline + conflict_block(_body(theirs), body, newline) + newline
