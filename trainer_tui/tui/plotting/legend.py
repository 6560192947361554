"""What the Curves screen says about its curves: the legend, and the line below it."""

from __future__ import annotations

import math

from rich.cells import cell_len
from textual.content import Content

from trainer_tui.tui.pictures import Tone
from trainer_tui.tui.plotting.frame import span_text
from trainer_tui.tui.plotting.marks import Mark
from trainer_tui.tui.plotting.picture import CurvesPicture, Drawn
from trainer_tui.tui.plotting.raster import DASH_SIGNS
from trainer_tui.tui.styles import styled

_BETWEEN = 3


def legend(picture: CurvesPicture, cross: int | None, colours: list[str], width: int, lines: int) -> Content:
    """Letter, dash, name and value of each curve, packed into few lines; at the crosshair where it stands."""
    rows: list[list[Content]] = [[]]
    used = 0
    for number, drawn in enumerate(picture.curves):
        item = _item(picture, drawn, cross, colours[drawn.number % len(colours)])
        size = cell_len(item.plain)
        if rows[-1] and used + _BETWEEN + size > width:
            if len(rows) == lines:
                rows[-1].append(Content.styled(f"+{len(picture.curves) - number} more", "$text-muted"))
                break
            rows.append([])
            used = 0
        used += size + (_BETWEEN if rows[-1] else 0)
        rows[-1].append(item)
    gap = Content(" " * _BETWEEN)
    return Content("\n").join([gap.join(row) for row in rows])


def _item(picture: CurvesPicture, drawn: Drawn, cross: int | None, colour: str) -> Content:
    sign = DASH_SIGNS[drawn.number % len(DASH_SIGNS)]
    head = f"{drawn.letter} {sign} " if len(picture.curves) > 1 else f"{sign} "
    name = f"{drawn.run} {drawn.label}" if drawn.run else drawn.label
    parts: list[str | tuple[str, str]] = [(head, colour), (name, "")]
    if drawn.missing:
        return Content.assemble(*parts, (f" – {drawn.missing}", "$text-muted"))
    value = drawn.last
    raw = math.nan
    if cross is not None and cross < len(drawn.y):
        value = drawn.y[cross] if math.isfinite(drawn.y[cross]) else None
        raw = drawn.raw[cross] if picture.wish.smooth > 0 else math.nan
    parts.append((" –" if value is None else f" {value:.4g}", "bold"))
    if math.isfinite(raw):
        parts.append((f" ({raw:.4g})", "$text-muted"))
    if drawn.bad_from is not None:
        parts.append((f" ✘ not finite from {_x_text(picture, drawn.bad_from)}", "$text-error bold"))
    return Content.assemble(*parts)


def reading(picture: CurvesPicture, cross: int | None, mark: Mark | None) -> Content:
    """Where the crosshair stands and what happened there; without one, what is not drawn."""
    pieces: list[tuple[str, Tone]] = []
    if cross is not None and cross < len(picture.at):
        xs = [d.x[cross] for d in picture.curves if cross < len(d.x) and math.isfinite(d.x[cross])]
        x = xs[0] if xs else picture.at[cross]
        pieces.append((f"{picture.x_name} {_x_text(picture, x)}", "plain"))
    if mark is not None:
        pieces += [("  ", "plain"), (f"{mark.sign} {mark.text}", mark.tone)]
    if not pieces:
        pieces = [(" · ".join(picture.hints), "dim")]
        if picture.marks and not picture.hints:
            count = len(picture.marks)
            pieces = [(f"{count} mark{'s' if count > 1 else ''}: n goes to the next", "dim")]
    return styled(pieces)


def _x_text(picture: CurvesPicture, x: float) -> str:
    if picture.axis == "time":
        return span_text(x)
    return f"{x:,.10g}" if abs(x) < 1e9 else f"{x:.6g}"


def title(picture: CurvesPicture) -> str:
    """What stands in the frame of the plot."""
    parts = ["Curves"]
    if picture.log:
        parts.append("log scale")
    if picture.wish.smooth > 0:
        parts.append(f"smoothed {picture.wish.smooth:g}")
    view = picture.wish.view
    if any(edge is not None for edge in (view.left, view.right, view.bottom, view.top)):
        parts.append("zoomed, 0 shows all")
    return " ─ ".join(parts)


def subtitle(picture: CurvesPicture) -> str:
    """Below the frame: how much there is."""
    rows = f"{picture.rows:,} row{'' if picture.rows == 1 else 's'}"
    if picture.problems:
        more = "+" if picture.problems >= 100 else ""
        rows += f" ─ ▲ {picture.problems}{more} place{'' if picture.problems == 1 else 's'} could not be read"
    return rows
