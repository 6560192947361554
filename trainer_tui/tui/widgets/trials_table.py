"""The trials row by row: only what is in sight is written, however many there are."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from trainer_tui.runs.trainings.trials import Trial
from trainer_tui.tui.trials.bench import TrialsPicture
from trainer_tui.tui.trials.rows import COLUMNS, SIGNS, SORT_OF, Sort, cells

_RIGHT = ("trial", "value", "took")
"""Columns whose texts stand to the right."""

_NATURALLY_FALLING = ("number", "seconds")


class TrialsTable(ScrollView, can_focus=False):
    """A table with a cursor on one trial, which it keeps when the order changes."""

    COMPONENT_CLASSES = {
        "trials--base",
        "trials--head",
        "trials--dim",
        "trials--good",
        "trials--bad",
        "trials--best",
        "trials--cursor",
    }

    class HeadClicked(Message):
        """A column's name was clicked."""

        def __init__(self, sort: Sort) -> None:
            super().__init__()
            self.sort = sort

    class Opened(Message):
        """The trial under the cursor is to be shown in full."""

    def __init__(self) -> None:
        super().__init__(id="trials-table")
        self.picture: TrialsPicture | None = None
        self.place = 0
        """The row of the cursor."""
        self._best = -1
        self._styles: dict[str, Style] = {}

    # ------------------------------------------------------------------ content

    def show(self, picture: TrialsPicture) -> None:
        """Show another picture. The cursor stays with its trial; on the first row it stays there."""
        before, current = self.picture, self.current
        self.picture = picture
        if before is not None and before.rows is picture.rows:
            return
        self._best = picture.best.number if picture.best is not None else -1
        self.place = min(self.place, max(0, len(picture.rows) - 1))
        if current is not None and self.place > 0:
            self.place = self.place_of(current.number) or 0
        size = Size(self.size.width, len(picture.rows) + 1)
        if size != self.virtual_size:
            # Assigned the usual way it would lay out the whole screen anew with each trial.
            self.set_reactive(ScrollView.virtual_size, size)
            self._scroll_update(size)
        self.refresh()

    @property
    def current(self) -> Trial | None:
        """The trial under the cursor."""
        rows = self.picture.rows if self.picture is not None else ()
        return rows[self.place] if self.place < len(rows) else None

    def place_of(self, number: int) -> int | None:
        """The row of a trial."""
        rows = self.picture.rows if self.picture is not None else ()
        return next((place for place, trial in enumerate(rows) if trial.number == number), None)

    def go(self, place: int) -> None:
        """Put the cursor on a row and bring it into sight."""
        rows = self.picture.rows if self.picture is not None else ()
        self.place = max(0, min(place, len(rows) - 1))
        top, height = self.scroll_offset.y, max(1, self.size.height - 1)
        if not top <= self.place < top + height:
            want = self.place if self.place < top else self.place - height + 1
            self.scroll_to(y=max(0, want), animate=False, immediate=True, force=True)
        self.refresh()

    def go_by(self, rows: int) -> None:
        """Move the cursor."""
        self.go(self.place + rows)

    @property
    def leaf(self) -> int:
        """Rows of a page."""
        return max(1, self.size.height - 2)

    def edge(self, end: bool) -> None:
        """To the first row or the last."""
        self.go(len(self.picture.rows) - 1 if end and self.picture is not None else 0)

    def on_resize(self) -> None:
        if self.picture is not None:
            self.virtual_size = Size(self.size.width, len(self.picture.rows) + 1)

    def on_click(self, event: events.Click) -> None:
        if event.y > 0:
            place = self.scroll_offset.y + event.y - 1
            if self.picture is None or place >= len(self.picture.rows):
                return
            if place == self.place:
                self.post_message(self.Opened())
            self.go(place)
            return
        at = 0
        for name, width in self._columns():
            at += width
            if event.x < at:
                self.post_message(self.HeadClicked(SORT_OF[name]))
                return

    # ------------------------------------------------------------------ drawing

    def _columns(self) -> list[tuple[str, int]]:
        """The columns that have room; a narrow screen does without the time."""
        narrow = self.size.width < 90
        names = self.picture.algorithms if self.picture is not None else ()
        wide = min(16 if narrow else 26, max([len(name) for name in names], default=9) + 4)
        return [
            (name, max(wide, 13) if name == "algorithm" else width)
            for name, width in COLUMNS
            if not (narrow and name == "took")
        ]

    def render_line(self, y: int) -> Strip:
        width, base, picture = self.size.width, self._style("base"), self.picture
        if picture is None:
            return Strip.blank(width, base)
        if y == 0:
            return Strip(self._head(picture)).crop_extend(0, width, self._style("head"))
        place = self.scroll_offset.y + y - 1
        if place >= len(picture.rows):
            return Strip.blank(width, base)
        strip = Strip(self._row(picture.rows[place])).crop_extend(0, width, base)
        if place == self.place:
            # In one style: what is dim would be a blot in the reversed row.
            return Strip([Segment(strip.text, base + self._style("cursor"))], width)
        return strip

    def _head(self, picture: TrialsPicture) -> list[Segment]:
        style, segments = self._style("head"), []
        wish = picture.wish
        falling = wish.sort in _NATURALLY_FALLING
        if wish.sort == "value":
            falling = picture.trials.direction != "minimize"
        arrow = "▼" if falling != wish.turned else "▲"
        for name, width in self._columns():
            mark = arrow if SORT_OF[name] == wish.sort else " "
            text = f"{name:>{width - 1}}{mark}" if name in _RIGHT else f"  {name}{mark}".ljust(width)
            segments.append(Segment(text, style))
        return [*segments, Segment("  parameters", style)]

    def _row(self, trial: Trial) -> list[Segment]:
        base, best = self._style("base"), trial.number == self._best
        line = self._style("best") if best else base
        sign, tone = SIGNS[trial.state]
        texts = dict(zip([name for name, _ in COLUMNS], cells(trial), strict=False))
        segments = []
        for name, width in self._columns():
            text, style = texts[name], line
            if name == "state":
                style = self._style(tone) if tone in ("dim", "good", "bad") else line
                text = f"{sign} {text}".ljust(width)
            elif name == "value":
                text = f"{'★ ' if best else ''}{text}".rjust(width - 1) + " "
                style = self._style("dim") if trial.state == "pruned" else line
            elif name in _RIGHT:
                text = f"{text:>{width - 1}} "
            else:
                text = f"  {_cut(text, width - 3)}".ljust(width)
            segments.append(Segment(text, style))
        room = self.size.width - sum(width for _, width in self._columns()) - 3
        last = _cut(cells(trial)[-1], max(1, room))
        return [*segments, Segment(f"  {last}", self._style("bad") if _is_error(trial) else line)]

    def _style(self, name: str) -> Style:
        if name not in self._styles:
            partial = self.get_component_rich_style(f"trials--{name}", partial=True)
            self._styles[name] = partial if name == "cursor" else self.rich_style + partial
        return self._styles[name]

    def notify_style_update(self) -> None:
        self._styles.clear()
        super().notify_style_update()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _is_error(trial: Trial) -> bool:
    return bool(trial.error) and not trial.params
