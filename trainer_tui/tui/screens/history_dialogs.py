"""What the History screen asks: where to go, and where to write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from trainer_tui.runs.files import replace_atomic
from trainer_tui.runs.history import History
from trainer_tui.runs.history_export import FORMATS, in_format
from trainer_tui.runs.text import clean


class _Ask(ModalScreen[str | None]):
    """One line of input."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Cancel", id="ask.leave")]

    def __init__(self, title: str, text: str, value: str = "") -> None:
        super().__init__()
        self._title, self._text, self._value = title, text, value

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._title)
            yield Static(Content(self._text))
            yield Input(self._value, id="answer", compact=True)
            yield Static("", id="complaint", markup=False)

    def complain(self, text: str) -> None:
        """Say why the answer is none, and stay."""
        self.query_one("#complaint", Static).update(Content(text))

    def action_leave(self) -> None:
        """Close without an answer."""
        self.dismiss(None)


class Jump(_Ask):
    """Where to go; `find` gives the 0-based row for a text, or says why there is none."""

    def __init__(self, step: str | None, find: Callable[[str], int | str]) -> None:
        what = f"a number goes to that {clean(step, 30)}" if step else "a number goes to that row"
        super().__init__("Go to", f"{what}, #12 to row 12, 50% to the middle")
        self._find = find

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        found = self._find(event.value.strip())
        if isinstance(found, str):
            self.complain(found)
        else:
            self.dismiss(str(found))


class Export(_Ask):
    """Which file to write; it is closed with the sentence that says what was written."""

    def __init__(self, table: History, path: Path) -> None:
        rows = f"{table.rows:,} row{'' if table.rows == 1 else 's'}"
        text = f"{rows}, in the order of the file; the ending says how: {', '.join(f'.{f}' for f in FORMATS)}"
        super().__init__("Write the history", text, str(path))
        self._table = table
        self._agreed: Path | None = None
        self._writing = False

    @on(Input.Submitted)
    async def _submitted(self, event: Input.Submitted) -> None:
        path = Path(event.value.strip()).expanduser()
        form = path.suffix.removeprefix(".").lower()
        if self._writing:
            return
        if form not in FORMATS:
            self.complain(f"the name has to end in {', '.join(f'.{f}' for f in FORMATS)}")
            return
        self._writing = True
        try:
            if path != self._agreed and await asyncio.to_thread(path.exists):
                self._agreed = path
                self.complain(
                    "this file is there already: enter once more replaces it, nothing brings it back"
                )
                return
            self.complain("writing …")
            await asyncio.to_thread(_write, self._table, form, path)
        except ImportError:
            self.complain("Parquet needs the package pyarrow: pip install 'trainer-tui[parquet]'")
        except OSError as error:
            self.complain(f"cannot write it: {error.strerror or error}")
        else:
            self.dismiss(f"written: {clean(str(path), 200)}, {self._table.rows:,} rows")
        finally:
            self._writing = False


def _write(table: History, form: str, path: Path) -> None:
    """Write the file whole or not at all. Raises OSError and ImportError."""
    replace_atomic(path, in_format(table, form))
