"""The thread behind the Machine screen: it reads the samples of one run and draws their charts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trainer_tui.runs.events import EventReader
from trainer_tui.runs.layout import RunFolder
from trainer_tui.runs.process import life_of
from trainer_tui.runs.state import RunState, first_state, fold
from trainer_tui.runs.telemetry import TelemetryReader
from trainer_tui.runs.text import clean
from trainer_tui.runs.units import bytes_text
from trainer_tui.tui.bench import Bench
from trainer_tui.tui.machine.charts import DrawnChart, charts_of, draw, span_words, window_of
from trainer_tui.tui.machine.outlook import outlook_of, outlook_words
from trainer_tui.tui.pictures import Tone

LOOK_S = 1.0
STALE_S = 10.0
"""A living run without a sample for so long is not seen."""

_CHART_ROWS = 4000
_OUTLOOK_ROWS = 11_000
_OUTLOOK_S = 10.0
"""A slope is worked out anew so often."""

_SOURCES = ("machine", "gpu")

Says = tuple[tuple[str, Tone], ...]


@dataclass(frozen=True, slots=True)
class MachineWish:
    """What to draw, and in how many cells each chart."""

    run: RunFolder
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class MachinePicture:
    """The last hour of one run."""

    wish: MachineWish
    charts: tuple[DrawnChart, ...] = ()
    says: tuple[Says, ...] = ()
    """Lines about blindness, memory and limits."""
    span: str = ""
    over: bool = False
    limit: float = 0.0
    """Bytes of memory that the job may use."""
    waiting: str = ""


class MachineBench(Bench[MachineWish, MachinePicture]):
    """Follows the samples and the events of one run."""

    def __init__(self, announce: Callable[[], object]) -> None:
        super().__init__("machine", announce, LOOK_S)
        self._run: RunFolder | None = None
        self._samples: TelemetryReader | None = None
        self._events: EventReader | None = None
        self._state: RunState | None = None
        self._sample_at = 0.0
        self._address_space: int | None = None
        self._outlook_at = -_OUTLOOK_S
        self._outlook_says: tuple[Says, ...] = ()

    def cannot(self, wish: MachineWish, why: str) -> MachinePicture:
        """Blind."""
        return MachinePicture(wish, waiting=f"◌ blind: its samples cannot be read: {why}")

    def look(self, wish: MachineWish) -> None:
        """Read what is new and draw it."""
        self.hand_over(self._drawn(wish))

    def let_go(self) -> None:
        """Close the samples."""
        if self._samples is not None:
            self._samples.close()

    def _open(self, run: RunFolder) -> None:
        self.let_go()
        request = run.request()
        self._run, self._events = run, EventReader(run.events)
        self._samples = TelemetryReader(run.telemetry, keep=_OUTLOOK_ROWS)
        self._state = first_state(run, request)
        self._address_space = request.memory_limit_bytes if request is not None else None
        self._sample_at, self._outlook_at = time.monotonic(), -_OUTLOOK_S

    def _drawn(self, wish: MachineWish) -> MachinePicture:
        if wish.run != self._run:
            self._open(wish.run)
        samples, events, state = self._samples, self._events, self._state
        assert samples is not None and events is not None and state is not None
        for event in events.poll():
            state = fold(state, event)
        self._state = state
        now = time.monotonic()
        if samples.poll():
            self._sample_at = now
        alive = not state.over and life_of(wish.run) in ("running", "left-behind", "elsewhere", "unseen")
        blind = self._blind(state, now) if alive else ()
        if not samples.rows:
            waiting = "waits for the first sample" if alive else "no sample of the machine was taken"
            return MachinePicture(wish, says=blind, over=not alive, waiting=waiting)
        gpus = len(samples.gpus())
        x = np.asarray(samples.series("elapsed_s", _CHART_ROWS), dtype=np.float64)
        window = window_of(x[np.isfinite(x)], wish.width)
        charts = charts_of(lambda name: samples.series(name, _CHART_ROWS), gpus)
        drawn = tuple(draw(chart, x, window, wish.width, wish.height) for chart in charts)
        if now - self._outlook_at >= _OUTLOOK_S:
            self._outlook_at = now
            self._outlook_says = (self._outlook(samples), self._limits(samples, gpus))
        says = (*blind, *self._outlook_says)
        limit = samples.value("ram_total")
        return MachinePicture(wish, drawn, says, span_words(*window, not alive), not alive, limit)

    def _blind(self, state: RunState, now: float) -> tuple[Says, ...]:
        """One line for everything about the machine that nobody sees."""
        known = {source: why for source, why in state.blind if source in _SOURCES}
        if now - self._sample_at > STALE_S:
            known.setdefault("machine", f"no sample for {now - self._sample_at:.0f} s")
        return tuple(((f"◌ blind ({s}): {clean(why, 200)}", "blind"),) for s, why in known.items())

    def _outlook(self, samples: TelemetryReader) -> Says:
        total = samples.value("ram_total")
        free = total - samples.value("ram_used")
        elapsed, rss = samples.series("elapsed_s", _OUTLOOK_ROWS), samples.series("job_rss", _OUTLOOK_ROWS)
        return tuple(outlook_words(outlook_of(elapsed, rss, free), total))

    def _limits(self, samples: TelemetryReader, gpus: int) -> Says:
        said: list[tuple[str, Tone]] = [
            ("limit ", "plain"),
            (bytes_text(samples.value("ram_total")), "plain"),
        ]
        if self._address_space:
            said.append((f", address space {bytes_text(self._address_space)} a process", "dim"))
        peak = samples.peak("job_rss")
        if peak is not None:
            said.append((f"  most of the job {bytes_text(peak)}", "dim"))
        if not gpus:
            said.append(("  no GPU", "dim"))
        return tuple(said)
