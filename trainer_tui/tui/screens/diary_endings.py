"""What leaves the entry for a while: the user's own editor, and the question that resolves a struggle."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from trainer_tui.tui.diary import outside, parts

if TYPE_CHECKING:
    from trainer_tui.tui.screens.diary import DiaryScreen


def write_outside(screen: DiaryScreen) -> None:
    """Give the terminal to `$EDITOR`; what it leaves is an edit like any other, which can be undone."""
    sheet = screen.sheet
    try:
        command = outside.editor_command(os.environ)
        with screen.app.suspend():
            # The app stands still meanwhile: one that went on would write into the other's screen.
            new = outside.edited_outside(sheet.text, sheet.number, command)
    except SuspendNotSupported:
        screen.tell("this terminal cannot be given to another editor", True)
    except outside.OutsideError as error:
        screen.tell(str(error), False)
    else:
        screen.editor.become(new)


def ask_to_resolve(screen: DiaryScreen) -> None:
    """Ask whether the fix is accepted; the entry is saved."""
    from trainer_tui.tui.screens.dialogs import Confirm

    question = parts.resolving(screen.sheet.text)
    if question is None:
        screen.tell("The Fix says nothing yet, and no run has passed since: what fixed it?", True)
        return

    def answered(yes: bool | None) -> None:
        if yes:
            screen.run_worker(_resolve(screen), group="resolve", exit_on_error=False)

    title = f"Resolve entry #{screen.sheet.number}?"
    screen.app.push_screen(Confirm(title, question, "resolve"), answered)


async def _resolve(screen: DiaryScreen) -> None:
    sheet, text = screen.sheet, screen.sheet.text
    try:
        done = await asyncio.to_thread(screen.app.pages.resolve, sheet)
    except OSError as error:
        screen.tell(f"not saved: {error.strerror or error}", False)
        return
    if not screen.is_mounted or sheet is not screen.sheet or sheet.text != text:
        return  # what was accepted comes with the next look at the file
    if done is None:
        screen.editor.become(parts.resolved(text))
        sheet.text = screen.editor.entry_text
        await screen.action_save()
    else:
        sheet.base = sheet.text = done[0]
        screen.editor.become(done[0])
        screen.notify(done[1], markup=False)
    screen.look_again()
