"""Which page of the diary is opened, when, and on what; its file is read away from the screen's thread."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from trainer_tui.runs.text import clean
from trainer_tui.tui.alarms import EntryWatch
from trainer_tui.tui.desk import Desk, Sheet
from trainer_tui.tui.headlines import entry_of
from trainer_tui.tui.pictures import RunPicture
from trainer_tui.tui.widgets.headline import StateLine

if TYPE_CHECKING:
    from trainer_tui.tui.app import CockpitApp

BROUGHT_BACK = "this text was being written when an earlier screen was killed; it is not in the diary yet"


class Pages:
    """The diary of the cockpit: opens its entries and saves them."""

    def __init__(self, app: CockpitApp, desk: Desk) -> None:
        self.desk = desk
        self._app = app
        self._entries = EntryWatch()

    def mind(self, picture: RunPicture) -> None:
        """Open the diary on an entry that came while the screen was open, once its failure is certain."""
        for number in self._entries.news(picture.state):
            self.open(number, by_itself=True)

    def open(self, number: int | None = None, *, by_itself: bool = False) -> None:
        """Show an entry; None: that of the present failure, else the note on the run, opened if need be."""
        if by_itself and not self._app.is_free:
            self._announce(number)
        else:
            work = self._open(number, by_itself)
            self._app.run_worker(work, group="diary", exclusive=True, exit_on_error=False)

    def _announce(self, number: int | None) -> None:
        self._app.notify(f"diary entry #{number} was opened: e on the Watch screen", markup=False)

    async def _open(self, number: int | None, by_itself: bool) -> None:
        from trainer_tui.tui.screens.diary import DiaryScreen

        try:
            sheet = await asyncio.to_thread(self._find, number, self._app.picture)
        except Exception as error:  # any reason is told, none closes the screen
            why = error.strerror if isinstance(error, OSError) else None
            told = f"the diary cannot be opened: {clean(why or str(error) or type(error).__name__, 300)}"
            self._app.notify(told, severity="error", markup=False)
            return
        if sheet is None:
            self._app.notify("the diary has no entry yet; a failure opens one", markup=False)
        elif not self._app.is_free:
            if by_itself:
                self._announce(sheet.number)
        else:
            line = StateLine(self._app.cockpit.project_name, self._app.cockpit.model.name)
            line.picture = self._app.picture
            self._app.push_screen(DiaryScreen(sheet, line))
            if sheet.adopted:
                self._app.notify(BROUGHT_BACK, severity="warning", markup=False)

    def _find(self, number: int | None, picture: RunPicture | None) -> Sheet | None:
        """The sheet to show; in a thread. Raises OSError when the diary cannot be read or written."""
        if number is None and picture is not None:
            number = entry_of(picture.state, picture.state.failure)
            if number is None:
                from trainer_tui.tui.notes import note_on_newest

                number = note_on_newest(self.desk.diary, self._app.cockpit.model)
        return self.desk.open(number) or self.desk.open(None)

    async def save(self, sheet: Sheet) -> tuple[str, bool]:
        """Write a sheet; returns what to tell the user, and whether it was written."""
        try:
            return await asyncio.to_thread(self.desk.save, sheet), True
        except OSError as error:
            await asyncio.to_thread(self.desk.keep_draft, sheet)
            return f"not saved, the text is kept here: {error.strerror or error}", False

    def resolve(self, sheet: Sheet) -> tuple[str, str] | None:
        """Accept the proposed fix of an entry that is saved: (its text now, what to tell); in a thread.

        None: nobody proposed one. Raises OSError when the diary cannot be written.
        """
        from trainer_tui.supervise.notebook.fix import accept
        from trainer_tui.tui.desk import as_edited

        try:
            accepted = accept(self.desk.diary, sheet.number)
        except (KeyError, ValueError):
            return None
        return as_edited(accepted.text), accepted.sentence
