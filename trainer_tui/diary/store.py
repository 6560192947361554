"""The diary on disk: opening entries, saving what a person wrote, losing nothing to another writer."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from trainer_tui.diary.document import Diary, Entry, decode, encode, parse
from trainer_tui.diary.entry import EntryFacts, render
from trainer_tui.diary.files import LOCK_WAIT_S, SHORT_WAIT_S, read_bytes, update
from trainer_tui.diary.lines import bare, closed, entry_number, newline_of, restore_line_endings, split
from trainer_tui.diary.marker import about

HEADING = "# Dev Diary\n"

_COPY = " (conflict copy)"
_COPY_NOTE = (
    "> **Conflict copy**: this entry was changed in the file while it was being edited. The file's version "
    "stands in its place; this one is the editor's. Keep what is needed of both and delete the other."
)

Outcome = Literal["saved", "unchanged", "conflict"]


@dataclass(frozen=True, slots=True)
class SaveResult:
    """What became of a save.

    An editor goes on in one of two ways, both safe: with `text` in its buffer and as its next `base_text`, or
    with its own buffer and what it last passed as `new_text` as its next `base_text`. It must not combine its
    old buffer with `text`: that would undo what the other one wrote.
    """

    outcome: Outcome
    """`unchanged`: nothing had to be written."""
    number: int
    text: str
    """The entry as it is on disk now; after a conflict the conflict copy with our text."""
    sentence: str = ""
    """For the user, when there is something to say."""


def read(path: str | os.PathLike[str]) -> Diary:
    """The diary; an empty one if there is no file.

    Raises:
        OSError: the file cannot be read.
    """
    return parse(read_bytes(path) or b"")


def entries(path: str | os.PathLike[str]) -> tuple[Entry, ...]:
    """The diary's entries in the order of the file."""
    return read(path).entries


def is_conflict_copy(entry: Entry) -> bool:
    """Whether this is an editor's version that still waits for a person to merge it."""
    return bare(entry.title_line).endswith(_COPY)


def open_entry(path: str | os.PathLike[str], facts: EntryFacts, wait_s: float = SHORT_WAIT_S) -> int:
    """Appends the entry of an incident (or of a passed run) and returns its number.

    Opening the same incident of the same run again returns the number it has. Every byte that was in the file
    stays. The wait for another writer is short, because supervisors open entries; they come again.

    Raises:
        OSError: the file cannot be written; it is untouched then.
        TimeoutError: another process was writing it for `wait_s` seconds.
    """

    def change(data: bytes | None) -> tuple[bytes | None, int]:
        text = decode(data or b"")
        diary = parse(text)
        incident = facts.incident.id if facts.incident else None
        known = next((entry for entry in diary.entries if about(entry, facts.run, incident)), None)
        if known is not None:
            return None, known.number
        number = diary.next_number
        newline = newline_of(text)
        lines = [bare(raw) + newline for raw in split(render(facts, number))]
        return encode(_append(text, "".join(lines))), number

    return update(path, change, wait_s)


def save_entry(
    path: str | os.PathLike[str], number: int, base_text: str, new_text: str, wait_s: float = LOCK_WAIT_S
) -> SaveResult:
    """Writes an edited entry: `base_text` is the entry as the editor got it, `new_text` as it is now.

    Where the entry on disk is still `base_text` it is replaced and every other byte stays. Where
    somebody else changed it meanwhile, their version stays in place and ours follows it as a conflict
    copy; where it is gone, ours is appended. Blank lines at an entry's end and kinds of line endings
    are no change by themselves. Only what the file needs is added to `new_text`: its heading if it lost
    it, the end of an open fence or of the last line where another entry follows.

    Raises:
        OSError: the file cannot be written; it is untouched then.
    """

    def change(data: bytes | None) -> tuple[bytes | None, SaveResult]:
        text = decode(data or b"")
        whole, result = _merge(text, number, base_text, new_text)
        return (None if whole == text else encode(whole)), result

    return update(path, change, wait_s)


def _append(text: str, entry: str) -> str:
    if not text.strip("\ufeff \t\r\n"):
        text += HEADING
    return _spliced(text, len(text), len(text), _gap(text, newline_of(text)), entry)


def _gap(text: str, newline: str) -> str:
    """What has to follow `text` so that an entry begins after a blank line."""
    end = "" if not text or text.endswith(("\n", "\r")) else newline
    last = next((bare(raw) for raw in reversed(split(text))), "")
    return end + (newline if last.strip() else "")


def _spliced(text: str, start: int, end: int, gap: str, new: str) -> str:
    """`text` with `gap + new` from `start` to `end`; open fences above get their end if need be."""
    whole = text[:start] + gap + new + text[end:]
    shift = start + len(gap) + len(new) - end
    breaks = parse(text).breaks[:-1]
    kept = (
        {at for at in breaks if at < start} | {start + len(gap)} | {at + shift for at in breaks if at >= end}
    )
    if kept <= set(parse(whole).breaks):
        return whole
    return closed(text[:start] + gap) + new + text[end:]


