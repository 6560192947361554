"""The lines on top: state, phase chain, alerts. They draw themselves anew only when their text changes."""

from __future__ import annotations

import time
from datetime import datetime

from rich.cells import cell_len
from textual.widget import Widget

from trainer_tui.tui.headlines import Piece, alert_lines, chain_line, state_line
from trainer_tui.tui.pictures import RunPicture
from trainer_tui.tui.styles import lines, styled


class _Line(Widget):
    """A widget whose text is made from a picture and its own width."""

    ALLOW_SELECT = True

    picture: RunPicture | None = None
    _shown: object = None

    def pieces(self) -> list[Piece]:
        """What to show now."""
        raise NotImplementedError

    def show(self, picture: RunPicture | None) -> None:
        """Show another picture."""
        self.picture = picture
        self.tick()

    def tick(self) -> None:
        """Draw again if the text is another one by now."""
        if self.is_mounted and self.pieces() != self._shown:
            self.refresh()

    def render(self) -> object:  # type: ignore[override]
        pieces = self.pieces()
        self._shown = pieces
        return styled(pieces)


class StateLine(_Line):
    """Model, run, phase, status, time; clock and host."""

    def __init__(self, project: str, model: str) -> None:
        super().__init__(id="state-line")
        self._project, self._model = project, model
        self.waiting = ""

    def pieces(self) -> list[Piece]:
        """The line for this second."""
        now = datetime.now().astimezone()
        return state_line(
            self.picture, self._project, self._model, self.waiting, now, time.monotonic(), self.size.width
        )


class PhaseChain(_Line):
    """quick → gate → full, with the progress of the present phase."""

    def __init__(self) -> None:
        super().__init__(id="chain")

    def pieces(self) -> list[Piece]:
        """The chain at this width."""
        return chain_line(self.picture, time.monotonic(), self.size.width)


class Alerts(Widget):
    """Failure, full disk, blindness: one line each, nothing when all is well."""

    def __init__(self) -> None:
        super().__init__(id="alerts")
        self.rows: list[list[Piece]] = []
        self.display = False

    def show(self, picture: RunPicture | None, stalled_s: float | None) -> None:
        """Show what is wrong now."""
        rows = alert_lines(picture, stalled_s)
        if rows == self.rows:
            return
        layout = len(rows) != len(self.rows) or self._wraps(rows) or self._wraps(self.rows)
        self.rows = rows
        self.display = bool(rows)
        self.refresh(layout=layout)

    def _wraps(self, rows: list[list[Piece]]) -> bool:
        return any(sum(cell_len(text) for text, _ in row) > self.size.width for row in rows)

    def render(self) -> object:  # type: ignore[override]
        return lines(self.rows)
