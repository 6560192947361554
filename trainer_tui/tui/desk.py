"""The entries that are being written: their texts outlive the screen until the diary has taken them."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(slots=True)
class Sheet:
    """One entry in an editor."""

    number: int
    base: str
    """The text as the diary has it, as far as we know."""
    text: str
    """The text as the editor has it."""

    @property
    def changed(self) -> bool:
        """Whether something is not in the diary yet."""
        return self.text != self.base


class Desk:
    """The sheets of one diary. Raises nothing for a file that cannot be read or written: it says so."""

    def __init__(self, diary: Path) -> None:
        self.diary = diary
        self._sheets: dict[int, Sheet] = {}
        self._seen: object = None

    def open(self, number: int | None) -> Sheet | None:
        """The sheet of an entry (None: the newest), with what was not saved before; None when there is none.

        Raises OSError when the diary cannot be read and nothing of the entry is here.
        """
        from trainer_tui.diary import entries  # not before the first frame

        if number in self._sheets and self._sheets[number].changed:
            return self._sheets[number]
        found = [e for e in entries(self.diary) if number is None or e.number == number]
        if not found:
            return None
        entry = found[0] if number is not None else found[-1]
        kept = self._sheets.get(entry.number)
        if kept is not None and kept.changed:
            return kept
        text = _as_edited(entry.text)
        sheet = Sheet(entry.number, text, text)
        self._sheets[entry.number] = sheet
        return sheet

    def refresh(self, sheet: Sheet) -> bool:
        """Take over what somebody else wrote into an entry not being changed here; True if there was any."""
        stamp = _stamp(self.diary)
        if stamp == self._seen:
            return False
        self._seen = stamp
        if sheet.changed:
            return False
        from trainer_tui.diary import entries

        try:
            found = [entry.text for entry in entries(self.diary) if entry.number == sheet.number]
        except OSError:
            return False
        if not found or _as_edited(found[0]) == sheet.text:
            return False
        sheet.base = sheet.text = _as_edited(found[0])
        return True

    def neighbour(self, number: int, step: int) -> Sheet | None:
        """The entry before (-1) or after (1) one."""
        from trainer_tui.diary import entries

        try:
            numbers = [entry.number for entry in entries(self.diary)]
            at = numbers.index(number) + step
            return self.open(numbers[at]) if 0 <= at < len(numbers) else None
        except (OSError, ValueError):
            return None

    def save(self, sheet: Sheet) -> str:
        """Write a sheet into the diary and return what the user should know, mostly nothing.

        Raises OSError when the diary cannot be written; the sheet keeps its text.
        """
        from trainer_tui.diary import save_entry

        text = sheet.text
        if text == sheet.base:
            return ""
        result = save_entry(self.diary, sheet.number, sheet.base, text)
        # The editor keeps its own buffer, so this is what the diary was last given.
        sheet.base = text
        return result.sentence

    def unsaved(self) -> list[Sheet]:
        """The sheets whose text is not in the diary."""
        return [sheet for sheet in self._sheets.values() if sheet.changed]

    def rescue(self) -> list[Path]:
        """Save every sheet, at the end; what the diary does not take goes into files, returned."""
        files = []
        for sheet in self.unsaved():
            try:
                self.save(sheet)
            except OSError:
                files.append(_rescue_file(sheet))
        return files


def _stamp(path: Path) -> object:
    """What changes whenever the file does; None while there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _as_edited(text: str) -> str:
    """The text as an editor holds it: one kind of line ending (the diary restores its own)."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _rescue_file(sheet: Sheet) -> Path:
    descriptor, name = tempfile.mkstemp(prefix=f"dev_diary-entry-{sheet.number}-", suffix=".md")
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(sheet.text)
    return Path(name)
