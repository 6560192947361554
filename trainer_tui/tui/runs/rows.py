"""One run in a row of the Runs screen: which columns fit, and what stands in them. Pure functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len, set_cell_size

from trainer_tui.runs.catalog.shortlist import Order
from trainer_tui.runs.catalog.sparkline import narrowed
from trainer_tui.runs.catalog.summary import RunSummary
from trainer_tui.runs.clock import parse_utc
from trainer_tui.runs.plan import PHASE_NAMES
from trainer_tui.runs.units import bytes_text
from trainer_tui.tui.headlines import Piece, end_sign
from trainer_tui.tui.words import elapsed_text, number_text

MARKS = 3
"""Cells in front of a row: the cursor, and whether the run is marked."""

_TIGHT = 100
"""Below so many cells, columns stand one cell apart instead of two."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the list."""

    name: str
    """Also what it sorts by."""
    label: str
    width: int
    """Cells at least; 0: what the others leave."""
    right: bool = False
    wide: int = 0
    """Cells where there is plenty of room."""


_RUN = Column("run", "run", 18, wide=24)
_STATE = Column("state", "state", 15, wide=17)
_STARTED = Column("started", "started", 12)
_TOOK = Column("took", "took", 8, right=True)
_MEMORY = Column("memory", "memory", 8, right=True)
_BEST = Column("best", "best", 9, right=True)
_CURVE = Column("curve", "curve", 9, wide=20)
_STEPS = Column("steps", "steps", 11, right=True)
_ABOUT = Column("tags", "tags, note, why", 0)

_LAYOUTS: tuple[tuple[int, tuple[Column, ...]], ...] = (
    (128, (_RUN, _STATE, _STARTED, _TOOK, _STEPS, _MEMORY, _BEST, _CURVE, _ABOUT)),
    (104, (_RUN, _STATE, _STARTED, _TOOK, _MEMORY, _BEST, _CURVE, _ABOUT)),
    (90, (_RUN, _STATE, _STARTED, _TOOK, _MEMORY, _BEST, _CURVE)),
    (78, (_RUN, _STATE, _STARTED, _TOOK, _BEST, _CURVE)),
    (56, (_RUN, _STATE, _TOOK, _BEST)),
    (0, (_RUN, _STATE)),
)
"""From how many cells on, which columns."""


@dataclass(frozen=True, slots=True)
class Place:
    """A column and where it stands."""

    column: Column
    start: int
    width: int


def layout(width: int) -> tuple[Place, ...]:
    """The columns for a list of this width, in cells."""
    columns = next(found for least, found in _LAYOUTS if width >= least)
    gap = 1 if width < _TIGHT else 2
    roomy = width >= 128
    widths = [column.wide if roomy and column.wide else column.width for column in columns]
    spare = width - MARKS - sum(widths) - gap * (len(columns) - 1)
    if columns[-1] is _ABOUT:
        widths[-1] = max(0, spare)
    else:
        widths[0] += max(0, spare)  # the name is what is cut first
    places, at = [], MARKS
    for column, cells in zip(columns, widths, strict=True):
        places.append(Place(column, at, cells))
        at += cells + gap
    return tuple(places)


def column_at(places: tuple[Place, ...], x: int) -> str | None:
    """The name of the column at a cell; what lies between two belongs to the one before."""
    found = [place for place in places if place.start <= x]
    return found[-1].column.name if found else None


def header(places: tuple[Place, ...], order: Order) -> list[Piece]:
    """The line above the list; an arrow says what it is sorted by."""
    pieces: list[Piece] = [(" " * MARKS, "dim")]
    for place in places:
        column = place.column
        arrow = ("▼" if order.descending else "▲") if column.name == order.column else ""
        label = f"{column.label} {arrow}" if arrow else column.label
        pieces.append((_fitted(label, place.width, column.right), "plain" if arrow else "dim"))
        pieces.append((" " * _gap_after(places, place), "plain"))
    return pieces


def cells(
    run: RunSummary, places: tuple[Place, ...], now: datetime, marked: bool, cursor: bool
) -> list[Piece]:
    """One row, as wide as the list."""
    pieces: list[Piece] = [("▸" if cursor else " ", "plain"), ("◆ " if marked else "  ", "warning")]
    for place in places:
        for text, tone in _fitted_pieces(_CELLS[place.column.name](run, place.width, now), place):
            pieces.append((text, tone))
        pieces.append((" " * _gap_after(places, place), "plain"))
    return pieces


def state_piece(run: RunSummary) -> Piece:
    """Sign and word; what cannot be seen, or is suspected, is never green."""
    if not run.status:
        return "· …", "dim"
    if run.over:
        sign, tone = end_sign(run.reason)
        return f"{sign} {run.reason}", tone
    if run.blind:
        return f"◌ {run.status}", "blind"
    if run.suspected:
        return f"▲ {run.status}", "warning"
    return _LIVING.get(run.status, (f"· {run.status}", "dim"))


def run_text(run: RunSummary, width: int = 200) -> str:
    """`model_3 #7 full`; of a long name the end goes, never the number."""
    tail = f" #{run.number} {run.phase}"
    room = width - cell_len(tail)
    name = run.model if cell_len(run.model) <= room else _cut(run.model, max(1, room))
    return name + tail


