"""The entries of a diary with their filter: read, and sifted, away from the screen's thread."""

from __future__ import annotations

import asyncio
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from trainer_tui.tui.desk import Desk
from trainer_tui.tui.diary.rows import EntryRow, chosen
from trainer_tui.tui.diary.work import newest
from trainer_tui.tui.widgets.entry_list import EntryFilter, EntryList


class EntryShelf(Vertical):
    """The list, and a line above it while something is looked for."""

    def __init__(self) -> None:
        super().__init__(id="diary-shelf")
        self.entries = EntryList()
        self.entries.border_title = "Entries"
        self._filter = EntryFilter(
            placeholder="words, model: kind: status: tag:", id="entry-filter", compact=True
        )
        self._rows: tuple[EntryRow, ...] = ()
        self._listed: object = None

    def compose(self) -> ComposeResult:
        yield self._filter
        yield self.entries

    def mark(self, number: int) -> None:
        """Say which entry is in the editor."""
        self.entries.mark(number)

    def look(self, desk: Desk) -> None:
        """Read the entries again, where the diary changed."""
        newest(self, "list", partial(self._read, desk))

    async def _read(self, desk: Desk) -> None:
        stamp = await asyncio.to_thread(desk.stamp)
        if stamp == self._listed:
            return
        try:
            rows = await asyncio.to_thread(desk.rows)
        except OSError as error:
            self.entries.show((), f"cannot be read: {error.strerror or error}")
            return
        first, self._rows, self._listed = self._listed is None, rows, stamp
        await self._sift()
        if first and self.entries.shown is not None:
            self.entries.mark(self.entries.shown)

    async def _sift(self) -> None:
        typed = self._filter.value
        found = await asyncio.to_thread(chosen, self._rows, typed)
        if self.is_mounted and typed == self._filter.value:
            self.entries.show(found, "no entry is like that" if self._rows else "no entry yet")
            some = f"{len(found):,} of " if len(found) != len(self._rows) else ""
            self.entries.border_title = f"Entries ─ {some}{len(self._rows):,}"

    def stop_filtering(self) -> bool:
        """Show all entries again; False where nothing is looked for."""
        if not self.has_class("-filtering"):
            return False
        self._filter.value = ""
        self.remove_class("-filtering")
        self.entries.focus()
        return True

    @on(EntryList.Asked)
    def _ask(self) -> None:
        self.add_class("-filtering")
        self._filter.focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        newest(self, "sift", self._sift)

    @on(Input.Submitted)
    @on(EntryFilter.Left)
    def _to_list(self) -> None:
        self.entries.focus()
