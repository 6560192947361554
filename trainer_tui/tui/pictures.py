"""What the reader hands to the screens: immutable, already cleaned and thinned out; the latest one wins."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from trainer_tui.runs.follow import Progress
from trainer_tui.runs.plan import WatchPlan
from trainer_tui.runs.state import RunState
from trainer_tui.runs.telemetry import Gpu

Tone = Literal["plain", "dim", "good", "warning", "bad", "blind"]
"""What a text means; the style sheet decides how it looks, a sign says the same without colour."""

KEEP_LINES = 5000
"""Log lines that are kept for scrolling back."""


@dataclass(frozen=True, slots=True)
class RunPicture:
    """The watch at one moment."""

    state: RunState
    """With `duration_s` taken out: it changes always; see `elapsed_s`."""
    earlier: tuple[RunState, ...] = ()
    plan: WatchPlan | None = None
    progress: Progress | None = None
    blind: tuple[tuple[str, str], ...] = ()
    """(source, why) of everything that cannot be seen, by the supervisor or from here."""
    alerts: tuple[str, ...] = ()
    """What else needs a line of its own, e.g. a full disk."""
    elapsed_s: float | None = field(default=None, compare=False)
    seen_at: float = field(default=0.0, compare=False)
    """Monotonic time at which `elapsed_s` was true."""


@dataclass(frozen=True, slots=True)
class LogPicture:
    """Log lines to add."""

    lines: tuple[str, ...] = ()
    partial: str = ""
    fresh: bool = False
    """Whether everything shown before is to be forgotten (another run, a truncated log)."""
    skipped: bool = False
    """Whether lines of a burst were left out before these."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a plot, in pieces: where it has gaps, or is dashed."""

    label: str
    pieces: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]
    """(x values, y values) of each piece."""
    last: float | None
    """The newest finite value."""
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class PlotPicture:
    """What to plot: one group of metrics."""

    title: str = ""
    curves: tuple[Curve, ...] = ()
    step: str = "epoch"
    log_scale: bool = False
    index: int = 0
    groups: int = 0
    bad_at: float | None = None
    """Where a value was first not finite."""
    off_at: float | None = None
    """Where a value was first too large for any axis that shows the others."""
    waiting: str = ""
    """Why there is nothing to plot."""


@dataclass(frozen=True, slots=True)
class GaugePicture:
    """The newest sample and its recent past. Bytes, percent, degrees, watts; NaN where unknown."""

    cpu: float
    cores: float
    cpu_series: tuple[float, ...]
    job_cores: float
    ram_used: float
    ram_total: float
    ram_series: tuple[float, ...]
    job_rss: float
    job_growth: float | None
    """Bytes a minute over the last minutes; None when too little is known."""
    job_processes: float
    disk_free: float
    disk_total: float
    gpus: tuple[Gpu, ...] = ()


@dataclass(frozen=True, slots=True)
class Signal:
    """One line of what happened."""

    time: str
    """UTC stamp."""
    sign: str
    tone: Tone
    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell once."""

    text: str
    severity: Literal["information", "warning", "error"] = "information"


@dataclass(frozen=True, slots=True)
class Beat:
    """What changed since the last beat; None: nothing of this kind."""

    run: RunPicture | None = None
    log: LogPicture | None = None
    plot: PlotPicture | None = None
    gauges: GaugePicture | None = None
    no_gauges: bool = False
    """The gauges of an earlier run are to be forgotten."""
    signals: tuple[Signal, ...] | None = None
    notices: tuple[Notice, ...] = ()
    waiting: str = ""
    """Why there is no run to show."""

    @property
    def empty(self) -> bool:
        """Whether nothing changed."""
        return self == _NOTHING


_NOTHING = Beat()


def merged(old: Beat | None, new: Beat) -> Beat:
    """Two beats as one: of pictures the newer one, of log lines and notices both."""
    if old is None:
        return new
    return Beat(
        run=new.run or old.run,
        log=_merged_log(old.log, new.log),
        plot=new.plot or old.plot,
        gauges=new.gauges or (None if new.no_gauges else old.gauges),
        no_gauges=old.no_gauges or new.no_gauges,
        signals=old.signals if new.signals is None else new.signals,
        notices=(*old.notices, *new.notices)[-20:],
        waiting=new.waiting or old.waiting,
    )


def _merged_log(old: LogPicture | None, new: LogPicture | None) -> LogPicture | None:
    if old is None or new is None or new.fresh:
        return new or old
    lines = (*old.lines, *new.lines)
    cut = len(lines) > KEEP_LINES
    return replace(new, lines=lines[-KEEP_LINES:], fresh=old.fresh, skipped=old.skipped or new.skipped or cut)