def when_text(stamp: str, now: datetime) -> str:
    """`13:58` today, `Jan 24 13:58` this year, `2025-01-24` before."""
    moment = parse_utc(stamp)
    if moment is None:
        return "–"
    try:
        local = moment.astimezone(now.tzinfo)
    except (OverflowError, ValueError):
        return "–"
    if local.date() == now.date():
        return local.strftime("%H:%M")
    return local.strftime("%b %d %H:%M" if local.year == now.year else "%Y-%m-%d")


def value_text(value: float | None) -> str:
    """A metric in few cells."""
    return "–" if value is None else f"{value:.4g}"


def details(run: RunSummary, now: datetime) -> list[list[Piece]]:
    """What is known of one run, the most important first; a line each."""
    title = f"{run.model} #{run.number} {PHASE_NAMES.get(run.phase, run.phase)}"
    facts = [f"attempt {run.attempt}"] if run.attempt > 1 else []
    facts += [f"started {when_text(run.started or run.created, now)}", f"took {_took(run)}"]
    facts += [f"peak {_memory(run)}"] if run.peak_bytes is not None else []
    lines: list[list[Piece]] = [[state_piece(run), (f"  {title}  ", "plain"), (", ".join(facts), "dim")]]
    why = run.blind or (f"suspected: {run.suspected}" if run.suspected else run.sentence)
    lines.append([(why, "plain") if why else ("nothing is suspected", "dim")])
    lines.append(_metric_line(run))
    labels: list[Piece] = [(" ".join(f"#{tag}" for tag in run.tags), "warning")] if run.tags else []
    labels += [((" " if labels else "") + run.note, "plain")] if run.note else []
    lines.append(labels or [("t tags it, n writes a note on it", "dim")])
    origin = (run.command, run.host and f"on {run.host}", run.commit and f"commit {run.commit[:10]}")
    lines.append([("  ".join(part for part in origin if part), "dim")])
    return lines


def _metric_line(run: RunSummary) -> list[Piece]:
    if run.best is None and not run.spark:
        return [("no metrics", "dim")]
    best = f"{run.metric} best {value_text(run.best)}"
    if run.best_at is not None:
        best += f" at {number_text(run.best_at)}"
    return [
        (f"{best}, last {value_text(run.last)}  ", "plain"),
        (run.spark, "plain"),
        (f"  {_steps(run)}", "dim"),
    ]


# ------------------------------------------------------------------ the cells


def _steps(run: RunSummary) -> str:
    if run.steps is None:
        return ""
    return number_text(run.steps) + (f"/{number_text(run.total)}" if run.total else "")


def _took(run: RunSummary) -> str:
    return "–" if run.duration_s is None else elapsed_text(run.duration_s)


def _memory(run: RunSummary) -> str:
    return "–" if run.peak_bytes is None else bytes_text(run.peak_bytes)


def _about(run: RunSummary, width: int, now: datetime) -> list[Piece]:
    pieces: list[Piece] = [(" ".join(f"#{tag}" for tag in run.tags) + "  ", "warning")] if run.tags else []
    pieces += [(f"{run.note}  ", "plain")] if run.note else []
    why = run.blind or (f"suspected: {run.suspected}" if run.suspected else "")
    return [*pieces, (why or ("" if run.reason == "passed" else run.sentence), "dim")]


_LIVING: dict[str, Piece] = {
    "running": ("● running", "good"),
    "starting": ("◌ starting", "plain"),
    "paused": ("‖ paused", "warning"),
    "stopping": ("■ stopping", "warning"),
    "finishing": ("◍ being judged", "warning"),
    "incomplete": ("· incomplete", "dim"),
}

_CELLS: dict[str, Callable[[RunSummary, int, datetime], list[Piece]]] = {
    "run": lambda run, width, now: [(run_text(run, width), "plain")],
    "state": lambda run, width, now: [state_piece(run)],
    "started": lambda run, width, now: [(when_text(run.started or run.created, now), "dim")],
    "took": lambda run, width, now: [(_took(run), "plain")],
    "memory": lambda run, width, now: [(_memory(run), "plain")],
    "best": lambda run, width, now: [(value_text(run.best), "plain")],
    "curve": lambda run, width, now: [(narrowed(run.spark, width), "dim")],
    "steps": lambda run, width, now: [(_steps(run), "dim")],
    "tags": _about,
}


def _gap_after(places: tuple[Place, ...], place: Place) -> int:
    following = next((other for other in places if other.start > place.start), None)
    return 0 if following is None else following.start - place.start - place.width


def _fitted_pieces(pieces: list[Piece], place: Place) -> list[Piece]:
    """The pieces in exactly the cells of their column."""
    found: list[Piece] = []
    room = place.width
    for text, tone in pieces:
        shown = text if cell_len(text) <= room else _cut(text, room)
        found.append((shown, tone))
        room -= cell_len(shown)
        if room <= 0:
            break
    blank: Piece = (" " * max(0, room), "plain")
    return [blank, *found] if place.column.right else [*found, blank]


def _fitted(text: str, width: int, right: bool) -> str:
    if cell_len(text) > width:
        return _cut(text, width)
    return text.rjust(width) if right else text.ljust(width)


def _cut(text: str, width: int) -> str:
    return set_cell_size(text, width - 1) + "…" if width > 0 else ""
