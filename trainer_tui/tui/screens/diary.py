"""The Diary screen: one entry to write in, with what is known of its incident beside it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Footer, Static, TextArea

from trainer_tui.runs.incident import Incident
from trainer_tui.tui.desk import Sheet
from trainer_tui.tui.screens.texts import incident_text
from trainer_tui.tui.widgets.headline import StateLine

if TYPE_CHECKING:
    from trainer_tui.tui.app import CockpitApp


_LOOK_AGAIN_S = 2.0

DRAFT_AFTER_S = 0.5
"""After a change, until it is written into a draft."""


class DiaryScreen(Screen[None]):
    """Edits one entry at a time; leaving it saves it."""

    app: CockpitApp

    AUTO_FOCUS = "#editor"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", id="diary.save"),
        Binding("escape", "leave", "Save and back", id="diary.leave"),
        Binding("f2", "turn(-1)", "Entry before", id="diary.previous"),
        Binding("f3", "turn(1)", "Entry after", id="diary.next"),
    ]

    HELP = "Leaving an entry saves it; what somebody else wrote into the file meanwhile is kept beside it."

    def __init__(self, sheet: Sheet, incident: Incident | None, state_line: StateLine) -> None:
        super().__init__(id="diary")
        self.state_line = state_line
        self.sheet = sheet
        self._draft_timer: Timer | None = None
        # Held rather than looked up: the screen may be taken down while it is being built.
        self._title = Static(id="diary-title", markup=False)
        self._editor = TextArea(
            sheet.text, id="editor", classes="pane", show_line_numbers=False, compact=True
        )
        self._evidence = Static(incident_text(incident), id="evidence-text", markup=False)

    def compose(self) -> ComposeResult:
        yield self.state_line
        yield self._title
        with Horizontal(id="diary-body"):
            yield self._editor
            with VerticalScroll(id="evidence", classes="pane") as evidence:
                evidence.border_title = "What is known"
                yield self._evidence
        yield Footer(compact=True, show_command_palette=False)

    @property
    def editor(self) -> TextArea:
        """The text being written."""
        return self._editor

    def on_mount(self) -> None:
        self._begin()
        self.set_interval(_LOOK_AGAIN_S, self._look_again)

    def _look_again(self) -> None:
        """Show what a supervisor or another editor adds, as long as nothing is changed here."""
        self.run_worker(self._take_over_news(), group="news", exclusive=True, exit_on_error=False)

    async def _take_over_news(self) -> None:
        sheet = self.sheet
        text = await asyncio.to_thread(self.app.desk.news, sheet)
        if text is None or not self.is_mounted or sheet is not self.sheet:
            return
        if not sheet.changed and text != sheet.text:
            sheet.base = sheet.text = text
            place = self.editor.cursor_location
            self.editor.load_text(text)
            self.editor.move_cursor(place)
            self._say("taken over from the file, where somebody changed it")

    def _begin(self) -> None:
        """Cursor into the first section that waits for a person."""
        from trainer_tui.diary import first_empty_section

        line = min(first_empty_section(self.sheet.text), self.editor.document.line_count - 1)
        self.editor.move_cursor((line, 0))
        self.call_after_refresh(self.editor.scroll_cursor_visible, center=True, animate=False)
        self._say("")

    def on_text_area_changed(self) -> None:
        self.sheet.text = self.editor.text
        self._say("")
        if self.sheet.changed and self._draft_timer is None:
            self._draft_timer = self.set_timer(DRAFT_AFTER_S, self._draft)

    def _draft(self) -> None:
        """Write down what is not saved yet: a kill, or a power cut, then costs a second's typing at most."""
        self._draft_timer = None
        self.run_worker(self._keep_draft(), group="draft", exit_on_error=False)

    async def _keep_draft(self) -> None:
        problem = await asyncio.to_thread(self.app.desk.keep_draft, self.sheet)
        if problem and self.is_mounted:
            self._say(problem)

    def _say(self, sentence: str) -> None:
        state = "unsaved changes" if self.sheet.changed else "saved"
        title = Content.assemble(
            f" dev_diary.md  entry #{self.sheet.number}  ",
            (state, "$text-warning bold" if self.sheet.changed else "$text-success"),
            f"  {sentence}" if sentence else "",
        )
        self._title.update(title)

    async def action_save(self) -> None:
        """Write the entry into the diary."""
        sentence, written = await self.app.pages.save(self.sheet)
        if self.is_mounted:
            self._say(sentence)
        if sentence:
            self.notify(sentence, severity="warning" if written else "error", markup=False)

    async def action_leave(self) -> None:
        """Save and go back; a text that cannot be saved is kept and offered again."""
        sentence, written = await self.app.pages.save(self.sheet)
        if sentence:
            self.notify(sentence, severity="warning" if written else "error", markup=False)
        self.dismiss()

    async def action_turn(self, step: int) -> None:
        """Go to the entry before or after this one."""
        await self.action_save()
        sheet = await asyncio.to_thread(self.app.desk.neighbour, self.sheet.number, step)
        if sheet is None:
            self.notify("there is no entry there", markup=False)
            return
        self.show(sheet, self.app.pages.incident_of(sheet.number))

    def show(self, sheet: Sheet, incident: Incident | None) -> None:
        """Edit another entry."""
        self.sheet = sheet
        self.editor.load_text(sheet.text)
        self._evidence.update(incident_text(incident))
        self._begin()
