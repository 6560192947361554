"""The diary on disk: opening entries, saving what a person wrote, losing nothing to another writer."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import accumulate
from typing import NamedTuple, TypeVar

from trainer_tui.diary.document import Diary, Entry, decode, encode, parse
from trainer_tui.diary.entry import EntryFacts, render
from trainer_tui.diary.files import LOCK_WAIT_S, SHORT_WAIT_S, read_bytes, update
from trainer_tui.diary.headings import with_newlines
from trainer_tui.diary.marker import about
from trainer_tui.diary.placing import appended
from trainer_tui.diary.saving import SaveResult, save_into

T = TypeVar("T")


class _Known(NamedTuple):
    """A diary with the bytes that it has in the file."""

    data: bytes
    diary: Diary
    starts: list[int] | None = None
    """Where in the bytes each entry begins, and where they end; made when it is needed."""


_last = _Known(b"", parse(""))
"""What was read or written last: who saves twice in a large diary has it parsed once."""


def _known(data: bytes) -> _Known:
    global _last
    known = _last  # another thread may put its own there
    if known.data != data:
        known = _last = _Known(data, parse(data))
    return known


def _written(old: _Known, after: Diary) -> tuple[_Known, bool]:
    """The diary with its new bytes, those of entries that stayed taken over; whether they are its text.

    They are not where it holds what no file can: such a diary has to be read again.
    """
    before = old.diary
    if before.preamble != after.preamble or not before.entries:
        data = encode(after.text)
        return _Known(data, after), decode(data) == after.text
    fewest = min(len(before.entries), len(after.entries))
    first = last = 0
    while first < fewest and before.entries[first] is after.entries[first]:
        first += 1
    while last < fewest - first and _same_text(before.entries[-1 - last], after.entries[-1 - last]):
        last += 1
    starts = old.starts if old.starts is not None else _starts(before, len(encode(before.preamble)))
    texts = [entry.text + entry.after for entry in after.entries[first : len(after.entries) - last]]
    middle = [encode(text) for text in texts]
    stop = len(before.entries) - last
    data = b"".join((old.data[: starts[first]], *middle, old.data[starts[stop] :]))
    shift = len(data) - len(old.data)
    places = list(accumulate(map(len, middle), initial=starts[first]))
    known = _Known(data, after, [*starts[:first], *places[:-1], *(at + shift for at in starts[stop:])])
    return known, [decode(each) for each in middle] == texts


def _same_text(one: Entry, other: Entry) -> bool:
    # Identity: an entry that only moved keeps its strings, and comparing them all would cost what it saves.
    return one.text is other.text and one.after is other.after


def _starts(diary: Diary, first: int) -> list[int]:
    sizes = (len(encode(entry.text)) + len(encode(entry.after)) for entry in diary.entries)
    return list(accumulate(sizes, initial=first))


def change_diary(
    path: str | os.PathLike[str], change: Callable[[Diary], tuple[Diary, T]], wait_s: float = LOCK_WAIT_S
) -> T:
    """Replace the diary by what `change` makes of it; returns `change`'s second value.

    `change` may be called again, when an editor that knows no lock of ours wrote in between. A diary that it
    gives back as it got it leaves the file alone.

    Raises:
        OSError: the file cannot be written; it is untouched then.
        TimeoutError: another process was writing it for `wait_s` seconds.
    """

    global _last
    written: tuple[_Known, bool] | None = None

    def on_bytes(data: bytes | None) -> tuple[bytes | None, T]:
        nonlocal written
        known = _known(data or b"")
        after, value = change(known.diary)
        if after is known.diary:
            written = None
            return None, value
        written = _written(known, after)
        return written[0].data, value

    result = update(path, on_bytes, wait_s)
    if written is not None and written[1]:
        _last = written[0]
    return result


def read(path: str | os.PathLike[str]) -> Diary:
    """The diary; an empty one if there is no file.

    Raises:
        OSError: the file cannot be read.
    """
    return _known(read_bytes(path) or b"").diary


def entries(path: str | os.PathLike[str]) -> tuple[Entry, ...]:
    """The diary's entries in the order of the file."""
    return read(path).entries


def open_entry(path: str | os.PathLike[str], facts: EntryFacts, wait_s: float = SHORT_WAIT_S) -> int:
    """Appends the entry of an incident (or of a passed run) and returns its number.

    Opening the same incident of the same run again returns the number it has. Every byte that was in the file
    stays. The wait for another writer is short, because supervisors open entries; they come again.

    Raises:
        OSError: the file cannot be written; it is untouched then.
        TimeoutError: another process was writing it for `wait_s` seconds.
    """

    def change(diary: Diary) -> tuple[Diary, int]:
        incident = facts.incident.id if facts.incident else None
        known = next((entry for entry in diary.entries if about(entry, facts.run, incident)), None)
        if known is not None:
            return diary, known.number
        number = diary.next_number
        return _appended(diary, render(facts, number)), number

    return change_diary(path, change, wait_s)


def add_entry(path: str | os.PathLike[str], make: Callable[[int], str], wait_s: float = LOCK_WAIT_S) -> int:
    """Appends what `make` writes for the next free number, whatever else is there; returns that number.

    Raises:
        OSError: the file cannot be written; it is untouched then.
    """

    def change(diary: Diary) -> tuple[Diary, int]:
        return _appended(diary, make(diary.next_number)), diary.next_number

    return change_diary(path, change, wait_s)


def save_entry(
    path: str | os.PathLike[str], number: int, base_text: str, new_text: str, wait_s: float = LOCK_WAIT_S
) -> SaveResult:
    """Writes an edited entry: `base_text` is the entry as the editor got it, `new_text` as it is now.

    Where the entry on disk is still `base_text` it is replaced and every other byte stays. Where somebody
    else changed it meanwhile, both changes are merged section by section (`merge`); a section that both
    changed holds both versions then. Where sections cannot tell, the file's version stays in place and ours
    follows it as a conflict copy; where the entry is gone, ours is appended. Blank lines at an entry's end
    and kinds of line endings are no change by themselves. Only what the file needs is added to `new_text`:
    its heading if it lost it, the end of an open fence or of the last line where another entry follows.

    Raises:
        OSError: the file cannot be written; it is untouched then.
    """
    return change_diary(path, lambda diary: save_into(diary, number, base_text, new_text), wait_s)


def edit_entry(
    path: str | os.PathLike[str], number: int, change: Callable[[str], str], wait_s: float = LOCK_WAIT_S
) -> SaveResult:
    """Writes what `change` makes of an entry's text as it is on disk; for programs, which need no editor.

    `change` is pure (`append_to_section`, `set_status`); whatever it raises leaves the file untouched.

    Raises:
        KeyError: there is no entry of this number.
        OSError: the file cannot be written; it is untouched then.
    """

    def save(diary: Diary) -> tuple[Diary, SaveResult]:
        entry = diary.find(number)
        if entry is None:
            raise KeyError(f"there is no entry #{number}")
        return save_into(diary, number, entry.text, change(entry.text))

    return change_diary(path, save, wait_s)


def _appended(diary: Diary, entry: str) -> Diary:
    return appended(diary, with_newlines(entry, diary.newline))
