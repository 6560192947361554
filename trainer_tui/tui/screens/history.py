"""The History screen: every row that the run wrote, sorted, flagged, copied, exported."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Footer, Static

from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.text import clean
from trainer_tui.tui.cockpit import Cockpit
from trainer_tui.tui.history_keys import HISTORY_KEYS
from trainer_tui.tui.keys import bindings
from trainer_tui.tui.pictures import Tone
from trainer_tui.tui.screens.history_dialogs import Export, Jump
from trainer_tui.tui.screens.place import PlaceScreen
from trainer_tui.tui.styles import styled
from trainer_tui.tui.tables.bench import TableBench, TablePicture, TableWish
from trainer_tui.tui.tables.goto import row_for
from trainer_tui.tui.widgets.history_table import HistoryTable


class HistoryScreen(PlaceScreen):
    """The table of one run."""

    AUTO_FOCUS = "HistoryTable"
    CSS_PATH = "../history.tcss"

    KEYS = HISTORY_KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS, "history")

    HELP = (
        "✘ marks what is not finite and where an error stands, ▲ a warning, ★ the best of the main metric. "
        "A click on a column's name sorts by it."
    )

    class Made(Message):
        """The thread has a table to take."""

    def __init__(self, cockpit: Cockpit) -> None:
        super().__init__(cockpit, "history")
        self._wish: TableWish | None = None
        self._bench = TableBench(partial(self.post_message, self.Made()))
        self._table = HistoryTable()
        self._says = Static("", id="history-says", markup=False)
        self._waits = Static("waits for the first run", classes="waits", id="history-waits", markup=False)

    def compose(self) -> ComposeResult:
        yield self.state_line
        with Vertical(id="history-pane", classes="pane") as pane:
            pane.border_title = "History"
            yield self._waits
            yield self._table
            yield self._says
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self._table.display = False
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
        """Show another run."""
        if run is None or (self._wish is not None and self._wish.run == run):
            return
        self._wish = TableWish(run)
        self._table.place, self._table.following = 0, not self._over
        self._bench.wish(self._wish)

    @property
    def _over(self) -> bool:
        picture = self.app.picture
        return picture is None or picture.state.over

    @on(Made)
    def _take(self) -> None:
        picture = self._bench.take()
        if picture is None or self._wish is None or picture.wish.run != self._wish.run:
            return
        self._waits.display, self._table.display = bool(picture.waiting), not picture.waiting
        self._waits.update(Content(picture.waiting))
        if not picture.waiting:
            self._table.show(picture)
            if not self.focused:
                self._table.focus()
        self._tell()

    @property
    def _picture(self) -> TablePicture | None:
        return self._table.picture if self._table.display else None

    @on(HistoryTable.Moved)
    def _tell(self) -> None:
        """The texts around the table."""
        pane, picture = self.query_one("#history-pane"), self._picture
        title = "History"
        if self._wish is not None:
            title += f" ─ #{self._wish.run.number} {self._wish.run.phase}"
        if picture is not None and picture.wish.sort is not None:
            way = "falling" if picture.wish.falling else "rising"
            title += f" ─ sorted by {clean(picture.wish.sort, 30)}, {way}"
        elif self._table.following:
            title += " ─ following"
        pane.border_title = Content(title)
        if picture is None:
            self._says.update(Content(""), layout=False)
            pane.border_subtitle = Content("")
            return
        rows = f"{picture.rows:,} row{'' if picture.rows == 1 else 's'}"
        problems = picture.page.problems
        if problems:
            rows += f" ─ ▲ {problems}{'+' if problems >= 100 else ''} could not be read as they stand"
        if picture.stops:
            rows += f" ─ {len(picture.stops):,} flagged, n goes to the next"
        pane.border_subtitle = Content(f"{picture.hint} {rows}".strip())
        self._says.update(styled(self._cell_words(picture)), layout=False)

    def _cell_words(self, picture: TablePicture) -> list[tuple[str, Tone]]:
        row, name = self._table.row_at_cursor, self._table.name_at_cursor
        if row is None or name is None:
            return []
        value = picture.page.history.columns[name][row]
        empty = value != value and picture.page.blanks[name][row]
        words: list[tuple[str, Tone]] = [
            (f"row {row + 1:,}  {clean(name, 40)} ", "dim"),
            ("empty" if empty else _exactly(value), "plain"),
        ]
        if picture.best == (row, name):
            words.append(("  ★ the best so far", "good"))
        elif value - value != 0 and not empty:
            words.append(("  ✘ not finite", "bad"))
        for where in (name, None):
            flag = picture.flags.get((row, where))
            if flag is not None:
                words.append((f"  {flag.sign} {flag.text}", flag.tone))
        return words

    # ------------------------------------------------------------------ keys

    def action_sort(self) -> None:
        """Sort by the column under the cursor: rising, falling, not at all."""
        if (name := self._table.name_at_cursor) is not None:
            self._sort(name)

    @on(HistoryTable.HeadClicked)
    def _head_clicked(self, event: HistoryTable.HeadClicked) -> None:
        self._table.column = event.column
        self.action_sort()

    def _sort(self, name: str) -> None:
        wish = self._wish
        if wish is None:
            return
        if wish.sort != name:
            wish = replace(wish, sort=name, falling=False)
        elif not wish.falling:
            wish = replace(wish, falling=True)
        else:
            wish = replace(wish, sort=None, falling=False)
        self._wish = wish
        self._table.following = False
        self._table.go(0)
        self._bench.wish(wish)

    def action_jump(self) -> None:
        """Ask for a row or an epoch and go there."""
        picture = self._picture
        if picture is None:
            return
        history = picture.page.history
        self.app.push_screen(Jump(history.step_column, partial(row_for, history)), self._jumped)

    def _jumped(self, row: str | None) -> None:
        picture = self._picture
        if row is not None and picture is not None:
            self._table.following = False
            self._table.go(picture.place_of(int(row)))

    def action_flag(self, move: int) -> None:
        """Go to the next flagged cell, in the order of the file."""
        picture = self._picture
        if picture is None:
            return
        if not picture.stops:
            self.notify("no cell of this history is flagged", markup=False)
            return
        names = list(picture.page.history.columns)
        here = (self._table.row_at_cursor or 0, self._table.name_at_cursor or "")
        keys = [(row, name if name is not None else names[0]) for row, name in picture.stops]
        after = [key for key in keys if (key > here if move > 0 else key < here)]
        row, name = (after or keys)[0 if move > 0 else -1]
        self._table.following = False
        self._table.go(picture.place_of(row), names.index(name))

    def action_best(self) -> None:
        """Go to the best value of the main metric."""
        picture = self._picture
        if picture is None or picture.best is None:
            self.notify(
                "the main metric (trainer.toml: main_metric) is no column of this history", markup=False
            )
            return
        row, name = picture.best
        self._table.following = False
        self._table.go(picture.place_of(row), list(picture.page.history.columns).index(name))

    def action_follow(self) -> None:
        """Go to the newest row and stay there."""
        self.action_edge(True)

    def action_edge(self, end: bool) -> None:
        """Go to the last row, and follow it; or to the first one."""
        picture = self._picture
        if picture is None:
            return
        self._table.following = end and picture.order is None
        self._table.go(picture.rows - 1 if end else 0)

    def action_copy(self, whole: bool) -> None:
        """Copy the cell, or the row as CSV."""
        picture, row, name = self._picture, self._table.row_at_cursor, self._table.name_at_cursor
        if picture is None or row is None or name is None:
            return
        values = picture.page.history.row(row)
        text = ",".join("" if v != v else f"{v!r}" for v in values.values()) if whole else f"{values[name]!r}"
        self.app.copy_to_clipboard(text)
        self.notify(f"copied: {clean(text, 60)}", markup=False)

    def action_export(self) -> None:
        """Ask for a file and write the history into it."""
        picture = self._picture
        if picture is None:
            self.notify("there is no history to write yet", markup=False)
            return
        run = picture.wish.run
        path = Path.cwd() / f"{run.model}-{run.path.name}-history.csv"
        self.app.push_screen(Export(picture.page.history, path), self._exported)

    def _exported(self, told: str | None) -> None:
        if told is not None:
            self.notify(told, title="History", markup=False, timeout=10)


def _exactly(value: float) -> str:
    """All digits of a value."""
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value!r}"
