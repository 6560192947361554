"""The entries that are being written: their texts outlive the screen until the diary has taken them."""

from __future__ import annotations

import os
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trainer_tui.tui.drafts import Draft, Drafts

if TYPE_CHECKING:
    from trainer_tui.tui.diary.rows import EntryRow, Register

PATIENCE_S = 10.0
"""How long a save waits for another writer of the diary."""

HURRY_S = 1.0
"""The same when the screens are being left."""


@dataclass(slots=True)
class Sheet:
    """One entry in an editor."""

    number: int
    base: str
    """The text as the diary has it, as far as we know."""
    text: str
    """The text as the editor has it."""
    adopted: tuple[Path, ...] = ()
    """The draft of a process that is gone, where the text came from."""
    merged: str | None = None
    """What the diary made of the text that was saved last, where somebody else had changed the entry."""

    @property
    def changed(self) -> bool:
        """Whether something is not in the diary yet."""
        return self.text != self.base


@dataclass(frozen=True, slots=True)
class News:
    """What somebody else made of an entry that is open here."""

    text: str | None
    """What the editor should hold now; None: both changed the same, which saving will keep twice."""
    base: str
    """The entry as the file has it."""
    mine: str
    """The text this was made for: who has typed since then asks again."""
    sentence: str


class Desk:
    """The sheets of one diary. Its methods read and write files: away from the screen's thread they go."""

    def __init__(self, diary: Path) -> None:
        self.diary = diary
        self.drafts = Drafts(diary)
        self._sheets: dict[int, Sheet] = {}
        self._seen: object = None
        self._opening = threading.Lock()
        self._drafting = threading.Lock()
        self._listing = threading.Lock()
        self._register: Register | None = None

    def open(self, number: int | None) -> Sheet | None:
        """The sheet of an entry (None: the newest), with what was not saved before; None when there is none.

        What a process that is gone left unsaved is taken up again. Raises OSError when the diary cannot be
        read and nothing of the entry is here.
        """
        from trainer_tui.diary import entries  # not before the first frame

        with self._opening:
            if number in self._sheets and self._sheets[number].changed:
                return self._sheets[number]
            found = [e for e in entries(self.diary) if number is None or e.number == number]
            if not found:
                return self._begin(number, None) if number is not None else None
            entry = found[0] if number is not None else found[-1]
            kept = self._sheets.get(entry.number)
            if kept is not None and kept.changed:
                return kept
            return self._begin(entry.number, as_edited(entry.text))

    def _begin(self, number: int, text: str | None) -> Sheet | None:
        """A sheet with the text of the diary (None: it has no such entry any more), or of a draft of it."""
        draft = self._lost_draft(number, text)
        if draft is not None:
            sheet = Sheet(number, draft.base, draft.text, (draft.path,))
        elif text is not None:
            sheet = Sheet(number, text, text)
        else:
            return None
        self._sheets[number] = sheet
        return sheet

    def _lost_draft(self, number: int, text: str | None) -> Draft | None:
        drafts = self.drafts.abandoned(number)
        saved = [draft for draft in drafts if draft.text in (text, draft.base)]
        self.drafts.drop(draft.path for draft in saved)
        lost = [draft for draft in drafts if draft not in saved]
        return lost[-1] if lost else None

    def rows(self) -> tuple[EntryRow, ...]:
        """The list of entries, newest first. Raises OSError when the diary cannot be read."""
        from trainer_tui.diary import entries
        from trainer_tui.tui.diary.rows import Register

        with self._listing:
            self._register = self._register or Register()
            return self._register.rows(entries(self.diary))

    def stamp(self) -> object:
        """What changes whenever the diary does."""
        return _stamp(self.diary)

    def news(self, sheet: Sheet) -> News | None:
        """What somebody else made of an entry since the last call; None when nothing is new.

        Sections that only they changed, and those that only we did, come together; where both changed the
        same one the editor's text stays, and saving keeps both versions.
        """
        stamp = _stamp(self.diary)
        if stamp == self._seen:
            return None
        from trainer_tui.diary import entries
        from trainer_tui.diary.merge import merge_entry, same

        mine, base = sheet.text, sheet.base
        try:
            found = [entry.text for entry in entries(self.diary) if entry.number == sheet.number]
        except OSError:
            return None
        self._seen = stamp
        theirs = as_edited(found[0]) if found else None
        if theirs is None or same(theirs) == same(base):
            return None
        if mine == base:
            return News(theirs, theirs, mine, "taken over from the file, where somebody changed it")
        merged = merge_entry(base, mine, theirs)
        if merged is not None and not merged.conflicts:
            told = "somebody changed the entry in the file; both changes are here"
            return News(as_edited(merged.text), theirs, mine, told)
        named = f"also {_titles(merged.conflicts)}" if merged is not None else "the entry too"
        return News(None, theirs, mine, f"somebody changed {named}: saving keeps both versions")

    def ask_again(self) -> None:
        """Let the next call of `news` look once more."""
        self._seen = None

    def neighbour(self, number: int, step: int) -> Sheet | None:
        """The entry before (-1) or after (1) one."""
        from trainer_tui.diary import entries

        try:
            numbers = [entry.number for entry in entries(self.diary)]
            at = numbers.index(number) + step
            return self.open(numbers[at]) if 0 <= at < len(numbers) else None
        except (OSError, ValueError):
            return None

    def save(self, sheet: Sheet, patience_s: float = PATIENCE_S) -> str:
        """Write a sheet into the diary and return what the user should know, mostly nothing.

        Raises OSError when the diary cannot be written; the sheet keeps its text.
        """
        from trainer_tui.diary import save_entry

        text = sheet.text
        if text == sheet.base:
            sentence = ""
        else:
            result = save_entry(self.diary, sheet.number, sheet.base, text, patience_s)
            sentence = result.sentence
            # What an editor that keeps its own buffer goes on with: this is what the diary was last given.
            sheet.base = text
            together = result.outcome == "merged" or bool(result.sections)
            sheet.merged = as_edited(result.text) if together else None
        self.keep_draft(sheet)
        return sentence

    def keep_draft(self, sheet: Sheet) -> str:
        """Bring the draft of a sheet up to date: written, or removed once the diary has the text.

        Returns why it could not be written, mostly nothing.
        """
        with self._drafting:
            if not sheet.changed:
                self.drafts.drop((self.drafts.path(sheet.number), *sheet.adopted))
                sheet.adopted = ()
                return ""
            try:
                self.drafts.keep(sheet.number, sheet.base, sheet.text)
            except OSError as error:
                return f"no draft can be kept: {error.strerror or error}"
            self.drafts.drop(sheet.adopted)
            sheet.adopted = ()
            return ""

    def unsaved(self) -> list[Sheet]:
        """The sheets whose text is not in the diary."""
        return [sheet for sheet in self._sheets.values() if sheet.changed]

    def rescue(self) -> list[Path]:
        """Save every sheet, at the end; what the diary does not take goes into files, returned."""
        files = []
        for sheet in self.unsaved():
            try:
                self.save(sheet, HURRY_S)
            except Exception:  # whatever is wrong with one entry, this one's text and the next ones' are kept
                files += self._kept_elsewhere(sheet)
        return files

    def _kept_elsewhere(self, sheet: Sheet) -> list[Path]:
        """Where a text lies that the diary did not take: a file to read, or at least its draft."""
        refused = self.keep_draft(sheet)
        try:
            return [_rescue_file(sheet)]
        except (OSError, ValueError):
            return [] if refused else [self.drafts.path(sheet.number)]


def _stamp(path: Path) -> object:
    """What changes whenever the file does; None while there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _titles(names: tuple[str, ...]) -> str:
    from trainer_tui.diary.sections import SECTION_TITLES

    titles = {str(kind): title for kind, title in SECTION_TITLES.items()}
    return ", ".join(titles.get(name, name) for name in names)


def as_edited(text: str) -> str:
    """The text as an editor holds it: one kind of line ending (the diary restores its own)."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _rescue_file(sheet: Sheet) -> Path:
    descriptor, name = tempfile.mkstemp(prefix=f"dev_diary-entry-{sheet.number}-", suffix=".md")
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(sheet.text)
    return Path(name)
