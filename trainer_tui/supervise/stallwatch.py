"""Watching for silence while a run lives, and taking its stacks when it is too long."""

from __future__ import annotations

import queue
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from trainer_tui.runs.files import read_json
from trainer_tui.runs.incident import Incident
from trainer_tui.supervise.stall import StallWatch, live_stacks, stall_incident

if TYPE_CHECKING:
    from trainer_tui.supervise.supervisor import RunSupervisor


class Stall:
    """Feeds a `StallWatch` from history, progress file and log, and reports each silence once."""

    def __init__(self, supervisor: RunSupervisor) -> None:
        self._s = supervisor
        self._watch = StallWatch(supervisor.plan)
        self._published: tuple[object, object] = (None, None)
        silences = [i for i in supervisor.state.incidents if i.source == "silence"]
        self._count = len(silences)
        # One that an earlier supervisor reported is not reported again.
        self._open = silences[-1] if silences and silences[-1].fate == "suspected" else None
        self._stacks: queue.SimpleQueue[Incident] = queue.SimpleQueue()

    def rows(self, now: float) -> None:
        """New rows came."""
        self._watch.row(now)
        self._went_on()

    def output(self, now: float) -> None:
        """The log grew."""
        self._watch.output(now)

    def look(self, now: float) -> None:
        """Read the script's own progress and promise, and judge the silence."""
        self._read_progress(now)
        process = self._s.process
        if self._s.controls.held or process is None:
            self._watch.hold(now)
            return
        while not self._stacks.empty():
            self._s.found(self._stacks.get_nowait(), now)
        silent = self._watch.overdue(now)
        if silent is not None and self._open is None:
            self._count += 1
            machine = self._s.machine
            cpu = machine.last.job_cpu_percent if machine is not None and machine.last else 0.0
            self._open = stall_incident(
                silent, self._watch.budget(), cpu, self._count, reached=self._reached()
            )
            self._s.found(self._open, now)
            threading.Thread(target=self._take_stacks, args=(self._open, process.pid), daemon=True).start()

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

    def _take_stacks(self, incident: Incident, pid: int) -> None:
        # The supervisor's own thread takes it up in its next look.
        stacks = live_stacks(pid)
        self._stacks.put(replace(incident, excerpt=stacks, facts={**incident.facts, "stacks": stacks}))
