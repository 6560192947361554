"""The Trials screen: what a training tried, from which data, and how good the result is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Footer, Static

from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.text import clean
from trainer_tui.tui.cockpit import Cockpit
from trainer_tui.tui.keys import bindings
from trainer_tui.tui.screens.dialogs import Reading
from trainer_tui.tui.screens.place import PlaceScreen
from trainer_tui.tui.styles import lines, styled
from trainer_tui.tui.trials.bench import KINDS, TrialsBench, TrialsPicture, TrialsWish
from trainer_tui.tui.trials.data_words import check_entries, column_entries
from trainer_tui.tui.trials.evaluation_pictures import count_of
from trainer_tui.tui.trials.evaluation_words import evaluation_entries
from trainer_tui.tui.trials.keys import ONLY, PAGES, TRIALS_KEYS
from trainer_tui.tui.trials.rows import SORTS, Sort
from trainer_tui.tui.trials.trial_words import params_json, trial_lines
from trainer_tui.tui.widgets.page_tabs import PageTabs
from trainer_tui.tui.widgets.panel_row import PanelRow
from trainer_tui.tui.widgets.picked_lines import PickedLines
from trainer_tui.tui.widgets.trials_table import TrialsTable


class TrialsScreen(PlaceScreen):
    """One training in three pages."""

    AUTO_FOCUS = ""
    CSS_PATH = "../trials.tcss"

    KEYS = TRIALS_KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS, "trials")

    HELP = (
        "★ marks the best trial. A click on a column sorts, a click on the chosen row opens it. "
        "✔ a check that found nothing, ▲ one that warns, ✘ one that blocks the training."
    )

    class Made(Message):
        """The thread has a picture to take."""

    def __init__(self, cockpit: Cockpit) -> None:
        super().__init__(cockpit, "trials-place")
        self._wish: TrialsWish | None = None
        self._picture: TrialsPicture | None = None
        self._bench = TrialsBench(partial(self.post_message, self.Made()))
        self._tabs = PageTabs(PAGES)
        self._head = Static("", id="trials-head", markup=False)
        self._table = TrialsTable()
        self._search = PanelRow("trials-panels", 50, KINDS)
        self._columns, self._checks = PickedLines("data-columns"), PickedLines("data-checks")
        self._text = PickedLines("evaluation-text")
        self._curves = PanelRow("evaluation-panels", 36, 3)
        self._waits = Static("waits for the first run", classes="waits", id="trials-waits", markup=False)
        self._page = "trials"
        self._side = self._checks

    def compose(self) -> ComposeResult:
        yield self.state_line
        yield self._tabs
        yield self._waits
        with Vertical(id="trials-page"):
            yield self._head
            with Vertical(id="trials-list", classes="pane"):
                yield self._table
            yield self._search
        with Container(id="data-page"):
            for identity, title, view in (
                ("checks-side", "Quality, split, leakage", self._checks),
                ("columns-side", "Columns", self._columns),
            ):
                with Vertical(id=identity, classes="pane data-side") as pane:
                    pane.border_title = title
                    yield view
        with Vertical(id="evaluation-page"):
            with Vertical(id="evaluation-pane", classes="pane") as pane:
                pane.border_title = "Result"
                yield self._text
            yield self._curves
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self._arrange()
        self._bench.start()

    def on_unmount(self) -> None:
        self._bench.close()

    def on_screen_suspend(self) -> None:
        self._bench.rest(True)

    def on_screen_resume(self) -> None:
        self._bench.rest(False)
        super().on_screen_resume()

    # ------------------------------------------------------------------ content

    def open(self, run: RunFolder | None) -> None:
        """Show another run; page and order stay."""
        if run is None or (self._wish is not None and self._wish.run == run):
            return
        before = self._wish or TrialsWish(run)
        self._table.place = 0
        self.ask(replace(before, run=run, algorithm="", parameter="", part="", label=""))

    def ask(self, wish: TrialsWish) -> None:
        """Hand another wish to the thread."""
        self._wish = replace(wish, page=self._page, cells=self._cells())
        self._bench.wish(self._wish)

    def _cells(self) -> tuple[tuple[int, int], ...]:
        row = {"trials": self._search, "evaluation": self._curves}.get(self._page)
        return row.cells if row is not None else ()

    @on(PanelRow.Resized)
    def _resized(self) -> None:
        if self._wish is not None:
            self.ask(self._wish)

    @on(Made)
    def _take(self) -> None:
        picture = self._bench.take()
        if picture is None or self._wish is None or picture.wish.run != self._wish.run:
            return
        waited = self._picture is None or bool(self._picture.waiting)
        self._picture = picture
        if waited != bool(picture.waiting) or waited:
            self._arrange()
        if picture.waiting:
            self._waits.update(Content(picture.waiting))
            return
        self._show(picture)

    def _show(self, picture: TrialsPicture) -> None:
        """Hand the picture to what is in front; what is behind gets it when it comes to the front."""
        self._tabs.note(f"◌ blind: {picture.blind}" if picture.blind else "")
        if self._page == "trials":
            self._head.update(styled(picture.head), layout=False)
            self._table.show(picture)
        elif self._page == "data":
            data, split = picture.data, picture.split
            self._columns.show(data, lambda width: column_entries(data))
            self._checks.show((data, split), lambda width: check_entries(data, split))
        else:
            sheet, part = picture.evaluation, picture.part
            if self._curves.most != (most := count_of(sheet)):
                self._curves.most = most
                self.ask(picture.wish)
            self._text.show((sheet, part), lambda width: evaluation_entries(sheet, part, width))
        if picture.wish.page == self._page:
            (self._search if self._page == "trials" else self._curves).show(picture.panels)

    def _arrange(self) -> None:
        """Bring the page to the front, or the sentence why there is none."""
        waiting = self._picture is None or bool(self._picture.waiting)
        self._waits.display, self._tabs.display = waiting, not waiting
        for name, _ in PAGES:
            self.query_one(f"#{name}-page").display = not waiting and name == self._page
        self._tabs.show(self._page)
        for view in (self._columns, self._checks):
            chosen = view is self._side
            view.choose(chosen)
            if view.parent is not None:
                view.parent.set_class(chosen, "-chosen")

    # ------------------------------------------------------------------ keys

    def renamed(self) -> Mapping[str, str]:
        """On the evaluation the same keys choose part and class."""
        if self._page == "evaluation":
            return {"algorithm": "Part", "parameter": "Class"}
        return {}

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ONLY and self._page not in ONLY[action]:
            return False
        if action == "parameter" and self._page == "evaluation":
            return self._picture is not None and len(self._picture.labels) > 1
        return super().check_action(action, parameters)

    def action_pane(self, step: int) -> None:
        """Go to the next page, or the one before."""
        names = [name for name, _ in PAGES]
        self.go_page(names[(names.index(self._page) + step) % len(names)])

    @on(PageTabs.Chosen)
    def _tab_clicked(self, event: PageTabs.Chosen) -> None:
        self.go_page(event.name)

    def go_page(self, name: str) -> None:
        """Bring a page to the front."""
        self._page = name
        self._arrange()
        self.refresh_bindings()
        if self._picture is not None and not self._picture.waiting:
            self._show(self._picture)
        if self._wish is not None:
            self.ask(replace(self._wish, first=0))

    def action_sort(self) -> None:
        """Sort by the next column."""
        if self._wish is not None:
            self._sort(SORTS[(SORTS.index(self._wish.sort) + 1) % len(SORTS)])

    def action_turn(self) -> None:
        """The other way round."""
        if self._wish is not None:
            self.ask(replace(self._wish, turned=not self._wish.turned))

    @on(TrialsTable.HeadClicked)
    def _head_clicked(self, event: TrialsTable.HeadClicked) -> None:
        if self._wish is not None and self._wish.sort == event.sort:
            self.action_turn()
        else:
            self._sort(event.sort)

    def _sort(self, sort: Sort) -> None:
        if self._wish is not None:
            self._table.go(0)
            self.ask(replace(self._wish, sort=sort, turned=False))

    def action_best(self) -> None:
        """Go to the best trial."""
        best = self._picture.best if self._picture is not None else None
        place = self._table.place_of(best.number) if best is not None else None
        if place is None:
            self.notify("no trial is the best yet", markup=False)
        else:
            self._table.go(place)

    def action_picture(self) -> None:
        """Show the next picture first."""
        if self._wish is None or self._picture is None:
            return
        count = KINDS if self._page == "trials" else count_of(self._picture.evaluation)
        self.ask(replace(self._wish, first=(self._wish.first + 1) % (count * (KINDS - 1))))

    def action_algorithm(self) -> None:
        """Draw the next algorithm; on the evaluation the next part."""
        picture, wish = self._picture, self._wish
        if picture is None or wish is None:
            return
        if self._page == "evaluation":
            parts = tuple(picture.evaluation.parts) if picture.evaluation is not None else ()
            self.ask(replace(wish, part=_after(picture.part, parts)))
        else:
            self.ask(replace(wish, algorithm=_after(picture.algorithm, picture.algorithms), parameter=""))

    def action_parameter(self) -> None:
        """Draw the next parameter; on the evaluation the next class."""
        picture, wish = self._picture, self._wish
        if picture is None or wish is None:
            return
        if self._page == "evaluation":
            label = wish.label if wish.label in picture.labels else "".join(picture.labels[:1])
            self.ask(replace(wish, label=_after(label, picture.labels)))
        else:
            self.ask(replace(wish, parameter=_after(picture.parameter, picture.parameters)))

    @on(TrialsTable.Opened)
    @on(PickedLines.Opened)
    def action_open(self) -> None:
        """Show what is under the cursor in full."""
        picture = self._picture
        if picture is None or picture.waiting:
            return
        if self._page == "trials":
            trial = self._table.current
            if trial is not None:
                told = lines(trial_lines(trial, picture.trials))
                self.app.push_screen(Reading(f"Trial {trial.number}", told))
            return
        entry = self._side.current
        if entry is not None:
            self.app.push_screen(Reading(clean(entry.title, 60), lines(entry.opens)))

    def action_copy(self) -> None:
        """Copy the parameters of the trial."""
        trial = self._table.current
        if trial is not None:
            text = params_json(trial)
            self.app.copy_to_clipboard(text)
            self.notify(f"copied: {clean(text, 60)}", markup=False)

    def action_side(self, step: int) -> None:
        """To the other list."""
        self._side = self._checks if step < 0 else self._columns
        self._arrange()

    @property
    def _list(self) -> TrialsTable | PickedLines:
        if self._page == "trials":
            return self._table
        return self._side if self._page == "data" else self._text

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        self._list.go_by(rows)

    def action_leaf(self, pages: int) -> None:
        """Move by pages."""
        view = self._list
        if isinstance(view, PickedLines):
            view.page(pages)
        else:
            view.go_by(pages * view.leaf)

    def action_edge(self, end: bool) -> None:
        """To the first row or the last."""
        self._list.edge(end)


def _after(name: str, names: tuple[str, ...]) -> str:
    return names[(names.index(name) + 1) % len(names)] if name in names else "".join(names[:1])
