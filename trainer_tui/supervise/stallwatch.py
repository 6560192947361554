"""Watching for silence while a run lives, and finding out what the process does when it is too long."""

from __future__ import annotations

import math
import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainer_tui.runs.files import read_json
from trainer_tui.supervise.doing import Snapshot, Verdict, judge, take
from trainer_tui.supervise.stall import Silence, StallWatch, is_excused, stall_incident

if TYPE_CHECKING:
    from trainer_tui.supervise.supervisor import RunSupervisor

EVIDENCE_WITHIN_S = 20.0
"""A silence is told of after so long even when nobody could find out what the process does."""

BLINK_S = 15.0
"""Between two looks of ours there is a second; whatever was longer, we were not there to see a step."""

AGAIN_FACTOR = 1.5
"""A silence that was explained is looked into again when it is so many times as long."""


@dataclass(frozen=True, slots=True)
class _Look:
    """A look at the process, under way in its thread."""

    silence: Silence
    began: float


class Stall:
    """Feeds a `StallWatch` from history, progress file and log, and reports each silence once.

    What the process does is found out first, in a thread: an incident of silence names it from the start. A
    silence that honest work explains is a notice; should the work end and the silence not, a warning follows.
    """

    def __init__(self, supervisor: RunSupervisor) -> None:
        self._s = supervisor
        self._watch = StallWatch(supervisor.plan)
        self._published: tuple[object, object] = (None, None)
        silences = [i for i in supervisor.state.incidents if i.source == "silence"]
        self._count = len(silences)
        # One that an earlier supervisor reported is not reported again.
        self._open = silences[-1] if silences and silences[-1].fate == "suspected" else None
        self._again_at = 0.0
        """Seconds of silence after which an explained one is looked into again."""
        self._pending: _Look | None = None
        self._looks: queue.SimpleQueue[tuple[_Look, Snapshot | None]] = queue.SimpleQueue()
        self._looked_at: float | None = None

    def rows(self, now: float) -> None:
        """New rows came."""
        self._watch.row(now)
        self._went_on()

    def output(self, now: float) -> None:
        """The log grew."""
        self._watch.output(now)

    def look(self, now: float) -> None:
        """Read the script's own progress and promise, and judge the silence."""
        if self._looked_at is not None and now - self._looked_at > BLINK_S:
            self._watch.unseen(now - self._looked_at)
        self._looked_at = now
        self._read_progress(now)
        process = self._s.process
        if self._s.controls.held or process is None:
            self._watch.hold(now)
            self._pending = None
            return
        silent = self._watch.overdue(now)
        self._take_evidence(silent, now)
        if silent is None or self._pending is not None or not self._is_news(silent):
            return
        budget = self._watch.budget()
        silence = Silence(silent, budget, self._watch.publishes, tuple(self._reached()))
        self._pending = _Look(silence, now)
        arguments = (self._pending, process.pid, self._gpu_percent())
        threading.Thread(target=self._look_closely, args=arguments, name="stacks", daemon=True).start()

    def _is_news(self, silent: float) -> bool:
        """Whether nothing was told of this silence, or what was told may no longer hold."""
        return self._open is None or (self._open.severity == "notice" and silent >= self._again_at)

    def _take_evidence(self, silent: float | None, now: float) -> None:
        """Report what a look found, if the silence lasts; and a silence that cannot be looked into."""
        while not self._looks.empty():
            look, snapshot = self._looks.get_nowait()
            if look is self._pending:
                self._pending = None
                # A process that has ended meanwhile is no hang; the next look sees its end.
                if silent is not None and snapshot is not None and not snapshot.processes[0].is_zombie:
                    self._report(look.silence, snapshot, now)
        look_now = self._pending
        if look_now is not None and silent is None:
            self._pending = None
        elif look_now is not None and now - look_now.began > EVIDENCE_WITHIN_S and self._open is None:
            self._report(look_now.silence, None, now)

    def _report(self, silence: Silence, snapshot: Snapshot | None, now: float) -> None:
        verdict = judge(snapshot) if snapshot is not None else _UNSEEN
        if self._open is not None:
            if is_excused(verdict, silence):
                self._again_at = silence.seconds * AGAIN_FACTOR
                return
            if self._open.severity == "warning":
                self._s.found(stall_incident(self._count, silence, verdict, snapshot, self._cpu()), now)
                return
            self._s.book.decide(self._open.id, "recovered", because="it is no longer at that work")
        self._count += 1
        self._again_at = silence.seconds * AGAIN_FACTOR
        self._open = stall_incident(self._count, silence, verdict, snapshot, self._cpu())
        self._s.found(self._open, now)

    def _read_progress(self, now: float) -> None:
        document = read_json(self._s.run.progress)
        if document is None:
            return
        published = (document.get("done"), document.get("time"))
        if published == self._published:
            return
        further = published[0] != self._published[0]
        self._published = published
        if further:
            self._watch.progress(now)
            self._went_on()
        promise = document.get("expect_s")
        if isinstance(promise, int | float):
            self._watch.promise(now + float(promise))

    def _went_on(self) -> None:
        self._pending = None
        if self._open is None:
            return
        reached, before = self._reached(), self._open.facts.get("reached")
        if self._s.history.behind and before and reached[0] <= before[0] and reached[1] == before[1]:
            return  # an earlier supervisor's rows, read once more
        if reached != before:
            self._s.book.decide(self._open.id, "recovered", because="a new step came")
            self._open = None

    def _reached(self) -> list[Any]:
        """How far the run is: by it a supervisor that takes over knows whether anything came meanwhile."""
        return [self._s.history.history.rows, self._published[0]]

    def _cpu(self) -> float:
        machine = self._s.machine
        return machine.last.job_cpu_percent if machine is not None and machine.last else 0.0

    def _gpu_percent(self) -> tuple[float, ...]:
        machine = self._s.machine
        gpus = machine.last.gpus if machine is not None and machine.last else ()
        return tuple(gpu.util for gpu in gpus if not math.isnan(gpu.util))

    def _look_closely(self, look: _Look, pid: int, gpu_percent: tuple[float, ...]) -> None:
        # The supervisor's own thread takes it up in its next look.
        self._looks.put((look, take(pid, gpu_percent)))


_UNSEEN = Verdict("unclear", "what the process does could not be found out")
