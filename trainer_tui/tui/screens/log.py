"""The Log screen: the whole log of the run that is shown."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Footer

from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.text import clean
from trainer_tui.tui.cockpit import Cockpit
from trainer_tui.tui.log.keys import LOG_KEYS
from trainer_tui.tui.screens.place import PlaceScreen
from trainer_tui.tui.widgets.log_desk import LogDeskView


class LogScreen(PlaceScreen):
    """Reads the log of one run at a time; nothing is read while another place is in front."""

    CSS_PATH = "../log.tcss"

    AUTO_FOCUS = "LogPage"

    HELP = (
        "It reads the file and changes nothing. Lines are shown without control sequences; colours are kept."
    )

    KEYS = LOG_KEYS

    def __init__(self, cockpit: Cockpit) -> None:
        super().__init__(cockpit, "log-place")
        self.desk = LogDeskView()
        self._wanted: RunFolder | None = None

    def compose(self) -> ComposeResult:
        yield self.state_line
        yield self.desk
        yield Footer(compact=True, show_command_palette=False)

    @property
    def actor(self) -> Widget:
        """The desk: it stands in an app of its own too, so it has its keys itself."""
        return self.desk

    def open(self, run: RunFolder | None) -> None:
        """Read the log of this run."""
        self._wanted = run
        # Not the coroutine itself: one that is replaced before it began would be complained of.
        work: Any = self._open
        self.run_worker(work, group="log", exclusive=True, exit_on_error=False)

    async def _open(self) -> None:
        run = self._wanted
        if run is None:
            self.desk.open(None)
            return
        path: Path = await asyncio.to_thread(run.log)
        self.desk.open(path, run.events, f"Log of {clean(run.name, 80)}")

    def on_screen_suspend(self) -> None:
        self.desk.sleep(True)

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self.desk.sleep(False)

    @on(LogDeskView.Left)
    def _left(self) -> None:
        self.app.action_go("watch")
