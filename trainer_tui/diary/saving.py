"""What becomes of a diary when an edited entry is saved into it: a pure function, whoever wrote meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trainer_tui.diary.document import Diary, Entry
from trainer_tui.diary.headings import entry_number, newline_of, split
from trainer_tui.diary.lines import closed, restore_line_endings
from trainer_tui.diary.merge import merge_entry, same
from trainer_tui.diary.placing import (
    appended,
    as_copy,
    fit,
    gap_at,
    headed,
    is_conflict_copy,
    outside_git,
    spliced,
)
from trainer_tui.diary.sections import SECTION_TITLES

Outcome = Literal["saved", "unchanged", "merged", "conflict"]


@dataclass(frozen=True, slots=True)
class SaveResult:
    """What became of a save.

    An editor goes on in one of two ways, both safe: with `text` in its buffer and as its next `base_text`, or
    with its own buffer and what it last passed as `new_text` as its next `base_text`. It must not combine its
    old buffer with `text`: that would undo what the other one wrote.
    """

    outcome: Outcome
    """`unchanged`: nothing had to be written. `merged`: `text` holds what somebody else changed as well.
    `conflict`: both changed the same, and both versions are in the file."""
    number: int
    text: str
    """The entry as it is on disk now; after a conflict of whole entries the conflict copy with our text."""
    sentence: str = ""
    """For the user, when there is something to say."""
    sections: tuple[str, ...] = ()
    """Names of the sections that hold two versions now; empty where the whole entry was kept twice."""


def save_into(diary: Diary, number: int, base: str, new: str) -> tuple[Diary, SaveResult]:
    """The diary after an editor that began with `base` saved `new`; see `store.save_entry`."""
    newline = newline_of(new) if diary.is_blank else diary.newline
    # An editor that changed the number in the heading may still ask for the old one.
    numbers = {number, entry_number(next(iter(split(base)), ""))}
    ours = [entry for entry in diary.entries if entry.number in numbers]
    for entry in ours:
        known, wanted = headed(base, entry.title_line, newline), headed(new, entry.title_line, newline)
        done = max((_region(diary, entry, alike) or 0 for alike in (new, as_copy(wanted))), default=0)
        # The conflict copy of `base` is ours as well: an editor that kept its buffer goes on with it.
        for old, text_now in ((known, wanted), (as_copy(known), as_copy(wanted))):
            end = _region(diary, entry, old)
            if end is not None and done <= end:
                return _replace(diary, (entry.start, end), base if old is known else old, text_now)
        if done:
            return diary, SaveResult("unchanged", entry.number, new)
    if same(base) == same(new):
        return diary, _not_ours(number, ours, new)
    merged = _merged(diary, ours, base, new, newline)
    if merged is not None:
        return merged
    title = ours[0].title_line if ours else f"## Dev Diary Entry #{number}{newline}"
    return _keep_both(diary, number, ours, as_copy(headed(new, title, newline)))


def _merged(
    diary: Diary, ours: list[Entry], base: str, new: str, newline: str
) -> tuple[Diary, SaveResult] | None:
    """Merged with the file's version section by section; None where that cannot be done."""
    entry = next((entry for entry in ours if not is_conflict_copy(entry)), None)
    if entry is None or outside_git(diary, entry.start) != entry.start:
        return None
    mine = headed(new, entry.title_line, newline)
    found = merge_entry(headed(base, entry.title_line, newline), mine, entry.text)
    if found is None or entry_number(split(found.text)[0]) is None:
        return None
    text = fit(found.text, entry.text, diary.between(entry.end, entry.end + 1), newline)
    number = entry_number(split(text)[0]) or entry.number
    if text == entry.text:
        return diary, SaveResult("unchanged", number, text, f"Entry #{entry.number} was changed elsewhere.")
    after = spliced(diary, entry.start, entry.end, "", text)
    if not found.conflicts:
        sentence = f"Entry #{entry.number} was changed elsewhere; both changes are in it."
        return after, SaveResult("merged", number, text, sentence)
    titles = {str(kind): title for kind, title in SECTION_TITLES.items()}
    named = ", ".join(titles.get(name, name) for name in found.conflicts)
    sentence = (
        f"Entry #{entry.number} was changed elsewhere too; it holds both versions of {named}, "
        "the file's first: keep what is needed."
    )
    return after, SaveResult("conflict", number, text, sentence, found.conflicts)


def _region(diary: Diary, entry: Entry, base: str) -> int | None:
    """Where the text ends that begins at `entry` and equals `base`; None if there is none.

    It may reach over several headings: a person may have written some of the second level into the entry.
    """
    wanted = {same(base), same(closed(base))}
    longest = max(map(len, wanted))
    for end in diary.breaks:
        if end <= entry.start:
            continue
        here = same(diary.between(entry.start, end))
        if here in wanted:
            return end
        if len(here) > longest:
            break
    return None


def _keep_both(diary: Diary, number: int, ours: list[Entry], copy: str) -> tuple[Diary, SaveResult]:
    if not ours:
        sentence = f"Entry #{number} is no longer in the file; your version was added at its end."
        return appended(diary, copy), SaveResult("conflict", number, copy, sentence)
    place = outside_git(diary, max(entry.end for entry in ours))
    copy = fit(copy, "\n\n", diary.between(place, place + 1), diary.newline)
    sentence = (
        f"Entry #{number} was changed elsewhere; both versions are kept, yours as a conflict copy below it."
    )
    whole = spliced(diary, place, place, gap_at(diary, place), copy)
    return whole, SaveResult("conflict", number, copy, sentence)


def _replace(diary: Diary, span: tuple[int, int], base: str, new: str) -> tuple[Diary, SaveResult]:
    old, tail = diary.between(*span), diary.between(span[1], span[1] + 1)
    number = entry_number(split(old)[0]) or 0
    if old != base and old.rstrip() == new.rstrip():
        # Only blank lines at the end differ, and the file's are newer than the editor's.
        return diary, SaveResult("unchanged", number, old)
    if old.rstrip() != base.rstrip():
        # The editor was given other line endings than the file has.
        new = restore_line_endings(old, new)
    new = fit(new, old, tail, diary.newline)
    if new == old:
        return diary, SaveResult("unchanged", number, old)
    named = entry_number(split(new)[0])
    renamed = named is not None and named != number
    sentence = f"Entry #{number} is entry #{named} now." if renamed else ""
    whole = spliced(diary, span[0], span[1], "", new)
    return whole, SaveResult("saved", number if named is None else named, new, sentence)


def _not_ours(number: int, same_number: list[Entry], new: str) -> SaveResult:
    """Nothing of ours to write, but the file has something else than the editor."""
    if not same_number:
        return SaveResult("unchanged", number, new, f"Entry #{number} is no longer in the file.")
    return SaveResult("unchanged", number, same_number[0].text, f"Entry #{number} was changed elsewhere.")
