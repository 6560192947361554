"""`trainer-tui log`: the Log screen alone, on any file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.widgets import Footer

from trainer_tui.runs.text import clean
from trainer_tui.tui.harmless import HARMLESS
from trainer_tui.tui.remember import remembered
from trainer_tui.tui.terminal import Exit, keep_size, on_closing
from trainer_tui.tui.themes import VARIABLES, register, theme_for, wear
from trainer_tui.tui.widgets.log_desk import LogDeskView


class LogApp(App[None]):
    """Reads one file."""

    TITLE = "trainer-tui log"
    CSS_PATH = ["cockpit.tcss", "log.tcss"]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (18, "-low")]
    AUTO_FOCUS = "LogPage"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", key_display="?", id="app.help"),
        Binding("q,ctrl+q,ctrl+c", "quit", "Quit", key_display="q", id="app.quit"),
    ]

    def __init__(self, path: Path, name: str = "", events: Path | None = None) -> None:
        super().__init__()
        self.closed_by: int | None = None
        self.exit_by: Exit | None = None
        self.desk = LogDeskView()
        self._what = path, events, name or clean(path.name, 60)
        register(self)
        wear(self, theme_for(os.environ, remembered("theme")))

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every drawn line goes through."""
        return [*super().get_line_filters(), HARMLESS]

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Colours that other themes do not know."""
        return VARIABLES

    def compose(self) -> ComposeResult:
        yield self.desk
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        on_closing(self._closed_from_outside)
        self.set_interval(1.0, lambda: keep_size(self), name="size")
        self.desk.open(*self._what)

    def watch_theme(self) -> None:
        self.call_after_refresh(self.desk.view.restyle)

    def _closed_from_outside(self, number: int) -> None:
        self.closed_by = number
        if self.exit_by is not None:
            self.exit_by.within(number)
        self.exit()

    def action_help(self) -> None:
        """The keys, over the log."""
        from trainer_tui.tui.screens.help import HelpScreen, help_for

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss()
        else:
            self.push_screen(help_for(self.screen, places=False))


def read_log(path: Path, name: str = "", events: Path | None = None) -> int:
    """Show a log until it is left; returns 0, or 128 and the signal that closed it."""
    app = LogApp(path, name, events)
    app.exit_by = Exit(lambda: None)
    app.run()
    app.exit_by.done()
    return 128 + app.closed_by if app.closed_by else 0 if app.return_code in (0, None) else 1
