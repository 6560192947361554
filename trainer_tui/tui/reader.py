"""The one thread that reads: it follows the run folder and hands pictures to the screens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from trainer_tui.runs.changes import Changes
from trainer_tui.runs.events import Event, read_events
from trainer_tui.runs.follow import RunFollower, WatchFollower
from trainer_tui.runs.memory import EVERY_S, give_back_memory
from trainer_tui.runs.text import clean
from trainer_tui.supervise.revival import Revival
from trainer_tui.tui.cockpit import Cockpit
from trainer_tui.tui.gauges import disk_is_full, gauges_of
from trainer_tui.tui.pictures import KEEP_LINES, Beat, LogPicture, Notice, PlotPicture, RunPicture, merged
from trainer_tui.tui.signals import signals_of

STREAM_S = 0.2
"""Between two looks at log, history and events while things move."""

GAUGE_S = 1.0
RUNS_S = 0.5
PLOT_S = 1.0
"""Between two plots of a growing history; a wish is granted at once."""

PLOT_SHARE = 0.05
"""Of the time, at most, goes into thinning out long histories."""

FIRST_GIVE_BACK_S = 5.0
"""Starting up leaves holes in memory behind; not before the first frames."""

STALE_AFTER_S = 10.0
"""Without a sample for so long while the process lives, the machine is not seen."""


@dataclass(frozen=True, slots=True)
class PlotWish:
    """What the plot pane wants to show."""

    choice: int = 0
    columns: int = 0
    """Terminal columns it has; 0: it cannot show anything yet."""
    log_scale: bool | None = None
    """None: as it suits the values."""


class Reader(threading.Thread):
    """Follows the newest watch of a model.

    `announce` is called, in this thread, when there is something to `take`; not again before it was taken.
    """

    def __init__(self, cockpit: Cockpit, announce: Callable[[], object]) -> None:
        super().__init__(name="reader", daemon=True)
        self._follower = WatchFollower(cockpit.model, log_lines=KEEP_LINES)
        self._announce = announce
        self._revival = Revival(cockpit.revive)
        self._changes = Changes([cockpit.model.path], ignore=("telemetry.csv",), busy_poll_s=STREAM_S)
        self._model_path = cockpit.model.path
        self._closing = threading.Event()
        self._box_lock = threading.Lock()
        self._box: Beat | None = None
        self._wish = PlotWish()
        self._drawn_wish: PlotWish | None = None
        self._run: RunPicture | None = None
        self._plot_due = False
        self._plot_at = 0.0
        self._gauges_at = 0.0
        self._sample_at = 0.0
        self._runs_at = 0.0
        self._give_back_at = time.monotonic() + FIRST_GIVE_BACK_S
        self._disk_free = float("nan")
        self._earlier_events: list[Event] = []
        self._waiting = ""
        self._settled = ("", True)
        self.looked_at = time.monotonic()
        """Monotonic time of the last complete look."""

    # ------------------------------------------------------------------ called by the screens

    def take(self) -> Beat | None:
        """Everything that changed since the last call."""
        with self._box_lock:
            beat, self._box = self._box, None
        return beat

    def wish(self, wish: PlotWish) -> None:
        """Say what to plot; the picture comes with a later beat."""
        if wish != self._wish:
            self._wish = wish
            self._changes.wake()

    def close(self) -> None:
        """End the thread soon."""
        self._closing.set()
        self._changes.wake()

    # ------------------------------------------------------------------ the thread

    def run(self) -> None:
        """Look, hand over, wait for the next change."""
        trouble = ""
        while not self._closing.is_set():
            try:
                changed = self._look()
                trouble = ""
            except Exception as error:  # whatever is in the files, the screens stay and say so
                changed = False
                now = clean(f"{type(error).__name__}: {error}", 200)
                if now != trouble:
                    trouble = now
                    self._put(Beat(notices=(Notice(f"cannot read the run: {now}", "error"),)))
            self._changes.wait(changed)
        self._changes.close()
        if self._follower.current is not None:
            self._follower.current.close()

    def _put(self, beat: Beat) -> None:
        if beat.empty:
            return
        with self._box_lock:
            announced = self._box is not None
            self._box = merged(self._box, beat)
        if not announced:
            self._announce()

    def _look(self) -> bool:
        """One look at everything that is due; True when something besides the machine's state changed."""
        now = time.monotonic()
        moved = False
        if now - self._runs_at >= RUNS_S:
            self._runs_at = now
            moved = self._follower.poll_runs()
        run = self._follower.current
        if run is None:
            self._say_waiting()
            self.looked_at = time.monotonic()
            return False
        if moved:
            self._begin(run)
        events = run.poll_state()
        log = run.poll_log()
        rows = run.poll_history()
        beat = Beat(
            log=self._log_picture(run, log is not None and log.skipped, moved) if log or moved else None,
            plot=self._plot_picture(run, rows, moved),
            signals=signals_of([*self._earlier_events, *run.events]) if events or moved else None,
            no_gauges=moved,
        )
        if log is not None and not moved:
            beat = replace(beat, log=LogPicture(log.lines, log.partial, bool(log.change), log.skipped))
        if now >= self._give_back_at:
            self._give_back_at = now + EVERY_S
            give_back_memory()
        if now - self._gauges_at >= GAUGE_S:
            self._gauges_at = now
            if run.poll_telemetry():
                self._sample_at = now
                self._disk_free = run.telemetry.value("disk_free")
                beat = replace(beat, gauges=gauges_of(run.telemetry))
        changed = bool(events or log or rows or moved)
        picture = self._run_picture(run, now)
        if picture != self._run:
            self._run = picture
            beat = replace(beat, run=picture)
        self._put(beat)
        self.looked_at = time.monotonic()
        return changed

    def _begin(self, run: RunFollower) -> None:
        """Forget the run before and follow another one."""
        self._changes.follow(dict.fromkeys((self._model_path, run.run.path, run.run.log().parent)))
        self._run, self._drawn_wish = None, None
        self._gauges_at, self._sample_at = 0.0, time.monotonic()
        self._disk_free = float("nan")
        watch = run.state.watch
        self._earlier_events = [
            event
            for folder in self._follower.model.watch_runs(watch)
            if folder.number < run.run.number
            for event in read_events(folder.events)
        ]

    def _say_waiting(self) -> None:
        waiting = f"waits for the first run of {clean(self._model_path.name, 60)}"
        if waiting != self._waiting:
            self._waiting = waiting
            self._put(Beat(waiting=waiting))

    def _log_picture(self, run: RunFollower, skipped: bool, fresh: bool) -> LogPicture:
        return LogPicture(tuple(run.log.lines), run.log.partial, fresh, skipped)

    def _plot_picture(self, run: RunFollower, rows: int, moved: bool) -> PlotPicture | None:
        wish, now = self._wish, time.monotonic()
        self._plot_due = self._plot_due or bool(rows) or moved
        wished = wish != self._drawn_wish
        if not wish.columns or not (wished or (self._plot_due and now >= self._plot_at)):
            return None
        from trainer_tui.tui.curves import plot_of  # numpy: not before the first frame

        self._drawn_wish, self._plot_due = wish, False
        main = run.request.plan.main_metric if run.request else ""
        picture = plot_of(run.history, main, wish.choice, wish.columns, wish.log_scale)
        self._plot_at = now + max(PLOT_S, (time.monotonic() - now) / PLOT_SHARE)
        return picture

    def _is_watched(self, run: RunFollower) -> bool:
        """Whether a supervisor does what is left to do, if anything is."""
        state = run.state
        if state.supervised:
            return True
        if not state.over:
            return False
        if self._settled[0] != state.name:
            from trainer_tui.supervise.start import (
                is_unfinished,  # rarely needed, and not before the first frame
            )

            self._settled = (state.name, not is_unfinished(self._follower.model))
        return self._settled[1]

    def _run_picture(self, run: RunFollower, now: float) -> RunPicture:
        state = run.state
        blind = list(state.blind)
        blind += run.problems.items()
        if state.alive and now - self._sample_at > STALE_AFTER_S:
            blind.append(("machine", f"no sample for {now - self._sample_at:.0f} s"))
        if revival := self._revival.look(self._is_watched(run), now):
            blind.append(("supervisor", revival))
        return RunPicture(
            state=replace(state, duration_s=None, blind=()),
            earlier=tuple(self._follower.earlier),
            plan=run.request.plan if run.request else None,
            progress=run.progress,
            blind=_one_each(blind),
            alerts=("disk full: nothing more can be written where the run lies",)
            if disk_is_full(self._disk_free)
            else (),
            elapsed_s=state.duration_s,
            seen_at=now,
        )


def _one_each(blind: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The last reason of each source, clean."""
    return tuple((clean(source, 40), clean(why, 300)) for source, why in dict(blind).items())
