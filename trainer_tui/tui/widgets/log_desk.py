"""The Log screen's content: the page, its title, the line to ask with, and the panel of one line."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from trainer_tui.runs.logs.search import Wanted
from trainer_tui.runs.text import clean
from trainer_tui.tui.keys import bindings
from trainer_tui.tui.log import asks
from trainer_tui.tui.log.desk import LogDesk
from trainer_tui.tui.log.keys import LOG_KEYS
from trainer_tui.tui.log.page import Page
from trainer_tui.tui.log.pager import Pager
from trainer_tui.tui.widgets.ask_line import QUESTIONS, AskLine
from trainer_tui.tui.widgets.log_head import LogHead, place_of, title_of
from trainer_tui.tui.widgets.log_page import LogPage


class LogDeskView(Vertical):
    """Reads one log at a time; its keys are `LOG_KEYS`."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(LOG_KEYS, "log-screen")

    class PageReady(Message):
        """The pager has something to take."""

        def __init__(self, pager: Pager) -> None:
            super().__init__()
            self.pager = pager

        def can_replace(self, message: Message) -> bool:
            """Only the newest counts."""
            return isinstance(message, type(self))

    class Left(Message):
        """Escape was pressed with nothing left to close."""

    def __init__(self, name: str = "") -> None:
        super().__init__(id="log-desk")
        self._heading = name
        self._pager: Pager | None = None
        self._asked = "forward"
        self._regex = False
        self._exact: bool | None = None
        self._room: tuple[int, int] | None = None
        self.view = LogPage()
        self._head = LogHead()
        self._ask = AskLine(id="log-ask", compact=True)
        self._hint = Static("", id="log-hint", markup=False)
        self._line = Static("", id="log-line", markup=False)
        self._panel = VerticalScroll(self._line, id="log-panel", can_focus=False)
        self._bottom = Vertical(self._hint, self._ask, id="log-question")
        self._bottom.display = self._panel.display = False

    def compose(self) -> ComposeResult:
        yield self._head
        yield self.view
        yield self._panel
        yield self._bottom

    # ------------------------------------------------------------------ which log

    def open(self, path: Path | None, events: Path | None = None, name: str = "") -> None:
        """Read this log from now on; None: none yet."""
        self.close()
        self._heading = name or (clean(path.name, 80) if path is not None else "")
        if path is None:
            self.view.show(Page(waiting="there is no run yet, and so no log"))
            return
        self._pager = Pager(path, self._told, events)
        if self._room is not None:
            self._pager.ask(partial(_resize, *self._room))
        self._pager.start()

    def _told(self) -> None:
        pager = self._pager
        if pager is not None:
            self.post_message(self.PageReady(pager))

    def close(self) -> None:
        """Let the log go."""
        if self._pager is not None:
            self._pager.close()
            self._pager = None

    def on_unmount(self) -> None:
        self.close()

    def sleep(self, asleep: bool) -> None:
        """Whether somebody looks."""
        if self._pager is not None:
            self._pager.sleep(asleep)

    @property
    def page(self) -> Page:
        """What is shown."""
        return self.view.page

    def do(self, request: Callable[..., None], *arguments: object) -> None:
        """Ask something of the desk, in the pager's thread."""
        if self._pager is not None:
            self._pager.ask(lambda desk: request(desk, *arguments))

    @on(PageReady)
    def _page_ready(self, event: PageReady) -> None:
        if event.pager is not self._pager:
            return
        page, said = event.pager.take()
        if page is not None:
            self.view.show(page)
            self._head.show(title_of(page, self._heading or ""), place_of(page))
            self._show_detail(page)
        for one in said:
            if one.clipboard is not None:
                self.app.copy_to_clipboard(one.clipboard)
            self.notify(one.text, severity=one.severity, markup=False)

    def _show_detail(self, page: Page) -> None:
        if self._panel.display != (page.detail is not None):
            self._panel.display = page.detail is not None
        if page.detail is not None:
            self._panel.border_title = Content(page.detail.title)
            self._panel.border_subtitle = Content("enter closes")
            self._line.update(Content(page.detail.text))

    # ------------------------------------------------------------------ the page's wishes

    @on(LogPage.Sized)
    def _sized(self, event: LogPage.Sized) -> None:
        self._room = (event.width, event.height)
        self.do(lambda desk, w, h: desk.resize(w, h), event.width, event.height)

    @on(LogPage.Moved)
    def _moved(self, event: LogPage.Moved) -> None:
        if event.share is not None:
            self.do(lambda desk, share: desk.at_share(share), event.share)
        else:
            self.do(lambda desk, rows: desk.scroll(rows), event.rows)

    @on(LogPage.Pointed)
    def _pointed(self, event: LogPage.Pointed) -> None:
        self.do(lambda desk, start: desk.point(start), event.start)
        if event.twice:
            self.action_detail()

    # ------------------------------------------------------------------ the line to answer in

    def ask(self, what: str, value: str = "") -> None:
        """Ask for something."""
        self._asked = what
        self._ask.value = value
        self._bottom.display = True
        self._rehint()
        self._ask.focus()

    def _rehint(self) -> None:
        question = QUESTIONS[self._asked]
        words = f"{question.title}: {question.hint}"
        if self._asked in ("forward", "back"):
            case = {None: "case counts with a capital", True: "case counts", False: "any case"}[self._exact]
            kind = "regular expression" if self._regex else "text"
            words = f"{question.title}: {kind}, {case}  {question.hint}"
        self._hint.update(Content(words))

    @on(AskLine.Switched)
    def _switched(self, event: AskLine.Switched) -> None:
        if event.what == "regex":
            self._regex = not self._regex
        else:
            self._exact = {None: True, True: False, False: None}[self._exact]
        self._rehint()

    @on(AskLine.Left)
    def _leave_question(self) -> None:
        self._bottom.display = False
        self.view.focus()

    @on(Input.Submitted, "#log-ask")
    def _answered(self, event: Input.Submitted) -> None:
        event.stop()
        self._leave_question()
        value = event.value
        if self._asked in ("forward", "back"):
            wanted = Wanted(value, self._regex, self._exact) if value else None
            self.do(asks.search, wanted, self._asked == "forward")
        elif self._asked == "place":
            self.do(asks.go_to, value)
        elif value.strip() and self._pager is not None:
            self._pager.save(Path(value.strip()).expanduser())

    # ------------------------------------------------------------------ keys

    def action_search(self, forward: bool) -> None:
        """Search the log."""
        search = self.page.search
        self.ask("forward" if forward else "back", search.text if search else "")

    def action_match(self, forward: bool) -> None:
        """Next or previous match."""
        if self.page.search is None:
            self.action_search(forward)
        else:
            self.do(asks.step, forward)

    def action_filter(self) -> None:
        """Only the lines that match, or all."""
        if self.page.search is None:
            self.action_search(True)
        else:
            self.do(asks.show_matches_only)

    def action_incident(self, forward: bool) -> None:
        """Next or previous incident."""
        self.do(asks.to_incident, forward)

    def action_go_to(self) -> None:
        """Ask for a place."""
        self.ask("place")

    def action_follow(self) -> None:
        """The end."""
        self.do(lambda desk: desk.end())

    def action_top(self) -> None:
        """The first line."""
        self.do(lambda desk: desk.home())

    def action_switch(self, what: str) -> None:
        """Wrap, or fold."""
        self.do(asks.toggle, what)

    def action_select(self) -> None:
        """Begin or forget a selection."""
        self.do(asks.select)

    def action_copy(self) -> None:
        """Copy what is selected with the mouse, else the selected lines, else this line."""
        chosen = self.screen.get_selected_text()
        if chosen:
            self.app.copy_to_clipboard(chosen[: asks.COPY_MOST])
            self.notify("copied, if your terminal allows it (OSC 52)", markup=False)
            self.screen.clear_selection()
        else:
            self.do(asks.copy)

    def action_save(self) -> None:
        """Ask for a file to save to."""
        page = self.page
        if page.selected is None and not (page.search and page.search.filtered):
            self.notify("nothing is selected: v selects lines, & shows only those that match", markup=False)
            return
        stem = self._heading.removesuffix(".log").replace("/", "-") or "log"
        self.ask("file", f"{stem}-{'lines' if page.selected else 'matches'}.log")

    def action_detail(self) -> None:
        """The panel of this line, or none."""
        self.do(_toggle_detail)

    def action_move(self, lines: int) -> None:
        """By lines."""
        self.do(lambda desk, count: desk.move(count), lines)

    def action_leaf(self, pages: int) -> None:
        """By pages."""
        self.do(lambda desk, count: desk.leaf(count), pages)

    def action_sideways(self, steps: int) -> None:
        """Over long lines."""
        self.view.sideways(steps)

    def action_back(self) -> None:
        """Close what was opened last; leave when nothing is."""
        page = self.page
        if self.screen.selections:
            self.screen.clear_selection()
        elif page.detail is not None:
            self.action_detail()
        elif page.selected is not None:
            self.action_select()
        elif page.search is not None:
            self.do(asks.search, None)
        else:
            self.post_message(self.Left())


def _resize(width: int, height: int, desk: LogDesk) -> None:
    desk.resize(width, height)


def _toggle_detail(desk: LogDesk) -> None:
    desk.detailed = not desk.detailed
