"""The Diary screen: the entries, one of them to write in, and what is known of its incident."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.events import Resize
from textual.timer import Timer
from textual.widgets import TextArea

from trainer_tui.tui.desk import Sheet
from trainer_tui.tui.diary import advice, parts
from trainer_tui.tui.diary.evidence import Evidence, gather
from trainer_tui.tui.diary.keys import DIARY_KEYS
from trainer_tui.tui.diary.title import title_of
from trainer_tui.tui.diary.work import newest
from trainer_tui.tui.keys import bindings
from trainer_tui.tui.screens.diary_endings import ask_to_resolve, write_outside
from trainer_tui.tui.screens.diary_layout import DiaryLayout
from trainer_tui.tui.styles import styled
from trainer_tui.tui.widgets.entry_list import EntryList
from trainer_tui.tui.widgets.headline import StateLine

_LOOK_AGAIN_S = 2.0

DRAFT_AFTER_S = 0.5
"""After a change, until it is written into a draft."""


class DiaryScreen(DiaryLayout):
    """Edits one entry at a time; leaving it saves it."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(DIARY_KEYS, "diary")

    HELP = "Leaving an entry saves it; what somebody else wrote into the file meanwhile is kept too."

    def __init__(self, sheet: Sheet, state_line: StateLine) -> None:
        super().__init__(state_line, sheet.text)
        self.sheet = sheet
        self._draft_timer: Timer | None = None
        self._parts: tuple[parts.Part, ...] = ()
        self._hints: tuple[advice.Hint, ...] | None = None
        self._runs: dict[str, str] | None = None
        self._sentence = self._warning = ""
        self._looking = False

    @property
    def _output(self) -> Path:
        return self.app.cockpit.model.path.parent

    def on_mount(self) -> None:
        self._begin()
        self.look_again()
        self.set_interval(_LOOK_AGAIN_S, self.look_again)

    # ------------------------------------------------------------------ one entry

    def _begin(self) -> None:
        """Cursor into the first section that waits for a person; what is known is gathered anew."""
        from trainer_tui.diary import first_empty_section

        self._warning, self._hints, self._runs = "", None, None
        line = min(first_empty_section(self.sheet.text), self.editor.document.line_count - 1)
        self.editor.move_cursor((line, 0))
        self.call_after_refresh(self.editor.scroll_cursor_visible, center=True, animate=False)
        self._parts = parts.parts(self.editor.text)
        self._shelf.mark(self.sheet.number)
        self._evidence.show(None)
        self._say("")
        newest(self, "evidence", self._gather)
        self._advise()

    def show(self, sheet: Sheet) -> None:
        """Edit another entry."""
        self.sheet = sheet
        self.editor.begin(sheet.text)
        self._begin()

    async def _gather(self) -> None:
        sheet = self.sheet

        def still_wanted() -> bool:
            return self.is_mounted and sheet is self.sheet

        try:
            found = await asyncio.to_thread(gather, self._output, sheet.text, still_wanted)
        except Exception as error:  # what is beside the entry must not cost the entry
            found = Evidence(why=f"it cannot be read: {type(error).__name__}")
        if still_wanted():
            self._evidence.show(found)

    @on(TextArea.Changed)
    def _typed(self) -> None:
        text = self.editor.entry_text
        own = text == self.sheet.text  # it was put there, and what is said of it stays
        self.sheet.text = text
        self.editor.recolour()
        self._parts = parts.parts(self.editor.text)
        self._say(self._sentence if own else "")
        if self._draft_timer is None:
            self._draft_timer = self.set_timer(DRAFT_AFTER_S, self._draft)

    @on(TextArea.SelectionChanged)
    def _moved(self) -> None:
        self._say(self._sentence)
        self._show_advice()

    def _draft(self) -> None:
        """Write down what is not saved yet: a kill, or a power cut, then costs a second's typing at most."""
        self._draft_timer = None
        if self.sheet.changed:
            self.run_worker(self._keep_draft(), group="draft", exit_on_error=False)
        self._advise()

    async def _keep_draft(self) -> None:
        problem = await asyncio.to_thread(self.app.desk.keep_draft, self.sheet)
        if problem and self.is_mounted:
            self._say(problem)

    def _say(self, sentence: str) -> None:
        self._sentence = sentence
        line = self.editor.cursor_location[0]
        self._title.update(title_of(self.sheet, self._parts, line, sentence or self._warning))

    # ------------------------------------------------------------------ advice

    def _advise(self) -> None:
        newest(self, "advice", self._look_for_advice)

    async def _look_for_advice(self) -> None:
        sheet, text = self.sheet, self.editor.text
        if self._runs is None:
            self._runs = await asyncio.to_thread(advice.runs_named, self._output, text)
        found = await asyncio.to_thread(advice.hints_for, text, self._runs)
        if self.is_mounted and sheet is self.sheet and text == self.editor.text:
            self._hints = found
            self.editor.flag(frozenset(hint.line for hint in found))
            self._show_advice()

    def _show_advice(self) -> None:
        if self._hints is not None:
            line = self.editor.cursor_location[0]
            section = self._parts[parts.part_at(self._parts, line)].line if self._parts else 0
            self._advice.update(styled(advice.hint_row(self._hints, line, section, self.size.width)))

    def action_advice(self) -> None:
        """To the next line that lacks something."""
        self._go_to(advice.next_hint(self._hints or (), self.editor.cursor_location[0]))

    # ------------------------------------------------------------------ what others write

    def look_again(self) -> None:
        """Show what a supervisor or another editor adds."""
        if not self._looking:  # dropping a look would lose what it found: the desk tells each news once
            self._looking = True
            self.run_worker(self._take_over_news(), group="news", exit_on_error=False)
        self._shelf.look(self.app.desk)

    async def _take_over_news(self) -> None:
        sheet, desk = self.sheet, self.app.desk
        try:
            news = await asyncio.to_thread(desk.news, sheet)
        finally:
            self._looking = False
        if news is None or not self.is_mounted:
            return
        if sheet is not self.sheet or sheet.text != news.mine:
            desk.ask_again()
            return
        if news.text is None:
            self._warning = news.sentence
        else:
            sheet.base, sheet.text, self._warning = news.base, news.text, ""
            self.editor.become(news.text)
        self._say(news.sentence)

    # ------------------------------------------------------------------ saving, leaving, turning

    async def action_save(self) -> None:
        """Write the entry into the diary."""
        sentence, written = await self.app.pages.save(self.sheet)
        if self.is_mounted:
            self._warning = "" if written else self._warning
            self._take_over_merged()
            self._say(sentence)
            self.look_again()
        self.tell(sentence, written)

    def tell(self, sentence: str, good: bool) -> None:
        """Say something in a notification, where there is something to say."""
        if sentence:
            self.notify(sentence, severity="warning" if good else "error", markup=False)

    def _take_over_merged(self) -> None:
        """Go on with what the diary made of two writers' texts, both versions of a conflict included."""
        sheet = self.sheet
        merged, sheet.merged = sheet.merged, None
        if merged is not None and not sheet.changed:
            sheet.base = sheet.text = merged
            self.editor.become(merged)

    async def action_leave(self) -> None:
        """Out of the list or its filter; else save and go back. What cannot be saved is offered again."""
        if self._shelf.stop_filtering():
            return
        if not self.editor.has_focus:
            self._put_away()
            self.editor.focus()
            return
        sentence, written = await self.app.pages.save(self.sheet)
        self.tell(sentence, written)
        self.dismiss()

    async def action_turn(self, step: int) -> None:
        """Go to the entry before or after this one."""
        await self.action_save()
        sheet = await asyncio.to_thread(self.app.desk.neighbour, self.sheet.number, step)
        if sheet is None:
            self.notify("there is no entry there", markup=False)
        elif self.is_mounted:
            self.show(sheet)

    @on(EntryList.Opened)
    async def _open(self, event: EntryList.Opened) -> None:
        if event.number != self.sheet.number:
            await self.action_save()
            try:
                sheet = await asyncio.to_thread(self.app.desk.open, event.number)
            except OSError as error:
                self.tell(f"the entry cannot be read: {error.strerror or error}", False)
                return
            if sheet is None:
                self.tell(f"there is no entry #{event.number} any more", True)
                return
            if not self.is_mounted:
                return
            self.show(sheet)
        self._put_away()
        self.editor.focus()

    def on_resize(self, event: Resize) -> None:
        # Called beside that of the layout.
        self._show_advice()

    # ------------------------------------------------------------------ in the text

    def action_section(self, step: int) -> None:
        """To the section before or after."""
        self._go_to(parts.step_to(self._parts, self.editor.cursor_location[0], step))

    def action_template(self) -> None:
        """Put the questions of the section the cursor is in into it."""
        at = parts.part_at(self._parts, self.editor.cursor_location[0])
        new, why = parts.with_template(self.editor.entry_text, self._parts[at].name)
        if new is None:
            self.notify(why, markup=False)
        else:
            self.editor.become(new)

    def action_preview(self) -> None:
        """The entry as a reader sees it."""
        from trainer_tui.tui.screens.preview import PreviewScreen

        self.app.push_screen(PreviewScreen(f"Entry #{self.sheet.number}", self.sheet.text))

    def action_outside(self) -> None:
        """Write in `$EDITOR`; nothing happens here until it is left."""
        write_outside(self)

    def action_help(self) -> None:
        """The keys of this screen."""
        self.app.action_help()

    async def action_resolve(self) -> None:
        """Accept the proposed fix, after a question."""
        await self.action_save()
        if not self.sheet.changed:  # else it could not be saved, which was said
            ask_to_resolve(self)
