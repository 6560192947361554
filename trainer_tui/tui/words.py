"""Small texts for the screens: sizes, spans of time, bars. Pure functions, free of any terminal library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from trainer_tui.runs.clock import parse_utc

_BLOCKS = "▁▂▃▄▅▆▇█"


def percent_text(value: float, width: int = 3) -> str:
    """` 71 %`; `–` when unknown."""
    return f"{value:{width}.0f} %" if math.isfinite(value) else f"{'–':>{width}}  "


def about_text(seconds: float) -> str:
    """A span that is only an estimate: `3 h 10 min`, `25 min`, `40 s`."""
    if not math.isfinite(seconds):
        return "–"
    if seconds < 60:
        return f"{max(0, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02d} min" if hours < 48 else f"{round(hours / 24)} days"


def elapsed_text(seconds: float | None) -> str:
    """`1:42:10`, `2:11`, `0:08`; `–:––` when unknown."""
    if seconds is None or not math.isfinite(seconds):
        return "–:––"
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def local_time(stamp: str, now: datetime) -> str:
    """A stamp in local time: `13:58` today, `Jan 24 13:58` on another day."""
    moment = parse_utc(stamp)
    if moment is None:
        return "--:--"
    local, today = moment.astimezone(now.tzinfo), now
    return local.strftime("%H:%M" if local.date() == today.date() else "%b %d %H:%M")


def number_text(value: float) -> str:
    """`1080` or `0.25`: whole numbers without a fraction."""
    return f"{value:.0f}" if value == int(value) else f"{value:g}"


def sparkline(values: Sequence[float], width: int, top: float) -> str:
    """The last `width` values as blocks between 0 and `top`; what is unknown stays blank."""
    if top <= 0 or width <= 0:
        return ""
    shown = values[-width:]
    cells = [
        _BLOCKS[round(7 * max(0.0, min(1.0, value / top)))] if math.isfinite(value) else " "
        for value in shown
    ]
    return "".join(cells).rjust(width)


def bar(fraction: float, width: int) -> tuple[str, str]:
    """A progress bar as its done and its open part."""
    if width <= 0:
        return "", ""
    done = min(width, int(max(0.0, min(1.0, fraction)) * width))
    rest = width - done
    return "━" * done, ("╺" + "━" * (rest - 1)) if rest else ""
