"""The dialog that chooses which runs to compare."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from trainer_tui.runs.layout import ModelFolder, RunFolder
from trainer_tui.runs.text import clean
from trainer_tui.tui.widgets.check_list import CheckList

MOST_RUNS = 8
"""Runs that are compared at once."""

_SHOWN = 200
"""Runs that the list shows; the filter finds the others."""


def all_runs(model: ModelFolder) -> list[RunFolder]:
    """Every run of every model of the project, the given model's first, the newest first."""
    output, logs = model.path.parent, model.logs.parent
    try:
        names = sorted(entry.name for entry in os.scandir(output) if entry.is_dir())
    except OSError:
        names = []
    names.sort(key=lambda name: name != model.name)
    return [run for name in names for run in reversed(ModelFolder(output / name, logs / name).runs())]


class _Runs(CheckList):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "screen.done", "Compare", id="runs.done")]


class ChooseRuns(ModalScreen[tuple[RunFolder, ...] | None]):
    """Runs to compare: space chooses, enter draws them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel", id="runs.leave"),
        Binding("down", "focus_list", "To the list", show=False, id="runs.list"),
    ]

    def __init__(self, model: ModelFolder, shown: tuple[RunFolder, ...]) -> None:
        super().__init__()
        self._model = model
        self._chosen: dict[Path, RunFolder] = {run.path: run for run in shown}
        self._runs: list[RunFolder] = []
        self._found: list[RunFolder] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content("Compare runs")
            box.border_subtitle = Content("space chooses ─ enter draws ─ esc cancels")
            yield Input(placeholder="model or number", id="runs-filter", compact=True)
            yield _Runs("runs-list")
            yield Static("looking for runs …", id="runs-note", markup=False)

    async def on_mount(self) -> None:
        self._runs = await asyncio.to_thread(all_runs, self._model)
        self._narrow("")

    def _narrow(self, needle: str) -> None:
        words = needle.lower().split()
        self._found = [run for run in self._runs if all(word in _label(run).lower() for word in words)]
        self._fill()

    def _fill(self) -> None:
        shown = [(str(run.path), _label(run)) for run in self._found[:_SHOWN]]
        self.query_one(_Runs).offer(shown, [str(path) for path in self._chosen])
        found = len(self._found)
        text = f"{len(self._chosen)} chosen, {MOST_RUNS} at most ─ {found:,} found"
        if found > _SHOWN:
            text += f", the first {_SHOWN} are listed"
        self.query_one("#runs-note", Static).update(Content(text))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._narrow(event.value)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_done()

    @on(CheckList.Toggled)
    def _toggled(self, event: CheckList.Toggled) -> None:
        path = Path(event.identity)
        if path in self._chosen:
            del self._chosen[path]
        elif len(self._chosen) < MOST_RUNS:
            self._chosen[path] = RunFolder(path)
        self._fill()

    def action_focus_list(self) -> None:
        """Go on from the filter to the list."""
        self.query_one(_Runs).focus()

    def action_done(self) -> None:
        """Close with the runs that were chosen."""
        self.dismiss(tuple(self._chosen.values()))

    def action_leave(self) -> None:
        """Close without a choice."""
        self.dismiss(None)


def _label(run: RunFolder) -> str:
    return clean(f"{run.model} #{run.number} {run.phase}", 60)