def _same(text: str) -> str:
    """What two versions of an entry are compared by."""
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip()


def _marked(text: str) -> str:
    """Our version as a conflict copy: its heading says so, and a quoted line below it."""
    lines = split(text)
    newline = newline_of(text)
    first = bare(lines[0])
    return f"{first}{_COPY}{newline}{newline}{_COPY_NOTE}{newline}" + "".join(lines[1:])


def _region(diary: Diary, whole: str, entry: Entry, base: str) -> int | None:
    """Where the text ends that begins at `entry` and equals `base`; None if there is none.

    It may reach over several headings: a person may have written some of the second level into the entry.
    """
    wanted = {_same(base), _same(closed(base))}
    longest = max(map(len, wanted))
    for end in diary.breaks:
        if end <= entry.start:
            continue
        here = _same(whole[entry.start : end])
        if here in wanted:
            return end
        if len(here) > longest:
            break
    return None


def _fit(new: str, old: str, tail: str, newline: str) -> str:
    """`new` made fit to stand before `tail` in the place of `old`: fences closed, a blank line kept."""
    if not tail:
        return new
    new = closed(new)
    if not new.endswith(("\n", "\r")):
        new += newline
    blank_before = len(split(old)) > 1 and not split(old)[-1].strip()
    return new + (newline if blank_before and split(new)[-1].strip() else "")


def _headed(new: str, title_line: str, newline: str) -> str:
    """`new` beginning with an entry's heading, without which nothing could find it any more."""
    lines = split(new)
    if lines and entry_number(lines[0]) is not None:
        return new
    return bare(title_line) + newline + (newline + new if new.strip() else new)


def _merge(text: str, number: int, base: str, new: str) -> tuple[str, SaveResult]:
    diary = parse(text)
    newline = newline_of(text if text.strip() else new)
    # An editor that changed the number in the heading may still ask for the old one.
    numbers = {number, entry_number(next(iter(split(base)), ""))}
    ours = [entry for entry in diary.entries if entry.number in numbers]
    for entry in ours:
        known, wanted = _headed(base, entry.title_line, newline), _headed(new, entry.title_line, newline)
        end = _region(diary, text, entry, known)
        if end is not None:
            return _replace(text, (entry.start, end), base, wanted)
        # The conflict copy of `base` is ours as well: an editor that kept its buffer goes on with it.
        end = _region(diary, text, entry, _marked(known))
        if end is not None:
            return _replace(text, (entry.start, end), _marked(known), _marked(wanted))
        if any(_region(diary, text, entry, same) is not None for same in (new, _marked(wanted))):
            return text, SaveResult("unchanged", entry.number, new)
    if _same(base) == _same(new):
        return text, _not_ours(number, ours, new)
    title = ours[0].title_line if ours else f"## Dev Diary Entry #{number}{newline}"
    return _keep_both(text, number, ours, _marked(_headed(new, title, newline)))


def _keep_both(text: str, number: int, ours: list[Entry], copy: str) -> tuple[str, SaveResult]:
    if not ours:
        sentence = f"Entry #{number} is no longer in the file; your version was added at its end."
        return _append(text, copy), SaveResult("conflict", number, copy, sentence)
    place = max(entry.end for entry in ours)
    newline = newline_of(text)
    copy = _fit(copy, "\n\n", text[place:], newline)
    sentence = (
        f"Entry #{number} was changed elsewhere; both versions are kept, yours as a conflict copy below it."
    )
    whole = _spliced(text, place, place, _gap(text[:place], newline), copy)
    return whole, SaveResult("conflict", number, copy, sentence)


def _replace(text: str, span: tuple[int, int], base: str, new: str) -> tuple[str, SaveResult]:
    old, tail = text[span[0] : span[1]], text[span[1] :]
    number = entry_number(split(old)[0]) or 0
    if old != base and old.rstrip() == new.rstrip():
        # Only blank lines at the end differ, and the file's are newer than the editor's.
        return text, SaveResult("unchanged", number, old)
    if old.rstrip() != base.rstrip():
        # The editor was given other line endings than the file has.
        new = restore_line_endings(old, new)
    new = _fit(new, old, tail, newline_of(text))
    if new == old:
        return text, SaveResult("unchanged", number, old)
    named = entry_number(split(new)[0])
    renamed = named is not None and named != number
    sentence = f"Entry #{number} is entry #{named} now." if renamed else ""
    whole = _spliced(text, span[0], span[1], "", new)
    return whole, SaveResult("saved", number if named is None else named, new, sentence)


def _not_ours(number: int, same_number: list[Entry], new: str) -> SaveResult:
    """Nothing of ours to write, but the file has something else than the editor."""
    if not same_number:
        return SaveResult("unchanged", number, new, f"Entry #{number} is no longer in the file.")
    return SaveResult("unchanged", number, same_number[0].text, f"Entry #{number} was changed elsewhere.")
