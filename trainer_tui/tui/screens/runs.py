"""The Runs screen: every run of every model, found, compared, labelled, deleted, opened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Footer, Input, Static

from trainer_tui.runs.catalog.labels import read_labels
from trainer_tui.runs.catalog.shortlist import next_order
from trainer_tui.runs.catalog.summary import RunSummary
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.text import clean
from trainer_tui.tui.cockpit import Cockpit
from trainer_tui.tui.keys import bindings
from trainer_tui.tui.pictures import Beat
from trainer_tui.tui.places import PLACES
from trainer_tui.tui.runs.errands import Outcome, delete_runs, restore_last, set_note, set_tags
from trainer_tui.tui.runs.keys import RUNS_KEYS
from trainer_tui.tui.runs.reader import RunsPicture, RunsReader, RunsWish
from trainer_tui.tui.runs.rows import details
from trainer_tui.tui.runs.texts import names_text, summary_line, why_empty
from trainer_tui.tui.screens.place import PlaceScreen
from trainer_tui.tui.styles import lines, styled
from trainer_tui.tui.widgets.runs_table import RunsHeader, RunsTable


class RunsScreen(PlaceScreen):
    """A list of thousands, read by a thread of its own."""

    AUTO_FOCUS = "RunsTable"
    CSS_PATH = "../runs.tcss"

    KEYS = RUNS_KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS, "runs")

    HELP = (
        "A filter is words, all of which a run must have; model: phase: status: reason: tag: note: look in "
        "one place, and a minus in front leaves out. status:living, status:failed and status:passed work too."
    )

    class Drawn(Message):
        """The thread has a picture to take."""

    def __init__(self, cockpit: Cockpit) -> None:
        super().__init__(cockpit, "runs")
        self._wish = RunsWish()
        self._reader = RunsReader(
            cockpit.model.path.parent, cockpit.model.logs.parent, partial(self.post_message, self.Drawn())
        )
        self._table, self._header = RunsTable(), RunsHeader()
        self._bar = Static("", id="runs-bar", markup=False)
        self._filter = Input(
            placeholder="words, model: phase: status: tag: note:", id="runs-filter", compact=True
        )
        self._details = Static("", id="runs-details", markup=False)

    def compose(self) -> ComposeResult:
        yield self.state_line
        yield self._bar
        yield self._filter
        yield self._header
        yield self._table
        yield self._details
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self._reader.start()

    def on_unmount(self) -> None:
        self._reader.close()

    def on_screen_suspend(self) -> None:
        self._reader.rest(True)

    def on_screen_resume(self) -> None:
        self._reader.rest(False)
        super().on_screen_resume()

    # ------------------------------------------------------------------ what comes in

    def show(self, beat: Beat) -> None:
        """The line on top tells of the run that is watched."""
        if beat.run is not None:
            self.state_line.show(beat.run)

    @on(Drawn)
    def _take(self) -> None:
        picture = self._reader.take()
        if picture is None or not self.is_mounted:
            return
        self._table.waiting = why_empty(picture)
        self._header.show(picture.wish.order)
        self._table.show(picture)
        self._say(picture)

    def _say(self, picture: RunsPicture) -> None:
        pieces = summary_line(picture, len(self._table.marked))
        self._bar.update(styled(pieces))

    @on(RunsTable.Moved)
    def _moved(self) -> None:
        run = self._table.current
        now = datetime.now().astimezone()
        self._details.update(lines(details(run, now)) if run is not None else "")

    @on(RunsTable.Scrolled)
    def _scrolled(self) -> None:
        self._reader.see(self._table.in_sight)

    # ------------------------------------------------------------------ filter and order

    def action_filter(self) -> None:
        """Type words that runs must have."""
        self.add_class("-filtering")
        self._filter.focus()

    @on(Input.Changed, "#runs-filter")
    def _typed(self, event: Input.Changed) -> None:
        self._ask(words=event.value)

    @on(Input.Submitted, "#runs-filter")
    def _filtered(self) -> None:
        self.set_class(bool(self._filter.value.strip()), "-filtering")
        self._table.focus()

    def _ask(self, **changes: object) -> None:
        self._wish = replace(self._wish, **changes)  # type: ignore[arg-type]
        self._reader.wish(self._wish)

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._ask(order=next_order(self._wish.order))

    def action_turn(self) -> None:
        """Sort the other way round."""
        self._ask(order=next_order(self._wish.order, self._wish.order.column))

    @on(RunsHeader.Chosen)
    def _sort_by(self, event: RunsHeader.Chosen) -> None:
        self._ask(order=next_order(self._wish.order, event.column))

    # ------------------------------------------------------------------ going somewhere

    def action_back(self) -> None:
        """Out of the filter, then no marks, then to the run that is watched."""
        if self.has_class("-filtering"):
            self._filter.value = ""
            self.remove_class("-filtering")
            self._table.focus()
        elif self._table.marked:
            self._table.unmark()
            self._say(self._table.picture)
        else:
            self.app.choose(None)
            self.app.action_go("watch")

    @on(RunsTable.Opened)
    def action_open(self) -> None:
        """Show the run under the cursor in the other places."""
        run = self._table.current
        folder = self._reader.folder(run.key) if run is not None else None
        if run is None or folder is None:
            return
        watched = self.app.picture.state if self.app.picture is not None else None
        if watched is not None and run.key == watched.name:
            self.app.choose(None)
            self.app.action_go("watch")
            return
        self.app.choose(folder)
        failed = run.over and run.tone == "bad"
        there = {place.name for place in PLACES}
        for name in ("log", "curves", "history") if failed else ("curves", "history", "log"):
            if name in there:
                self.app.action_go(name)
                return

    # ------------------------------------------------------------------ marks and comparing

    def action_mark(self) -> None:
        """Mark the run under the cursor, and go on to the next one."""
        run = self._table.current
        if run is not None:
            self._table.mark(run.key)
            self._table.action_move(1)
            self._say(self._table.picture)

    def action_compare(self) -> None:
        """Hold two runs against each other: the marked ones, or the marked one and this."""
        found = self._marked()
        here = self._table.current
        if len(found) == 1 and here is not None and here.key not in self._table.marked:
            found.append(here)
        folders = [folder for run in found if (folder := self._reader.folder(run.key)) is not None]
        if len(folders) != 2:
            self.notify(
                "mark two runs with space, or one and go to the other", severity="warning", markup=False
            )
            return
        from trainer_tui.tui.screens.compare import CompareScreen

        self.app.push_screen(CompareScreen(*sorted(folders, key=lambda run: (run.model, run.number))))

    def _marked(self) -> list[RunSummary]:
        """The marked runs that are in the list, in its order."""
        picture = self._table.picture
        rows = sorted(picture.at[key] for key in self._table.marked if key in picture.at)
        return [picture.rows[row] for row in rows]

    def _meant(self) -> list[tuple[RunSummary, RunFolder]]:
        """The marked runs, or the one under the cursor."""
        here = self._table.current
        runs = self._marked() or ([here] if here is not None else [])
        return [(run, folder) for run in runs if (folder := self._reader.folder(run.key)) is not None]

    # ------------------------------------------------------------------ errands

    def action_tags(self) -> None:
        """Tag runs."""
        meant = self._meant()
        if not meant:
            return
        from trainer_tui.tui.screens.ask_text import AskText

        common = list(dict.fromkeys(tag for run, _ in meant for tag in run.tags))
        folders = [folder for _, folder in meant]
        text = "Words with blanks between them. A tag that is taken out here is taken away."
        self.app.push_screen(
            AskText(f"Tags of {names_text([run for run, _ in meant])}", text, " ".join(common)),
            lambda typed: None if typed is None else self._do(lambda: set_tags(folders, common, typed)),
        )

    async def action_note(self) -> None:
        """Write a note on the run under the cursor."""
        run = self._table.current
        folder = self._reader.folder(run.key) if run is not None else None
        if run is None or folder is None:
            return
        from trainer_tui.tui.screens.ask_text import AskText

        note = (await asyncio.to_thread(read_labels, folder)).note
        self.app.push_screen(
            AskText(f"Note on {names_text([run])}", "What is to be remembered of this run.", note),
            lambda typed: None if typed is None else self._do(lambda: set_note(folder, typed)),
        )

    def action_delete(self) -> None:
        """Move runs to the trash, after a question."""
        meant = self._meant()
        living = [run for run, _ in meant if run.living]
        if living:
            self.notify(f"{names_text(living)}: it lives", severity="warning", markup=False)
            return
        if not meant:
            return
        from trainer_tui.tui.screens.dialogs import Confirm

        folders = [folder for _, folder in meant]
        text = (
            f"{names_text([run for run, _ in meant])}\n\nFolder and log go to output/.trash; u brings them "
            "back. The number is not used again."
        )
        title = "Delete this run?" if len(folders) == 1 else f"Delete {len(folders)} runs?"

        def answered(yes: bool | None) -> None:
            if yes:
                self._table.unmark()
                self._do(lambda: delete_runs(folders))

        self.app.push_screen(Confirm(title, text, "delete"), answered)

    def action_restore(self) -> None:
        """Bring back the run that was deleted last."""
        output = self.cockpit.model.path.parent
        self._do(lambda: restore_last(output))

    def _do(self, errand: Callable[[], Outcome]) -> None:
        async def job() -> None:
            try:
                outcome = await asyncio.to_thread(errand)
            except Exception as error:  # any reason is told, none closes the screen
                outcome = Outcome(clean(str(error) or type(error).__name__, 300), False)
            self._reader.look_now()
            chosen = self.app.shown_run
            if chosen is not None and chosen.name in outcome.done and not chosen.path.is_dir():
                self.app.choose(None)
            if outcome.sentence:
                severity = "information" if outcome.well else "warning"
                self.notify(clean(outcome.sentence, 400), severity=severity, markup=False)  # type: ignore[arg-type]

        self.run_worker(job(), exit_on_error=False)
