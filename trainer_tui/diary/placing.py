"""Putting an entry's text into a diary: what it needs to stand there, and nothing else changed."""

from __future__ import annotations

from trainer_tui.diary.conflicts import git_conflicts
from trainer_tui.diary.document import Diary, Entry, edited, parse
from trainer_tui.diary.headings import bare, entry_number, newline_of, split
from trainer_tui.diary.lines import closed

HEADING = "# Dev Diary\n"

_COPY = " (conflict copy)"
_COPY_NOTE = (
    "> **Conflict copy**: this entry was changed in the file while it was being edited. The file's version "
    "stands in its place; this one is the editor's. Keep what is needed of both and delete the other."
)


def is_conflict_copy(entry: Entry) -> bool:
    """Whether this is an editor's version that still waits for a person to merge it."""
    return bare(entry.title_line).endswith(_COPY)


def as_copy(text: str) -> str:
    """Our version as a conflict copy: its heading says so, and a quoted line below it."""
    lines = split(text)
    newline = newline_of(text)
    first = bare(lines[0])
    return f"{first}{_COPY}{newline}{newline}{_COPY_NOTE}{newline}" + "".join(lines[1:])


def appended(diary: Diary, entry: str) -> Diary:
    """The diary with an entry more at its end; an empty one gets its heading first."""
    if diary.is_blank:
        diary = edited(diary, diary.length, diary.length, HEADING)
    return spliced(diary, diary.length, diary.length, gap_at(diary, diary.length), entry)


def gap_at(diary: Diary, place: int) -> str:
    """What has to stand at a place so that an entry begins there after a blank line."""
    return gap_after(diary.between(max(place - 4096, 0), place), diary.newline)


def gap_after(text: str, newline: str) -> str:
    """What has to follow `text`, of which the end will do, so that an entry begins after a blank line."""
    end = "" if not text or text.endswith(("\n", "\r")) else newline
    last = next((bare(raw) for raw in reversed(split(text))), "")
    return end + (newline if last.strip() else "")


def spliced(diary: Diary, start: int, end: int, gap: str, new: str) -> Diary:
    """The diary with `gap + new` from `start` to `end`; open fences above get their end if need be."""
    whole = edited(diary, start, end, gap + new)
    shift = start + len(gap) + len(new) - end
    old = diary.breaks[:-1]
    kept = {at for at in old if at < start} | {start + len(gap)} | {at + shift for at in old if at >= end}
    if kept <= set(whole.breaks):
        return whole
    return parse(closed(diary.between(0, start) + gap) + new + diary.between(end, diary.length))


def fit(new: str, old: str, tail: str, newline: str) -> str:
    """`new` made fit to stand before `tail` in the place of `old`: fences closed, a blank line kept."""
    if not tail:
        return new
    new = closed(new)
    if not new.endswith(("\n", "\r")):
        new += newline
    blank_before = len(split(old)) > 1 and not split(old)[-1].strip()
    return new + (newline if blank_before and split(new)[-1].strip() else "")


def headed(new: str, title_line: str, newline: str) -> str:
    """`new` beginning with an entry's heading, without which nothing could find it any more."""
    lines = split(new)
    if lines and entry_number(lines[0]) is not None:
        return new
    return bare(title_line) + newline + (newline + new if new.strip() else new)


def outside_git(diary: Diary, place: int) -> int:
    """`place`, or where git's merge around it ends: what stands between its marks is lost with one side."""
    pieces = (diary.preamble, *(part for entry in diary.entries for part in (entry.text, entry.after)))
    if not any("<<<<<<<" in piece for piece in pieces):
        return place
    return next((found.end for found in git_conflicts(diary.text) if found.start < place < found.end), place)
